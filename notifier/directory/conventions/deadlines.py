"""Until when a convention runs, and by when somebody must have given notice."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from notifier.directory.models import Convention


@dataclass(frozen=True)
class Deadline:
    """The next day on which somebody must have decided about a convention."""

    day: date
    """The last day to give notice of one that renews itself; else its last day."""
    ends_on: date
    """The last day of the present term."""
    is_renewed: bool
    """Whether it goes on after that day if nobody gives notice."""


def next_deadline(convention: Convention, today: date) -> Deadline | None:
    """Return the next deadline from today on, today included; None if it has none, or is over.

    A term that renews itself is counted from the first end: the 31st of January and a month is the
    28th of February, and another is the 31st of March.
    """
    if convention.ends_on is None:
        return None
    months = convention.tacit_renewal_months
    if months is None:
        is_over = convention.ends_on < today
        return (
            None if is_over else Deadline(convention.ends_on, convention.ends_on, is_renewed=False)
        )
    notice = timedelta(days=convention.notice_days or 0)
    for terms in count():
        ends_on = add_months(convention.ends_on, terms * months)
        if ends_on - notice >= today:
            return Deadline(ends_on - notice, ends_on, is_renewed=True)
    return None


def add_months(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of a month that has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
