"""When a convention ends, renews itself, and by when notice must be given."""

from __future__ import annotations

from datetime import date

import pytest

from notifier.directory.conventions.deadlines import Deadline, add_months, next_deadline
from notifier.directory.models import Convention

END = date(2026, 12, 31)


def deadline(today: date, **fields: int | date | None) -> Deadline | None:
    return next_deadline(Convention(**{"ends_on": END, **fields}), today)


def test_one_without_an_end_has_no_deadline() -> None:
    assert deadline(date(2026, 6, 1), ends_on=None) is None


def test_one_that_is_not_renewed_ends_and_is_over() -> None:
    expected = Deadline(END, END, is_renewed=False)
    assert deadline(date(2026, 1, 1)) == deadline(END) == expected
    assert deadline(date(2027, 1, 1)) is None


def test_one_that_renews_itself_asks_for_notice_every_term() -> None:
    terms = {"tacit_renewal_months": 12, "notice_days": 90}
    first = Deadline(date(2026, 10, 2), END, is_renewed=True)
    assert deadline(date(2026, 1, 1), **terms) == deadline(date(2026, 10, 2), **terms) == first
    second = Deadline(date(2027, 10, 2), date(2027, 12, 31), is_renewed=True)
    assert deadline(date(2026, 10, 3), **terms) == deadline(END, **terms) == second


def test_without_notice_it_is_decided_until_the_last_day() -> None:
    expected = Deadline(END, END, is_renewed=True)
    assert deadline(END, tacit_renewal_months=36) == expected
    later = deadline(date(2027, 1, 1), tacit_renewal_months=36)
    assert later == Deadline(date(2029, 12, 31), date(2029, 12, 31), is_renewed=True)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 31), 2, date(2026, 3, 31)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 6, 15), 0, date(2026, 6, 15)),
    ],
)
def test_months_are_counted_as_people_do(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected
