"""A real web process whose database refuses: nothing listens on its port."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from notifier.ops.local.stack import Bind, Stack, free_port
from notifier.ops.local.supervisor import Supervisor

SECONDS = 30.0


@contextmanager
def web_without_database(environment: Mapping[str, str], folder: Path) -> Iterator[Bind]:
    """Start it, and wait until it listens."""
    refusing = {"DATABASE_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"}
    supervisor = Supervisor(lambda _name, _line: None)
    bind = Bind("127.0.0.1", free_port())
    try:
        stage = Stack({**environment, **refusing}, folder, supervisor)
        stage.start_web(bind).wait_for_line("Started worker-1", SECONDS)
        _wait_until_it_listens(bind)
        yield bind
    finally:
        supervisor.end()


def _wait_until_it_listens(bind: Bind) -> None:
    """The line above comes a moment before the socket listens."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            socket.create_connection((bind.host, bind.port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return
