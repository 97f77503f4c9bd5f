"""Coalesce the jobs of one process: those that arrive while a batch runs form the next batch."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator


class Coalesce:
    """A queue of ids that one thread of the process at a time takes in batches.

    A thread that adds an id while another one is working returns at once: the other takes it along.
    """

    def __init__(self, max_batch_size: int) -> None:
        self._max_batch_size = max_batch_size
        self._pending: deque[str] = deque()
        self._working = threading.Lock()

    def batches(self, *ids: str) -> Iterator[list[str]]:
        """Add the ids, then yield batches until none is left or another thread is working.

        An exception raised while a batch is handled ends the iteration; the ids behind it wait for
        the next call.
        """
        self._pending.extend(ids)
        # Checked again after each release: an id added just before it was left to this thread.
        while self._pending and self._working.acquire(blocking=False):
            try:
                batch = self._next_batch()
                if batch:
                    yield batch
            finally:
                self._working.release()

    def _next_batch(self) -> list[str]:
        batch: dict[str, None] = {}
        while self._pending and len(batch) < self._max_batch_size:
            batch[self._pending.popleft()] = None
        return list(batch)
