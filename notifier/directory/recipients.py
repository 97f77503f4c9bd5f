"""The people of organisations who are active at a given moment, each in the order of telling."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from notifier.directory.models import (
    ESCALATION_ORDER,
    AddressKind,
    Mandate,
    OrganisationKind,
    OrganisationRef,
    function_title,
)
from notifier.directory.sql import MandateRow, mandates_of

# A landline can be called by a person, and takes no text.
_CHANNELS = {AddressKind.MOBILE: "sms", AddressKind.EMAIL: "email"}


@dataclass(frozen=True)
class Recipient:
    """Somebody in the order of being told, as other rooms may know: never the name."""

    person_id: int
    organisation: OrganisationRef
    function: str
    rank: int
    reachable_at: tuple[tuple[str, str], ...]
    """Channel and address, of all that are usable, the phones first, each in the person's order."""

    @property
    def addresses(self) -> dict[str, str]:
        """The first address by channel, the phone first."""
        first: dict[str, str] = {}
        for channel, address in self.reachable_at:
            first.setdefault(channel, address)
        return first

    @property
    def mobile(self) -> str:
        """The number for texts; "" without one."""
        return self.addresses.get("sms", "")

    @property
    def title(self) -> str:
        """The function in French, such as "maire", "1er adjoint", "2e adjoint"."""
        return function_title(self.function, self.rank)


def commune_refs(codes: Collection[str]) -> list[OrganisationRef]:
    """Return the communes as organisations, in the order of their codes."""
    return [OrganisationRef(OrganisationKind.COMMUNE, code) for code in sorted(codes)]


def active_people(
    organisations: Sequence[OrganisationRef], at: datetime
) -> dict[OrganisationRef, list[Recipient]]:
    """Return the people of each organisation who are active at `at`, in the order of telling.

    Of a commune: mayor, deputies by rank, on-call elected official, municipal police, chief
    executive, others: the order of CGCT art. L2122-17, then those who do not replace the mayor.
    Dates are inclusive and read in the organisation's own time zone. Whoever has no usable address
    is left out. Every organisation asked for has a list, perhaps empty. One SQL statement, however
    many the organisations.

    Raises ValueError when `at` is naive.
    """
    if at.utcoffset() is None:
        raise ValueError("active_people needs a moment with its time zone")
    if not organisations:
        return {}
    active: dict[OrganisationRef, list[Recipient]] = {ref: [] for ref in organisations}
    for rows in _by_mandate(mandates_of(active)):
        mandate, organisation = rows[0].mandate, rows[0].organisation
        day = at.astimezone(ZoneInfo(rows[0].time_zone)).date()
        if is_within(day, mandate.starts_on, mandate.ends_on):
            recipient = _to_recipient(mandate, organisation, rows)
            if recipient.reachable_at:
                active[organisation].append(recipient)
    for people in active.values():
        people.sort(key=lambda person: (ESCALATION_ORDER[person.function], person.rank))
    return active


def is_within(day: date, starts_on: date | None, ends_on: date | None) -> bool:
    """Return whether the day is in the period, both ends included; None is without limit."""
    return (starts_on is None or starts_on <= day) and (ends_on is None or day <= ends_on)


def _by_mandate(rows: Sequence[MandateRow]) -> list[list[MandateRow]]:
    grouped: dict[int, list[MandateRow]] = {}
    for row in rows:
        grouped.setdefault(row.mandate.pk, []).append(row)
    return list(grouped.values())


def _to_recipient(
    mandate: Mandate, organisation: OrganisationRef, rows: Sequence[MandateRow]
) -> Recipient:
    return Recipient(
        person_id=mandate.person_id,
        organisation=organisation,
        function=mandate.function,
        rank=mandate.rank,
        reachable_at=tuple(
            (channel, row.address)
            for kind, channel in _CHANNELS.items()
            for row in rows
            if row.address_kind == kind
        ),
    )
