"""What several bring at once is done in one go; each has its own answer, or its own error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from notifier.jobs.group_commit import GroupCommit


class Slow:
    """Doubles numbers; its first batch lasts until it is let go on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, numbers: list[int]) -> list[int]:
        self.batches.append(numbers)
        if len(self.batches) == 1:
            self.begun.set()
            assert self.may_end.wait(10)
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


def others_behind_one(
    work: Slow, grouped: GroupCommit[int, int], *numbers: int
) -> list[Callable[[], int]]:
    """Has the first number worked on while the others come; what each then got."""
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(grouped, numbers[0])
        assert work.begun.wait(10)
        others = [threads.submit(grouped, number) for number in numbers[1:]]
        while len(grouped._pending) < len(others):
            assert not any(other.done() for other in others)
        work.may_end.set()
    return [done.result for done in (first, *others)]


def test_who_comes_alone_is_served_alone() -> None:
    batches: list[list[int]] = []

    def work(numbers: list[int]) -> list[int]:
        batches.append(numbers)
        return numbers

    grouped = GroupCommit(work, max_batch_size=8, min_interval_s=0)
    assert [grouped(1), grouped(2)] == [1, 2]
    assert batches == [[1], [2]]


def test_who_comes_meanwhile_is_served_with_the_others_and_has_its_own_answer() -> None:
    work = Slow()
    got = others_behind_one(work, GroupCommit(work, max_batch_size=8, min_interval_s=0), 1, 2, 3, 4)
    assert [answer() for answer in got] == [2, 4, 6, 8]
    assert sorted(map(sorted, work.batches)) == [[1], [2, 3, 4]]


def test_no_batch_is_larger_than_asked() -> None:
    work = Slow()
    got = others_behind_one(
        work, GroupCommit(work, max_batch_size=2, min_interval_s=0), 1, 2, 3, 4, 5, 6
    )
    assert [answer() for answer in got] == [2, 4, 6, 8, 10, 12]
    assert max(map(len, work.batches)) == 2


def test_one_that_fails_fails_alone() -> None:
    work = Slow()
    first, second, third, fourth = others_behind_one(
        work, GroupCommit(work, max_batch_size=8, min_interval_s=0), 1, 2, 13, 4
    )
    assert [first(), second(), fourth()] == [2, 4, 8]
    with pytest.raises(ValueError, match="13"):
        third()


def test_one_that_fails_holds_up_nobody_while_it_is_tried_alone() -> None:
    """The thread that brought it tries it; the next batch does not wait for that."""
    tried_alone, may_fail = threading.Event(), threading.Event()
    work = Slow()

    def hold_the_bad_one(numbers: list[int]) -> list[int]:
        if numbers == [13]:
            tried_alone.set()
            assert may_fail.wait(10)
        return work(numbers)

    grouped = GroupCommit(hold_the_bad_one, max_batch_size=8, min_interval_s=0)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(grouped, 1)
        assert work.begun.wait(10)
        others = [threads.submit(grouped, number) for number in (13, 4)]
        while len(grouped._pending) < 2:
            assert not any(other.done() for other in others)
        work.may_end.set()
        assert tried_alone.wait(10)
        assert [first.result(10), others[1].result(10), grouped(5)] == [2, 8, 10]
        may_fail.set()
        assert isinstance(others[0].exception(10), ValueError)


def test_a_thread_that_is_made_to_end_leaves_the_others_to_the_next() -> None:
    work = Slow()

    def end_at_the_first_batch(numbers: list[int]) -> list[int]:
        if len(numbers) > 1 and not ended:
            ended.append(numbers)
            raise SystemExit
        return work(numbers)

    ended: list[list[int]] = []
    got = others_behind_one(
        work, GroupCommit(end_at_the_first_batch, max_batch_size=8, min_interval_s=0), 1, 2, 3, 4
    )
    assert got[0]() == 2
    came_of_it = [_value_or_exit(answer) for answer in got[1:]]
    assert sorted(ended[0]) == [2, 3, 4]
    assert came_of_it.count("ended") == 1
    assert {n for n in came_of_it if n != "ended"} < {4, 6, 8}


def _value_or_exit(answer: Callable[[], int]) -> int | str:
    try:
        return answer()
    except SystemExit:
        return "ended"


def test_work_begins_again_no_sooner_than_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        pauses.append(seconds)
        now += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "sleep", sleep)
    grouped: GroupCommit[int, int] = GroupCommit(list, max_batch_size=8, min_interval_s=0.5)
    grouped(1)
    now += 0.125
    grouped(2)
    now += 0.75
    grouped(3)
    assert pauses == [0.375]


def test_after_a_failure_the_next_is_served() -> None:
    work = Slow()
    work.may_end.set()
    grouped = GroupCommit(work, max_batch_size=8, min_interval_s=0)
    with pytest.raises(ValueError, match="13"):
        grouped(13)
    assert grouped(1) == 2


def test_many_threads_and_every_one_has_its_answer() -> None:
    grouped: GroupCommit[int, int] = GroupCommit(
        lambda numbers: [-n for n in numbers], max_batch_size=5, min_interval_s=0
    )
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(grouped, range(3_000))) == [-n for n in range(3_000)]
