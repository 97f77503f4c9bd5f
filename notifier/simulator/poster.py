"""Posts forms over kept connections, and reads nothing of the answer but its status.

A bench sends thousands of callbacks a second apart from the service it measures; a full HTTP client
would take more of the processor than all the rest of the simulator.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

_AT_ONCE = 64
_STATUS_LINE = re.compile(rb"http/(?P<version>1\.\d) (?P<status>\d{3})")
_Server = tuple[str, str, int | None]


class Poster:
    """Keeps connections open between posts; never more than 64 posts at once."""

    def __init__(self, timeout: float) -> None:
        """`timeout`: seconds for one post, connecting included."""
        self._timeout = timeout
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._idle: defaultdict[_Server, list[_Line]] = defaultdict(list)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The HTTP status of the answer; OSError or TimeoutError if there was none."""
        parts = urlsplit(url)
        server = (parts.scheme, parts.hostname or "", parts.port)
        async with self._slots, asyncio.timeout(self._timeout):
            line = await self._line(server)
            try:
                status = await line.exchange(_request(parts, headers, body))
            except BaseException:
                line.drop()
                raise
        if line.reusable:
            self._idle[server].append(line)
        else:
            line.drop()
        return status

    def close(self) -> None:
        """Close the connections that are kept."""
        for lines in self._idle.values():
            for line in lines:
                line.drop()
        self._idle.clear()

    async def _line(self, server: _Server) -> _Line:
        idle = self._idle[server]
        while idle:
            line = idle.pop()
            if line.reusable:
                return line
        scheme, host, port = server
        secure = scheme == "https"
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(
            _Line, host, port or (443 if secure else 80), ssl=secure or None
        )
        return line


class _Line(asyncio.Protocol):
    """One connection; one exchange at a time."""

    def __init__(self) -> None:
        self.reusable = True
        self._received = b""
        self._status: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def exchange(self, request: bytes) -> asyncio.Future[int]:
        """Write a request; the future brings the status of its answer."""
        self._received = b""
        self._status = asyncio.get_running_loop().create_future()
        if self._transport is None:
            self._status.set_exception(ConnectionResetError("the connection was closed"))
        else:
            self._transport.write(request)
        return self._status

    def drop(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, complete, body = self._received.partition(b"\r\n\r\n")
        if not complete or self._status is None or self._status.done():
            return
        first, *fields = head.lower().split(b"\r\n")
        answer = _STATUS_LINE.match(first)
        if answer is None:
            self._status.set_exception(ConnectionError(f"not an HTTP answer: {first!r}"))
            return
        status = int(answer["status"])
        length = _length(status, fields)
        if length is None or answer["version"] == b"1.0" or b"connection: close" in fields:
            # Where the body ends does not matter on a connection that is not used again.
            self.reusable = False
        elif len(body) < length:
            return
        self._status.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        self._transport = None
        if self._status is not None and not self._status.done():
            self._status.set_exception(exc or ConnectionResetError("closed without an answer"))


def _length(status: int, fields: list[bytes]) -> int | None:
    """The length of the answer's body, None where only the connection's end would tell."""
    if status in {204, 304}:
        return 0
    for field in fields:
        name, _, value = field.partition(b":")
        if name == b"content-length" and value.strip().isdigit():
            return int(value)
    return None


def _request(parts: SplitResult, headers: Mapping[str, str], body: bytes) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"POST {target} HTTP/1.1",
        f"Host: {parts.netloc}",
        *(f"{name}: {value}" for name, value in headers.items()),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
