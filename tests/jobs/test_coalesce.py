"""Jobs that arrive while one runs: taken along, by one thread, none forgotten."""

from __future__ import annotations

import threading

import pytest

from notifier.jobs.coalesce import Coalesce


def test_what_comes_while_one_is_answered_is_taken_along() -> None:
    coalesced = Coalesce(max_batch_size=10)
    seen = []
    for batch in coalesced.batches("a"):
        seen.append(batch)
        if batch == ["a"]:
            # Another thread's jobs: it may go at once.
            assert list(coalesced.batches("b", "c", "b")) == []
    assert seen == [["a"], ["b", "c"]]


def test_a_batch_holds_no_more_than_asked() -> None:
    batches = list(Coalesce(max_batch_size=2).batches("a", "b", "c", "d", "e"))
    assert batches == [["a", "b"], ["c", "d"], ["e"]]


def test_what_raises_leaves_the_turn_to_the_next() -> None:
    coalesced = Coalesce(max_batch_size=1)

    def answer(*things: str) -> None:
        for batch in coalesced.batches(*things):
            raise RuntimeError(str(batch))

    with pytest.raises(RuntimeError, match="a"):
        answer("a", "b")
    assert list(coalesced.batches("c")) == [["b"], ["c"]]


def test_nothing_is_forgotten_between_many_threads() -> None:
    coalesced = Coalesce(max_batch_size=7)
    answered: list[str] = []
    begin = threading.Barrier(8)

    def enqueue(name: int) -> None:
        begin.wait(10)
        for n in range(200):
            for batch in coalesced.batches(f"{name}-{n}"):
                answered.extend(batch)

    threads = [threading.Thread(target=enqueue, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answered) == sorted(f"{name}-{n}" for name in range(8) for n in range(200))
