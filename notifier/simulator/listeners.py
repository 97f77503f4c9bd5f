"""A listening socket on 127.0.0.1 that can be closed for a while: connecting is really refused."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

log = logging.getLogger(__name__)

HOST = "127.0.0.1"


class Listener:
    """One port. While closed it stays reserved, so that no other program takes it."""

    def __init__(
        self,
        name: str,
        port: int,
        factory: Callable[[], asyncio.BaseProtocol],
        drop_connections: Callable[[], None],
    ) -> None:
        self.name = name
        self._factory = factory
        self._drop_connections = drop_connections
        # Bound but never listening: Linux then refuses every connection to it.
        self._reserved = _bound(port)
        self.port: int = self._reserved.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether connections are accepted."""
        return self._server is not None

    async def open(self) -> None:
        """Accept connections, now and until `close`. Does nothing if already open."""
        self._cancel_reopening()
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._factory, sock=_bound(self.port))

    def close(self, seconds: float = 0.0) -> None:
        """Refuse connections and drop the existing ones; reopen after `seconds`, if any."""
        self._cancel_reopening()
        if self._server is not None:
            self._server.close()
            self._server = None
        self._drop_connections()
        if seconds:
            self._reopening = asyncio.create_task(self._reopen_after(seconds))

    def release(self) -> None:
        """Close for good and release the port."""
        self.close()
        self._reserved.close()

    async def _reopen_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._reopening = None
        await self.open()
        log.info("%s accepts connections again", self.name)

    def _cancel_reopening(self) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound
