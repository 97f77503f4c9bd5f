"""The server in this process: what granian would hand it, with all work done in the test's thread,
whose connection alone sees what the test has written."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpResponse

from notifier.api import receipts
from notifier.api.receipts import ReceiptEndpoint
from notifier.api.server import Server, standing_headers


@dataclass(frozen=True)
class RequestScope:
    """A request's head, as granian gives it (names of headers are in lower case)."""

    method: str
    path: str
    headers: dict[str, str]
    query_string: str = ""
    scheme: str = "http"
    http_version: str = "1.1"
    server: str = "127.0.0.1:8000"
    client: str = "127.0.0.1:40000"
    authority: str | None = None


@dataclass
class Exchange:
    """A request's body, and the answer once there is one."""

    body: bytes
    answers: list[HttpResponse] = field(default_factory=list)

    async def __call__(self) -> bytes:
        return self.body

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answers.append(HttpResponse(body, status=status, headers=dict(headers)))


class CallingThread(Executor):
    """Runs what is submitted in the thread that calls `run_while`."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def work() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # handed on to who waits for it
                future.set_exception(error)

        self._work.put(work)
        return future

    def run_while(self, run: Callable[[], None]) -> None:
        """Run `run` in another thread, and here what is submitted meanwhile."""

        def run_and_end() -> None:
            try:
                run()
            finally:
                self._work.put(None)

        other = threading.Thread(target=run_and_end)
        other.start()
        while work := self._work.get():
            work()
        other.join()


@contextmanager
def _connections_kept() -> Iterator[None]:
    """As Django's test client does: the test's transaction does not end with a request."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        with patch.object(receipts, "close_old_connections"):
            yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


class InProcessServer:
    """Answers requests as the web process does."""

    def __init__(self) -> None:
        django = WSGIHandler()
        self.left_to_django: list[str] = []
        """The paths of the requests that came to Django's handler."""

        def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            self.left_to_django.append(environ["PATH_INFO"])
            return django(environ, start_response)

        self._thread = CallingThread()
        with _connections_kept():
            headers = standing_headers(django)
        self._server = Server(wsgi, self._thread, ReceiptEndpoint(self._thread, headers))

    def request(
        self, method: str, path: str, body: bytes, headers: dict[str, str], scheme: str = "http"
    ) -> HttpResponse:
        """The answer to a request for the host `testserver`, where no header says otherwise."""
        head = {"host": "testserver", "content-length": str(len(body))}
        head |= {name.lower(): value for name, value in headers.items()}
        exchange = Exchange(body)
        answering = self._server.__rsgi__(
            RequestScope(method, path, head, scheme=scheme),  # type: ignore[arg-type] # as far as it is used
            exchange,  # type: ignore[arg-type] # as far as it is used
        )
        with _connections_kept():
            self._thread.run_while(lambda: asyncio.run(answering))
        (answer,) = exchange.answers
        return answer
