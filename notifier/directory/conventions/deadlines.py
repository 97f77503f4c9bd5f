"""Until when a convention runs, by when somebody must have given notice, who is to be told."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count

from notifier.directory.models import Convention, ConventionNotice, OrganisationRef
from notifier.directory.recipients import Recipient, active_people

# The owners are told this long before a deadline, once for each.
DAYS_BEFORE = (90, 30)


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


def claim_notice(convention: Convention, deadline: Deadline, now: datetime, left: int) -> bool:
    """Note that the owners are told of a deadline in `left` days; whether this is to be done now.

    False if it is far off, or was done. Once for each of DAYS_BEFORE, whoever asks first; where
    several have gone by, for all of them together.
    """
    reached = [days for days in DAYS_BEFORE if left <= days]
    notices = [
        ConventionNotice.objects.get_or_create(
            convention=convention,
            deadline=deadline.day,
            days_before=days,
            defaults={"told_at": now},
        )
        for days in reached
    ]
    return bool(notices) and notices[-1][1]


def owners(convention: Convention, at: datetime) -> list[Recipient]:
    """Return those who follow a convention and have an e-mail address, each once.

    Of each organisation the functions that the convention names; if none of them is there, whoever
    comes first in the organisation.
    """
    wanted = {OrganisationRef.parse(one["organisation"]): one for one in convention.owners}
    found: dict[str, Recipient] = {}
    for ref, people in active_people(list(wanted), at).items():
        with_mail = [person for person in people if "email" in person.addresses]
        named = [person for person in with_mail if person.function in wanted[ref]["functions"]]
        for person in named or with_mail[:1]:
            found.setdefault(person.addresses["email"], person)
    return list(found.values())
