"""Who of an organisation can be told at a moment: absences, stand-ins, on-call, failing addresses.

`availability_of` says who is absent and who on call, by what was read of the mandates;
`apply_availability` puts people into the order in which they are told, and says who is passed over
and why. Neither reads the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings

from notifier.directory.models import MAX_FAILURES, Address, AddressKind, OrganisationRef
from notifier.directory.sql import MandateRow
from notifier.moments import weekday_moment


class Reason(StrEnum):
    """Why somebody, or one of their addresses, is passed over."""

    ABSENT = "absent"
    FAILING = "failing"
    OPTED_OUT = "opted_out"
    LANDLINE = "landline"
    NO_ADDRESS = "no_address"
    NO_CONSENT = "no_consent"


@dataclass(frozen=True)
class UnusableAddress:
    """An address that gets no message, and why; `since` is when that began, if it did."""

    kind: str
    reason: Reason
    since: datetime | None = None


@dataclass(frozen=True)
class SortedAddresses:
    """What a person can be reached at, in order, and what is passed over."""

    mobiles: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    landlines: tuple[str, ...] = ()
    """They take no text: among `unusable` as well."""
    unusable: tuple[UnusableAddress, ...] = ()


@dataclass(frozen=True)
class PresentAbsence:
    """Until when the holder of a mandate is absent, and the mandate of whoever stands in."""

    ends_at: datetime
    stand_in: int | None


@dataclass(frozen=True)
class Availability:
    """Absences by mandate and mandates on call by organisation, at one moment."""

    absences: Mapping[int, PresentAbsence] = field(default_factory=dict)
    on_call: Mapping[OrganisationRef, Sequence[int]] = field(default_factory=dict)


class Listed(Protocol):
    """Somebody in the order of an organisation."""

    @property
    def mandate_id(self) -> int:
        """The mandate by which they are in it."""

    @property
    def addresses(self) -> Mapping[str, str]:
        """The addresses that can be used, by channel."""

    @property
    def unusable(self) -> Sequence[UnusableAddress]:
        """Those that cannot."""


P = TypeVar("P", bound=Listed)


@dataclass(frozen=True)
class Placed(Generic[P]):
    """Somebody who can be told, for whom else they stand in, and whether they are on call."""

    person: P
    stands_in_for: tuple[P, ...] = ()
    is_on_call: bool = False


@dataclass(frozen=True)
class PassedOver(Generic[P]):
    """Somebody who is not told, or not on an address of this kind, and why."""

    person: P
    reason: Reason
    kind: str = ""
    moment: datetime | None = None
    """Until when they are absent, since when the address fails or is refused."""
    stand_in: P | None = None

    def in_french(self, zone: ZoneInfo) -> str:
        """Return the reason as a clause, without names: "absent jusqu’au dimanche 6 décembre…"."""
        moment = weekday_moment(self.moment.astimezone(zone)) if self.moment else ""
        address = _ADDRESS_IN_FRENCH.get(self.kind, "")
        return {
            Reason.ABSENT: f"absent jusqu’au {moment}",
            Reason.FAILING: f"{address} en échec depuis le {moment}, à confirmer",
            Reason.OPTED_OUT: f"refuse d’être prévenu ({address})",
            Reason.LANDLINE: "téléphone fixe seulement, "
            + (
                "un appel vocal pour ce qui est urgent et rien d’autre"
                if makes_calls()
                else "qui ne reçoit pas de SMS"
            ),
            Reason.NO_ADDRESS: "aucune adresse",
            Reason.NO_CONSENT: "n’a pas donné son accord, ou l’a retiré",
        }[self.reason]


_ADDRESS_IN_FRENCH: dict[str, str] = {
    AddressKind.MOBILE: "mobile",
    AddressKind.LANDLINE: "téléphone fixe",
    AddressKind.EMAIL: "courriel",
}


@dataclass(frozen=True)
class Order(Generic[P]):
    """Who of an organisation is told, in order, and who is passed over."""

    placed: tuple[Placed[P], ...]
    passed_over: tuple[PassedOver[P], ...]


def availability_of(rows: Sequence[MandateRow]) -> Availability:
    """Return who is absent and who on call, by mandates as they are at one moment.

    A mandate may stand there several times, as `mandates_of` returns it.
    """
    absences: dict[int, PresentAbsence] = {}
    on_call: dict[OrganisationRef, list[int]] = {}
    present = {row.absence.pk: row.absence for row in rows if row.absence}
    for absence in sorted(present.values(), key=attrgetter("starts_at", "pk")):
        # Of two absences at once: gone until the later end, replaced by whoever is named in either.
        other = absences.get(absence.mandate_id, PresentAbsence(absence.ends_at, None))
        absences[absence.mandate_id] = PresentAbsence(
            max(absence.ends_at, other.ends_at), other.stand_in or absence.stand_in_id
        )
    shifts = {row.shift.pk: (row.shift, row.organisation) for row in rows if row.shift}
    for shift, ref in sorted(shifts.values(), key=lambda each: (each[0].starts_at, each[0].pk)):
        on_call.setdefault(ref, []).append(shift.mandate_id)
    return Availability(absences, on_call)


def sort_addresses(addresses: Iterable[Address]) -> SortedAddresses:
    """Sort a person's addresses, given in their order, by what can be done with each.

    A landline is never texted.
    """
    mobiles, emails, landlines, unusable = [], [], [], []
    for address in addresses:
        if address.opted_out_at is not None:
            unusable.append(UnusableAddress(address.kind, Reason.OPTED_OUT, address.opted_out_at))
        elif address.failures >= MAX_FAILURES:
            unusable.append(UnusableAddress(address.kind, Reason.FAILING, address.failing_since))
        elif address.kind == AddressKind.LANDLINE:
            landlines.append(address.value)
            unusable.append(UnusableAddress(address.kind, Reason.LANDLINE))
        elif address.kind == AddressKind.EMAIL:
            emails.append(address.value)
        else:
            mobiles.append(address.value)
    return SortedAddresses(tuple(mobiles), tuple(emails), tuple(landlines), tuple(unusable))


def makes_calls() -> bool:
    """Return whether the service has a number to call from."""
    return bool(settings.ENVIRONMENT.caller)


def ringing_kinds() -> frozenset[AddressKind]:
    """Return the kinds of addresses at which something rings at once when it is urgent."""
    landlines = {AddressKind.LANDLINE} if makes_calls() else set()
    return frozenset({AddressKind.MOBILE} | landlines)


def apply_availability(
    people: Sequence[P], absences: Mapping[int, PresentAbsence], on_call: Sequence[int] = ()
) -> Order[P]:
    """Put the people of one organisation, given in its own order, into that of this moment.

    `on_call`: the mandates on call; they come first. Who is absent is passed over, and a named
    stand-in takes that place; without one, or where the stand-in is absent as well and so on, the
    next in order follows. Nobody comes twice.
    """
    by_mandate = {person.mandate_id: person for person in people}
    on_duty = [mandate for mandate in on_call if mandate in by_mandate]
    order: dict[int, P] = {}
    replaced: dict[int, list[P]] = {}
    first: set[int] = set()
    passed_over: list[PassedOver[P]] = []
    for mandate in dict.fromkeys([*on_duty, *by_mandate]):
        holder = by_mandate[mandate]
        told = _present(holder, by_mandate, absences)
        if told is not None:
            order.setdefault(told.mandate_id, told)
            if mandate in on_duty:
                first.add(told.mandate_id)
        if told is not holder:
            if told is not None:
                replaced.setdefault(told.mandate_id, []).append(holder)
            until = absences[mandate].ends_at
            passed_over.append(PassedOver(holder, Reason.ABSENT, moment=until, stand_in=told))
    placed = []
    for mandate, told in order.items():
        passed_over += _unusable_addresses(told)
        if told.addresses:
            placed.append(Placed(told, tuple(replaced.get(mandate, ())), mandate in first))
    return Order(tuple(placed), tuple(passed_over))


def _present(
    holder: P, by_mandate: Mapping[int, P], absences: Mapping[int, PresentAbsence]
) -> P | None:
    """Return the holder, or whoever stands in for them; None if nobody does."""
    seen: set[int] = set()
    while (absence := absences.get(holder.mandate_id)) is not None:
        seen.add(holder.mandate_id)
        stand_in = by_mandate.get(absence.stand_in or 0)
        if stand_in is None or stand_in.mandate_id in seen:
            return None
        holder = stand_in
    return holder


def _unusable_addresses(person: P) -> list[PassedOver[P]]:
    """Return why a person is not told, or not on all addresses."""
    if not person.addresses and not person.unusable:
        return [PassedOver(person, Reason.NO_ADDRESS)]
    return [
        PassedOver(person, address.reason, kind=address.kind, moment=address.since)
        for address in person.unusable
        # Beside another address a landline is nothing to tell of.
        if address.reason is not Reason.LANDLINE or not set(person.addresses) - {"voice"}
    ]
