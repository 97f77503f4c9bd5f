"""What several threads of a process bring at the same moment is done in one go."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


@dataclass
class _Errand(Generic[Thing, Answer]):
    """A thing that somebody waits for, and what came of it."""

    thing: Thing
    answer: list[Answer] = field(default_factory=list)
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return bool(self.answer) or self.error is not None

    def outcome(self) -> Answer:
        if self.error is not None:
            raise self.error
        return self.answer[0]


class Jointly(Generic[Thing, Answer]):
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
        self._news = threading.Condition()

    def __call__(self, thing: Thing) -> Answer:
        """The answer to the thing. Raises what the work on this thing raises."""
        errand: _Errand[Thing, Answer] = _Errand(thing)
        with self._news:
            self._waiting.append(errand)
        while self._is_mine_to_work(errand):
            try:
                self._work_on_all()
            finally:
                with self._news:
                    self._is_busy = False
                    self._news.notify_all()
        return errand.outcome()

    def _is_mine_to_work(self, errand: _Errand[Thing, Answer]) -> bool:
        """Wait until the errand is done (False), or nobody is at work and this thread shall be."""
        with self._news:
            self._news.wait_for(lambda: errand.is_done or not self._is_busy)
            if errand.is_done:
                return False
            self._is_busy = True
            return True

    def _work_on_all(self) -> None:
        if (left := self._began_at + self._apart_s - time.monotonic()) > 0:
            time.sleep(left)
        self._began_at = time.monotonic()
        self._serve(self._take())

    def _take(self) -> list[_Errand[Thing, Answer]]:
        return [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]

    def _serve(self, errands: list[_Errand[Thing, Answer]]) -> None:
        try:
            answers = self._work([errand.thing for errand in errands])
        except Exception as error:
            if len(errands) == 1:
                errands[0].error = error
                return
            # One of them may be the cause: the others must not suffer for it.
            log.warning(
                "done one by one, together it failed", number=len(errands), error=str(error)
            )
            for errand in errands:
                self._serve([errand])
            return
        except BaseException:
            # This thread is to end: those behind it are served by the next.
            self._waiting.extendleft(reversed(errands))
            raise
        for errand, answer in zip(errands, answers, strict=True):
            errand.answer.append(answer)
