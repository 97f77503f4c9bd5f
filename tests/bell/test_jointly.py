"""What several bring at once is done in one go; each has its own answer, or its own error."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from notifier.bell.jointly import Jointly


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


def three_behind_one(
    work: Slow, jointly: Jointly[int, int], *numbers: int
) -> list[Callable[[], int]]:
    """Has the first number worked on while the others come; what each then got."""
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(jointly, numbers[0])
        assert work.begun.wait(10)
        others = [threads.submit(jointly, number) for number in numbers[1:]]
        while len(jointly._waiting) < len(others):
            assert not any(other.done() for other in others)
        work.may_end.set()
    return [done.result for done in (first, *others)]


def test_who_comes_alone_is_served_alone() -> None:
    batches: list[list[int]] = []

    def work(numbers: list[int]) -> list[int]:
        batches.append(numbers)
        return numbers

    jointly = Jointly(work, most=8, apart_s=0)
    assert [jointly(1), jointly(2)] == [1, 2]
    assert batches == [[1], [2]]


def test_who_comes_meanwhile_is_served_with_the_others_and_has_its_own_answer() -> None:
    work = Slow()
    got = three_behind_one(work, Jointly(work, most=8, apart_s=0), 1, 2, 3, 4)
    assert [answer() for answer in got] == [2, 4, 6, 8]
    assert sorted(map(sorted, work.batches)) == [[1], [2, 3, 4]]


def test_no_batch_is_larger_than_asked() -> None:
    work = Slow()
    got = three_behind_one(work, Jointly(work, most=2, apart_s=0), 1, 2, 3, 4, 5, 6)
    assert [answer() for answer in got] == [2, 4, 6, 8, 10, 12]
    assert max(map(len, work.batches)) == 2


def test_one_that_fails_fails_alone() -> None:
    work = Slow()
    first, second, third, fourth = three_behind_one(
        work, Jointly(work, most=8, apart_s=0), 1, 2, 13, 4
    )
    assert [first(), second(), fourth()] == [2, 4, 8]
    with pytest.raises(ValueError, match="13"):
        third()


def test_after_a_failure_the_next_is_served() -> None:
    work = Slow()
    work.may_end.set()
    jointly = Jointly(work, most=8, apart_s=0)
    with pytest.raises(ValueError, match="13"):
        jointly(13)
    assert jointly(1) == 2


def test_many_threads_and_every_one_has_its_answer() -> None:
    jointly: Jointly[int, int] = Jointly(lambda numbers: [-n for n in numbers], most=5, apart_s=0)
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(jointly, range(3_000))) == [-n for n in range(3_000)]
