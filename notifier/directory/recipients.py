"""The people of a commune who are active at a given moment, the mayor first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from django.conf import settings

from notifier.directory.models import Contact, function_title
from notifier.directory.sql import contacts_of
from notifier.territory.resolve import commune_by_code


@dataclass(frozen=True)
class Recipient:
    """Somebody in the order of being told, as other rooms may know: never the name."""

    contact_id: int
    commune: str
    function: str
    rank: int
    mobile: str
    email: str

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses by channel, the phone first."""
        return {
            channel: address
            for channel, address in (("sms", self.mobile), ("email", self.email))
            if address
        }

    @property
    def title(self) -> str:
        """The function in French, such as "maire", "1er adjoint", "2e adjoint"."""
        return function_title(self.function, self.rank)


def active_people(communes: Sequence[str], at: datetime) -> dict[str, list[Recipient]]:
    """Return the people of each commune who are active at `at`, in the order they are to be told.

    Mayor, deputies by rank, on-call elected official, municipal police, chief executive, others:
    the order of CGCT art. L2122-17, then those who do not replace the mayor. Active dates are
    inclusive and read in the commune's own time zone. Every commune asked for has a list, perhaps
    empty. One SQL statement, however many the communes.

    Raises ValueError when `at` is naive.
    """
    if at.utcoffset() is None:
        raise ValueError("active_people needs a moment with its time zone")
    if not communes:
        return {}
    today = {code: at.astimezone(commune_time_zone(code)).date() for code in communes}
    active: dict[str, list[Recipient]] = {code: [] for code in communes}
    for contact in sorted(contacts_of(today), key=lambda contact: contact.escalation_order):
        if is_active(contact, today[contact.commune]):
            active[contact.commune].append(_to_recipient(contact))
    return active


def communes_with_mobile(contacts: Iterable[Contact], at: datetime) -> dict[str, bool]:
    """Return, for each commune with a contact active at `at`, whether one of them has a mobile."""
    found: dict[str, bool] = {}
    for contact in contacts:
        if is_active(contact, at.astimezone(commune_time_zone(contact.commune)).date()):
            found[contact.commune] = bool(contact.mobile) or found.get(contact.commune, False)
    return found


def is_active(contact: Contact, day: date) -> bool:
    """Return whether the day, in the commune's time, is in the contact's period, ends included."""
    started = contact.active_from is None or contact.active_from <= day
    ended = contact.active_until is not None and contact.active_until < day
    return started and not ended


@cache
def commune_time_zone(code: str) -> ZoneInfo:
    """Return the commune's time zone.

    A commune that has ceased to exist since its contacts were entered keeps them, with the time of
    metropolitan France: better than nobody being told.
    """
    commune = commune_by_code(code)
    return ZoneInfo(commune.time_zone if commune else settings.TIME_ZONE)


def _to_recipient(contact: Contact) -> Recipient:
    return Recipient(
        contact_id=contact.pk,
        commune=contact.commune,
        function=contact.function,
        rank=contact.rank,
        mobile=contact.mobile,
        email=contact.email,
    )
