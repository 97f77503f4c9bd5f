"""Questions to a provider that hangs leave a worker its other threads for what is to be sent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from notifier.delivery import sweep
from notifier.delivery.models import MessageState
from notifier.delivery.sweep import MAX_ASKING, upkeep


@pytest.fixture
def followed_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The threads that came to the end of their round; of its steps only the asking is left."""
    ended: list[str] = []
    asked_about = {MessageState.UNKNOWN, MessageState.ACCEPTED}
    monkeypatch.setattr(sweep, "states_due", lambda: asked_about)
    monkeypatch.setattr(sweep, "note_paused", lambda: None)
    monkeypatch.setattr(sweep, "ask_for_overdue_receipts", lambda: 0)
    monkeypatch.setattr(sweep, "follow_up_late", lambda: None)
    monkeypatch.setattr(
        sweep, "follow_up_failed", lambda: ended.append(threading.current_thread().name)
    )
    return ended


def hanging(answers: threading.Event, asked: threading.Semaphore) -> Callable[[], int]:
    def ask() -> int:
        asked.release()
        assert answers.wait(30)
        return 0

    return ask


def test_only_so_many_rounds_wait_for_a_provider_that_hangs(
    followed_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = threading.Event(), threading.Semaphore(0)
    monkeypatch.setattr(sweep, "reconcile_unknown", hanging(answers, asked))
    with ThreadPoolExecutor(MAX_ASKING + 1) as threads:
        asking = [threads.submit(upkeep) for _ in range(MAX_ASKING)]
        for _ in asking:
            assert asked.acquire(timeout=30)
        # All that may ask are at it: the next rounds do the rest of their work, and end.
        for _ in range(5):
            threads.submit(upkeep).result(30)
        assert len(followed_up) == 5
        assert not any(each.done() for each in asking)
        answers.set()
        for each in asking:
            each.result(30)
    assert len(followed_up) == MAX_ASKING + 5
    assert not asked.acquire(blocking=False)


def test_a_round_that_fails_leaves_its_place_to_the_next(
    followed_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def fail() -> int:
        tried.append(1)
        raise RuntimeError

    monkeypatch.setattr(sweep, "reconcile_unknown", fail)
    for _ in range(MAX_ASKING + 2):
        with pytest.raises(RuntimeError):
            upkeep()
    assert len(tried) == MAX_ASKING + 2
    assert followed_up == []
