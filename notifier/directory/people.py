"""Who is there to be told: the people of a commune at a given moment, the mayor first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from django.conf import settings

from notifier.directory.models import Contact, Function
from notifier.territory.resolve import commune_by_code


@dataclass(frozen=True)
class Person:
    """What the rest of the house may know of a contact: never the name."""

    contact_id: int
    commune: str
    function: str
    rank: int
    mobile: str
    email: str

    @property
    def addresses(self) -> dict[str, str]:
        """What the person can be reached by, by channel, the one that rings first."""
        return {
            channel: address
            for channel, address in (("sms", self.mobile), ("email", self.email))
            if address
        }

    @property
    def title(self) -> str:
        """The function as one says it in French: "maire", "1er adjoint", "2e adjoint"…"""
        return function_title(self.function, self.rank)


def active_people(communes: Sequence[str], at: datetime) -> dict[str, list[Person]]:
    """The people of each commune who are active at `at`, the first to be told first.

    Mayor, deputies by rank, on-call elected official, municipal police, chief executive, others:
    the order of CGCT art. L2122-17, then those who do not replace the mayor. Active dates are
    inclusive and read in the commune's own time zone. Every commune asked for has a list, empty
    when nobody is there. One SQL statement, however many the communes.

    Raises ValueError when `at` carries no time zone.
    """
    if at.utcoffset() is None:
        raise ValueError("active_people needs a moment with its time zone")
    if not communes:
        return {}
    today = {code: at.astimezone(commune_time_zone(code)).date() for code in communes}
    present: dict[str, list[Person]] = {code: [] for code in communes}
    marks = ", ".join(["%s"] * len(today))
    # Written out, for Django takes longer to compile it than the database to answer.
    contacts = Contact.objects.raw(
        f"SELECT * FROM directory_contact WHERE commune IN ({marks})",  # noqa: S608 - constants and marks
        list(today),
    )
    for contact in sorted(contacts, key=lambda contact: contact.escalation):
        if is_active(contact, today[contact.commune]):
            present[contact.commune].append(_person(contact))
    return present


def communes_with_mobile(contacts: Iterable[Contact], at: datetime) -> dict[str, bool]:
    """The communes with a contact who is active at `at`: whether one of them has a mobile."""
    found: dict[str, bool] = {}
    for contact in contacts:
        if is_active(contact, at.astimezone(commune_time_zone(contact.commune)).date()):
            found[contact.commune] = bool(contact.mobile) or found.get(contact.commune, False)
    return found


def is_active(contact: Contact, day: date) -> bool:
    """Whether the contact's period, both ends included, holds the day (the commune's own)."""
    started = contact.active_from is None or contact.active_from <= day
    ended = contact.active_until is not None and contact.active_until < day
    return started and not ended


def function_title(function: str, rank: int) -> str:
    """A function and rank as one says it in French."""
    if function == Function.DEPUTY:
        return "1er adjoint" if rank == 1 else f"{rank}e adjoint"
    return Function(function).label


@cache
def commune_time_zone(code: str) -> ZoneInfo:
    """The commune's time zone.

    A commune that has ceased to exist since its contacts were entered keeps them: the hour of
    metropolitan France is better than nobody being told.
    """
    known = commune_by_code(code)
    return ZoneInfo(known.time_zone if known else settings.TIME_ZONE)


def _person(contact: Contact) -> Person:
    return Person(
        contact_id=contact.pk,
        commune=contact.commune,
        function=contact.function,
        rank=contact.rank,
        mobile=contact.mobile,
        email=contact.email,
    )
