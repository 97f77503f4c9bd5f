"""Group commit: what several threads of a process bring at the same moment is done in one go, and
each has its answer. (Where nobody waits for an answer, see `coalesce.py`.)"""

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

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


@dataclass
class _Errand(Generic[Thing, Answer]):
    """A thing that somebody waits for, and what came of it."""

    thing: Thing
    answer: list[Answer] = field(default_factory=list)
    has_failed: bool = False

    @property
    def is_over(self) -> bool:
        return bool(self.answer) or self.has_failed


class GroupCommit(Generic[Thing, Answer]):
    """One work for all that is there: one transaction, for example, and one wait for the disk.

    Who comes alone is served at once. Who comes while others are served, or right after them, waits
    a moment; then one of those waiting does the work of all.
    """

    def __init__(
        self, work: Callable[[list[Thing]], list[Answer]], *, most: int, apart_s: float
    ) -> None:
        """`work` answers each of at most `most` things, in their order; all of it or nothing.

        It begins no sooner than `apart_s` seconds after it last began.
        """
        self._work = work
        self._most = most
        self._apart_s = apart_s
        self._began_at = 0.0
        self._waiting: deque[_Errand[Thing, Answer]] = deque()
        self._is_busy = False
        self._turn = threading.Condition()

    def __call__(self, thing: Thing) -> Answer:
        """The answer to the thing. Raises what the work on this thing alone raises.

        Within a transaction of the caller's it is done at once and alone: it stands or falls with
        the rest of that, and another thread could wait for its locks for ever.
        """
        if connection.in_atomic_block:
            return self._work([thing])[0]
        errand: _Errand[Thing, Answer] = _Errand(thing)
        with self._turn:
            self._waiting.append(errand)
        while self._is_mine_to_work(errand):
            try:
                self._work_on_all(errand)
            finally:
                with self._turn:
                    self._is_busy = False
                    self._turn.notify_all()
        # One of those that failed together may be the cause: the others must not suffer for it,
        # and none waits while another is tried.
        return errand.answer[0] if errand.answer else self._work([thing])[0]

    def _is_mine_to_work(self, errand: _Errand[Thing, Answer]) -> bool:
        """Wait until the errand is over (False), or nobody is at work and this thread shall be."""
        with self._turn:
            self._turn.wait_for(lambda: errand.is_over or not self._is_busy)
            if errand.is_over:
                return False
            self._is_busy = True
            return True

    def _work_on_all(self, mine: _Errand[Thing, Answer]) -> None:
        if (left := self._began_at + self._apart_s - time.monotonic()) > 0:
            time.sleep(left)
        self._began_at = time.monotonic()
        errands = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            answers = self._work([errand.thing for errand in errands])
        except Exception as error:
            if errands == [mine]:
                raise
            log.warning("failed together, tried one by one", number=len(errands), error=str(error))
            for errand in errands:
                errand.has_failed = True
        except BaseException:
            # This thread is to end: those behind it are served by the next.
            self._waiting.extendleft(errand for errand in reversed(errands) if errand is not mine)
            raise
        else:
            for errand, answer in zip(errands, answers, strict=True):
                errand.answer.append(answer)
