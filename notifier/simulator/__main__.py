"""Run `python -m notifier.simulator`: one process, four loopback ports.

It prints one JSON line when ready.
"""

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

from .callbacks import Callbacks, Timing
from .calls import Calls
from .control import Control
from .faults import Faults
from .inbox import Inbox
from .listeners import HOST, Listener
from .ovh_account import PREFIX
from .ovh_api import OvhApi
from .record import Record
from .telephones import Telephones
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
        description="Plays Twilio, OVHcloud and a mail server on 127.0.0.1. Nothing ever leaves.",
    )
    parser.add_argument("--account-sid", required=True)
    # Not an option: every user of the machine sees a command line.
    parser.set_defaults(auth_token=os.environ.get("TWILIO_AUTH_TOKEN", ""))
    parser.add_argument("--http-port", type=int, default=0, help="Twilio's API; 0: any free port")
    parser.add_argument("--ovh-port", type=int, default=0, help="OVHcloud's API")
    parser.add_argument("--ovh-callback", help="where its account has receipts brought")
    parser.add_argument("--control-port", type=int, default=0, help="control API and page")
    parser.add_argument("--smtp-port", type=int, default=0)
    parser.add_argument(
        "--answer-delay-ms", type=float, default=0.0, help="time that Twilio takes to answer"
    )
    parser.add_argument("--sent-after-ms", type=float, default=50.0)
    parser.add_argument("--delivered-after-ms", type=float, default=150.0)
    parser.add_argument(
        "--rings-for-ms", type=float, default=30_000.0, help="until nobody answers a call"
    )
    parser.add_argument(
        "--inbound-url", default="", help="where texts of the simulated telephones are posted"
    )
    arguments = parser.parse_args()
    if not arguments.auth_token:
        parser.error("set TWILIO_AUTH_TOKEN in the environment")
    return arguments


async def serve(arguments: argparse.Namespace) -> None:
    """Listen, print the ready line, and close everything at the first SIGTERM or SIGINT."""
    record, faults = Record(), Faults()
    account = (arguments.account_sid, arguments.auth_token)
    timing = Timing(arguments.sent_after_ms / 1000, arguments.delivered_after_ms / 1000)
    async with AsyncExitStack() as exit_stack:
        callbacks = Callbacks(record, faults, *account, timing)
        exit_stack.push_async_callback(callbacks.close)
        token, delay_s = arguments.auth_token, arguments.answer_delay_ms / 1000
        calls = Calls(record, faults, callbacks, timing.sent, arguments.rings_for_ms / 1000)
        exit_stack.callback(calls.cancel_all)
        twilio = TwilioApi(record, faults, callbacks, calls, *account, delay_s)
        ovh = OvhApi(record, faults, callbacks, token, delay_s, arguments.ovh_callback)
        inbox = Inbox(record, faults)
        listeners = {
            "down": await _web_listener("API Twilio", arguments.http_port, twilio, exit_stack),
            "ovh_down": await _web_listener("API OVHcloud", arguments.ovh_port, ovh, exit_stack),
            "smtp_down": Listener(
                "SMTP", arguments.smtp_port, inbox.protocol, inbox.drop_connections
            ),
        }
        telephones = Telephones(record, callbacks, calls, arguments.inbound_url)
        control = Control(record, faults, callbacks, telephones, listeners)
        front = await _web_listener("control", arguments.control_port, control, exit_stack)
        for listener in (*listeners.values(), front):
            exit_stack.callback(listener.release)
            await listener.open()
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        print(_ready_line(listeners, front), flush=True)
        await ended.wait()


async def _web_listener(
    name: str, port: int, served: TwilioApi | OvhApi | Control, exit_stack: AsyncExitStack
) -> Listener:
    runner = web.AppRunner(served.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    exit_stack.push_async_callback(runner.cleanup)
    server = runner.server
    if server is None:
        raise RuntimeError("aiohttp made no server")
    return Listener(name, port, server, _dropper(server))


def _dropper(server: web.Server) -> Callable[[], None]:
    def drop() -> None:
        for connection in server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    return drop


def _ready_line(listeners: dict[str, Listener], front: Listener) -> str:
    return json.dumps(
        {
            "http": f"http://{HOST}:{listeners['down'].port}",
            "ovh": f"http://{HOST}:{listeners['ovh_down'].port}{PREFIX}",
            "control": f"http://{HOST}:{front.port}",
            "smtp": f"smtp://{HOST}:{listeners['smtp_down'].port}",
            "pid": os.getpid(),
        }
    )


if __name__ == "__main__":
    main()
