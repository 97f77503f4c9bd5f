"""`python -m notifier.simulator`: one process, three loopback ports, one JSON line when ready."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

from aiohttp import web

from .callbacks import Callbacks, Pace
from .control import Control
from .doors import HOST, Door
from .faults import Faults
from .inbox import Inbox
from .record import Record
from .twilio_api import TwilioApi


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    logging.basicConfig(
        level=logging.WARNING, format="simulator %(levelname)s %(name)s: %(message)s"
    )
    # aiosmtpd reports every dropped connection; dropping them is what this program is for.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    asyncio.run(serve(_arguments()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m notifier.simulator",
        description="Plays Twilio and a mail server on 127.0.0.1. Nothing is ever really sent.",
    )
    parser.add_argument("--account-sid", required=True)
    # Not an option: every user of the machine sees a command line.
    parser.set_defaults(auth_token=os.environ.get("TWILIO_AUTH_TOKEN", ""))
    parser.add_argument("--http-port", type=int, default=0, help="Twilio's API; 0: any free port")
    parser.add_argument("--control-port", type=int, default=0, help="control API and page")
    parser.add_argument("--smtp-port", type=int, default=0)
    parser.add_argument(
        "--answer-delay-ms", type=float, default=0.0, help="time that Twilio takes to answer"
    )
    parser.add_argument("--sent-after-ms", type=float, default=50.0)
    parser.add_argument("--delivered-after-ms", type=float, default=150.0)
    arguments = parser.parse_args()
    if not arguments.auth_token:
        parser.error("set TWILIO_AUTH_TOKEN in the environment")
    return arguments


async def serve(arguments: argparse.Namespace) -> None:
    """Open the doors, say so on stdout, and close everything at the first signal to end."""
    record, faults = Record(), Faults()
    account = (arguments.account_sid, arguments.auth_token)
    pace = Pace(arguments.sent_after_ms / 1000, arguments.delivered_after_ms / 1000)
    async with AsyncExitStack() as at_the_end:
        callbacks = Callbacks(record, faults, *account, pace)
        at_the_end.push_async_callback(callbacks.close)
        twilio = TwilioApi(record, faults, callbacks, *account, arguments.answer_delay_ms / 1000)
        inbox = Inbox(record, faults)
        doors = {
            "down": await _web_door("API Twilio", arguments.http_port, twilio, at_the_end),
            "smtp_down": Door("SMTP", arguments.smtp_port, inbox.protocol, inbox.drop_connections),
        }
        control = Control(record, faults, callbacks, doors)
        front = await _web_door("control", arguments.control_port, control, at_the_end)
        for door in (*doors.values(), front):
            at_the_end.callback(door.release)
            await door.open()
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        print(_ready_line(doors, front), flush=True)
        await ended.wait()


async def _web_door(
    name: str, port: int, served: TwilioApi | Control, at_the_end: AsyncExitStack
) -> Door:
    runner = web.AppRunner(served.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    at_the_end.push_async_callback(runner.cleanup)
    server = runner.server
    if server is None:
        raise RuntimeError("aiohttp made no server")
    return Door(name, port, server, _dropper(server))


def _dropper(server: web.Server) -> Callable[[], None]:
    def drop() -> None:
        for connection in server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    return drop


def _ready_line(doors: dict[str, Door], front: Door) -> str:
    return json.dumps(
        {
            "http": f"http://{HOST}:{doors['down'].port}",
            "control": f"http://{HOST}:{front.port}",
            "smtp": f"smtp://{HOST}:{doors['smtp_down'].port}",
            "pid": os.getpid(),
        }
    )


if __name__ == "__main__":
    main()
