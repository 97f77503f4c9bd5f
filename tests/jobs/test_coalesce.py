"""Rings that come while one is answered: taken along, by one thread, none forgotten."""

from __future__ import annotations

import threading

import pytest

from notifier.jobs.coalesce import Coalesce


def test_what_comes_while_one_is_answered_is_taken_along() -> None:
    together = Coalesce(most=10)
    seen = []
    for batch in together.with_what_waits("a"):
        seen.append(batch)
        if batch == ["a"]:
            # Another thread's rings: it may go at once.
            assert list(together.with_what_waits("b", "c", "b")) == []
    assert seen == [["a"], ["b", "c"]]


def test_a_batch_holds_no_more_than_asked() -> None:
    batches = list(Coalesce(most=2).with_what_waits("a", "b", "c", "d", "e"))
    assert batches == [["a", "b"], ["c", "d"], ["e"]]


def test_what_raises_leaves_the_turn_to_the_next() -> None:
    together = Coalesce(most=1)

    def answer(*things: str) -> None:
        for batch in together.with_what_waits(*things):
            raise RuntimeError(str(batch))

    with pytest.raises(RuntimeError, match="a"):
        answer("a", "b")
    assert list(together.with_what_waits("c")) == [["b"], ["c"]]


def test_nothing_is_forgotten_between_many_threads() -> None:
    together = Coalesce(most=7)
    answered: list[str] = []
    begin = threading.Barrier(8)

    def ring(name: int) -> None:
        begin.wait(10)
        for n in range(200):
            for batch in together.with_what_waits(f"{name}-{n}"):
                answered.extend(batch)

    threads = [threading.Thread(target=ring, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answered) == sorted(f"{name}-{n}" for name in range(8) for n in range(200))
