"""The application that granian serves: each request is read whole before a thread is taken for it.

Under granian's own WSGI interface a thread waits while a body arrives, and nothing bounds that wait
(emmett-framework/granian#728): as many half-sent requests as there are threads stop the service.
Here the event loop collects the body, within MAX_BODY_SECONDS and MAX_BODY_BYTES; then the WSGI
application answers in a thread. The provider's receipts do not come that far: see `receipts.py`.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import structlog
from granian.rsgi import ProtocolClosed

from notifier.wsgi import application as wsgi_application

if TYPE_CHECKING:
    from granian.rsgi import HTTPProtocol, Scope

    from notifier.api.receipts import ReceiptEndpoint

log = structlog.get_logger(__name__)

WEB_THREADS = 16
# Django's own limit for a form (DATA_UPLOAD_MAX_MEMORY_SIZE); the API's own is far lower.
MAX_BODY_BYTES = 2_621_440
MAX_BODY_SECONDS = 15.0
# Where a person uploads a list (notifier/directory/imports/jobs.py); few at a time, for each is
# held in memory. What is larger is led back to the page, which says so.
UPLOAD_PATH = "/importer"
MAX_UPLOAD_BYTES = 11 * 1024 * 1024
MAX_UPLOAD_SECONDS = 120.0
MAX_UPLOADS = 4
TOO_LARGE = f"{UPLOAD_PATH}?trop-grand"

Headers = list[tuple[str, str]]
Answer = tuple[int, Headers, bytes]
WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class RequestRefusedError(Exception):
    """The request is not handed on: the HTTP status that answers it, and why, in French."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Server:
    """Serves a WSGI application over RSGI, granian's own interface."""

    def __init__(
        self, wsgi: WsgiApplication, threads: Executor, receipts: ReceiptEndpoint | None = None
    ) -> None:
        self._wsgi = wsgi
        self._threads = threads
        self._receipts = receipts
        self._uploads = asyncio.Semaphore(MAX_UPLOADS)

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request."""
        try:
            if scope.path == UPLOAD_PATH and _announced(scope) > MAX_BODY_BYTES:
                if _announced(scope) > MAX_UPLOAD_BYTES:
                    headers = [("location", TOO_LARGE), ("connection", "close")]
                    protocol.response_empty(303, headers)
                    return
                async with self._uploads:
                    body = await _receive(protocol, MAX_UPLOAD_SECONDS)
            else:
                body = await _read_body(scope, protocol)
        except RequestRefusedError as refusal:
            headers = [("content-type", "application/json"), ("connection", "close")]
            content = json.dumps({"error": refusal.message}, ensure_ascii=False).encode()
            protocol.response_bytes(refusal.status, headers, content)
            return
        if self._receipts and (callback := self._receipts.parse(scope, body)):
            status, headers, content = await self._receipts.answer(callback)
        else:
            loop = asyncio.get_running_loop()
            environ = _environ(scope, body)
            status, headers, content = await loop.run_in_executor(
                self._threads, _answer, self._wsgi, environ
            )
        protocol.response_bytes(status, headers, content)


def application() -> Server:
    """Build the application. Raises ImproperlyConfigured when a setting is missing or wrong."""
    wsgi = wsgi_application()
    threads = ThreadPoolExecutor(WEB_THREADS, thread_name_prefix="web")
    from notifier.api.receipts import ReceiptEndpoint  # its models need the application to be there

    return Server(wsgi, threads, ReceiptEndpoint(threads, standing_headers(wsgi)))


def _answer(wsgi: WsgiApplication, environ: dict[str, Any]) -> Answer:
    """Call the WSGI application; what it raises past its own handlers is a 500."""
    started: list[tuple[int, Headers]] = []

    def start_response(status: str, headers: Headers, _: object = None) -> Callable[[bytes], None]:
        started[:] = [(int(status[:3]), headers)]
        return _refuse_write

    try:
        parts = wsgi(environ, start_response)
        try:
            content = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        status, headers = started[0]
    except Exception:
        log.exception("request failed", path=environ["PATH_INFO"])
        return 500, [("content-type", "text/plain; charset=utf-8")], b""
    return status, headers, content


def standing_headers(wsgi: WsgiApplication) -> Headers:
    """Return the headers that Django's middleware puts on every answer."""
    environ = {"PATH_INFO": "/healthz", "HTTP_X_FORWARDED_PROTO": "https"}
    setup_testing_defaults(environ)
    _, headers, _ = _answer(wsgi, environ)
    own = ("Content-Type", "Content-Length")
    return [(name, value) for name, value in headers if name not in own]


async def _read_body(scope: Scope, protocol: HTTPProtocol) -> bytes:
    """Read the whole body. Raises RequestRefusedError when it comes too slowly or is cut short.

    What has no length, or too great a one, is not read: Django refuses it by its head.
    """
    if not 0 <= _announced(scope) <= MAX_BODY_BYTES:
        return b""
    return await _receive(protocol, MAX_BODY_SECONDS)


def _announced(scope: Scope) -> int:
    """Return how many bytes are to come; -1 where that is not said."""
    return int(scope.headers.get("content-length") or -1)


async def _receive(protocol: HTTPProtocol, seconds: float) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            body = await protocol()
    except TimeoutError:
        raise RequestRefusedError(
            408, f"le corps n’est pas arrivé en {seconds:.0f} s : renvoyez la requête"
        ) from None
    except ProtocolClosed:
        raise RequestRefusedError(
            400, "le corps est arrivé incomplet : renvoyez la requête"
        ) from None
    return body


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """Build the WSGI environment of a request (PEP 3333)."""
    host, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # PEP 3333: the path's bytes, each as the character of that number.
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        # `X_Forwarded_Proto` would read as `X-Forwarded-Proto`, which a proxy has cleaned.
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    if scope.authority and "HTTP_HOST" not in environ:
        environ["HTTP_HOST"] = scope.authority
    return environ


def _refuse_write(_: bytes) -> None:
    raise NotImplementedError("WSGI's old write() is not served; Django never calls it")
