"""Coalesce jobs of one process: those that come while a batch runs form the next; nobody waits."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator


class Coalesce:
    """Ids of things to look at: one thread of the process at a time takes a batch of them.

    Whoever adds an id while another thread is at it returns: that thread takes it along.
    """

    def __init__(self, most: int) -> None:
        """`most` things make a batch."""
        self._most = most
        self._waiting: deque[str] = deque()
        self._turn = threading.Lock()

    def with_what_waits(self, *things: str) -> Iterator[list[str]]:
        """Add the things, then yield batches while there are any and nobody else is at it.

        What a batch raises ends the iteration; those behind it wait for the next job.
        """
        self._waiting.extend(things)
        # Asked again after each release: what was added just before it was nobody else's.
        while self._waiting and self._turn.acquire(blocking=False):
            try:
                batch = self._take()
                if batch:
                    yield batch
            finally:
                self._turn.release()

    def _take(self) -> list[str]:
        batch: dict[str, None] = {}
        while self._waiting and len(batch) < self._most:
            batch[self._waiting.popleft()] = None
        return list(batch)
