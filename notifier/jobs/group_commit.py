"""Group commit: concurrent requests of a process are handled together, each with its own result."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog
from django.db import connection

log = structlog.get_logger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass
class _Request(Generic[Item, Result]):
    """An item that a thread waits for, and its result."""

    item: Item
    result: list[Result] = field(default_factory=list)
    has_failed: bool = False

    @property
    def is_done(self) -> bool:
        return bool(self.result) or self.has_failed


class GroupCommit(Generic[Item, Result]):
    """Handle the items of several threads together: in one transaction, with one wait for the disk.

    A thread that comes alone is served at once. Threads that come while others are served, or right
    after them, wait a moment; then one of them handles the items of all.
    """

    def __init__(
        self,
        handle: Callable[[list[Item]], list[Result]],
        *,
        max_batch_size: int,
        min_interval_s: float,
    ) -> None:
        """Group calls of `handle`, which returns one result per item in order, or raises for all.

        Batches start at least `min_interval_s` seconds apart.
        """
        self._handle = handle
        self._max_batch_size = max_batch_size
        self._min_interval_s = min_interval_s
        self._started_at = 0.0
        self._pending: deque[_Request[Item, Result]] = deque()
        self._is_busy = False
        self._changed = threading.Condition()

    def __call__(self, item: Item) -> Result:
        """Return the result for the item. Raises what `handle` raises for this item alone.

        Inside a transaction of the caller it is handled at once and alone: it is committed or
        rolled back with that transaction, and another thread could wait for its locks for ever.
        """
        if connection.in_atomic_block:
            return self._handle([item])[0]
        request: _Request[Item, Result] = _Request(item)
        with self._changed:
            self._pending.append(request)
        while self._is_leader(request):
            try:
                self._handle_batch(request)
            finally:
                with self._changed:
                    self._is_busy = False
                    self._changed.notify_all()
        # One item of a failed batch may be the cause: each thread tries its own alone, so that the
        # others do not fail with it and no batch waits for it.
        return request.result[0] if request.result else self._handle([item])[0]

    def _is_leader(self, request: _Request[Item, Result]) -> bool:
        """Wait until the request is done (False) or this thread is to handle the next batch."""
        with self._changed:
            self._changed.wait_for(lambda: request.is_done or not self._is_busy)
            if request.is_done:
                return False
            self._is_busy = True
            return True

    def _handle_batch(self, own: _Request[Item, Result]) -> None:
        if (remaining := self._started_at + self._min_interval_s - time.monotonic()) > 0:
            time.sleep(remaining)
        self._started_at = time.monotonic()
        size = min(self._max_batch_size, len(self._pending))
        batch = [self._pending.popleft() for _ in range(size)]
        try:
            results = self._handle([request.item for request in batch])
        except Exception as error:
            if batch == [own]:
                raise
            log.warning("batch failed, tried one by one", number=len(batch), error=str(error))
            for request in batch:
                request.has_failed = True
        except BaseException:
            # This thread is to end: the next one serves those behind it.
            self._pending.extendleft(request for request in reversed(batch) if request is not own)
            raise
        else:
            for request, result in zip(batch, results, strict=True):
                request.result.append(result)
