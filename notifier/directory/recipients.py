"""The people of organisations who are active at a given moment, each in the order of telling."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from notifier.directory.availability import (
    Order,
    Reason,
    SortedAddresses,
    UnusableAddress,
    apply_availability,
    availability_of,
    makes_calls,
    sort_addresses,
)
from notifier.directory.models import (
    ESCALATION_ORDER,
    Function,
    OrganisationKind,
    OrganisationRef,
    function_title,
)
from notifier.directory.periods import is_within
from notifier.directory.preferences import quiet_until
from notifier.directory.sql import MandateRow, mandates_of


@dataclass(frozen=True)
class Recipient:
    """Somebody in the order of being told, as other rooms may know: never the name."""

    mandate_id: int
    person_id: int
    organisation: OrganisationRef
    function: str
    rank: int
    reachable_at: tuple[tuple[str, str], ...]
    """Channel and address, of all that are usable, the mobiles first, each in the person's order.

    The numbers that can be called last, landlines before mobiles; none where we call nobody.
    """
    unusable: tuple[UnusableAddress, ...] = ()
    is_on_call: bool = False
    stands_in_for: tuple[str, ...] = ()
    """The functions of those who are absent and in whose place they are told."""
    quiet_until: datetime | None = None
    """Until when no SMS tells of what is not urgent (aware); None outside their quiet hours."""
    routine_channels: tuple[str, ...] = ()
    """The channels that they chose for what is not urgent; empty: all."""

    @cached_property
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
    def is_rung(self) -> bool:
        """Whether a telephone of theirs rings at once when it is urgent."""
        return "sms" in self.addresses or "voice" in self.addresses

    @property
    def is_written_to(self) -> bool:
        """Whether they can read a text; else they can be called at most."""
        return "sms" in self.addresses or "email" in self.addresses

    @property
    def functions(self) -> frozenset[str]:
        """In which functions they are told now: their own, of those replaced, on call."""
        on_call = (Function.ON_CALL, Function.ON_CALL_OFFICER) if self.is_on_call else ()
        return frozenset((self.function, *self.stands_in_for, *on_call))

    @property
    def title(self) -> str:
        """The function in French, such as "maire", "1er adjoint", "2e adjoint"."""
        return function_title(self.function, self.rank)


def commune_refs(codes: Collection[str]) -> list[OrganisationRef]:
    """Return the communes as organisations, in the order of their codes."""
    return [OrganisationRef(OrganisationKind.COMMUNE, code) for code in sorted(codes)]


def active_people(
    organisations: Collection[OrganisationRef], at: datetime
) -> dict[OrganisationRef, list[Recipient]]:
    """Return the people of each organisation who can be told at `at`, in the order of telling.

    As `orders_of_telling`, without those who are passed over.
    """
    orders = orders_of_telling(organisations, at)
    return {ref: _to_list(order) for ref, order in orders.items()}


def orders_of_telling(
    organisations: Collection[OrganisationRef], at: datetime
) -> dict[OrganisationRef, Order[Recipient]]:
    """Return who of each organisation is told at `at`, in order, and who is passed over and why.

    Of a commune: mayor, deputies by rank, on-call elected official, municipal police, chief
    executive, others: the order of CGCT art. L2122-17, then those who do not replace the mayor.
    Whoever is on call by a rota comes first, a stand-in in the place of who is absent. Dates are
    inclusive and read in the organisation's own time zone. Every organisation asked for has an
    order, perhaps empty. One SQL statement, however many the organisations.

    Raises ValueError when `at` is naive.
    """
    if at.utcoffset() is None:
        raise ValueError("orders_of_telling needs a moment with its time zone")
    if not organisations:
        return {}
    active: dict[OrganisationRef, list[Recipient]] = {ref: [] for ref in organisations}
    found = mandates_of(active, at)
    for person in people_in_office(found, at):
        active[person.organisation].append(person)
    availability = availability_of(found)
    return {
        ref: apply_availability(people, availability.absences, availability.on_call.get(ref, ()))
        for ref, people in active.items()
    }


def people_in_office(rows: Sequence[MandateRow], at: datetime) -> list[Recipient]:
    """Return who of these holds a mandate on that day, in the order of telling, absent or not."""
    people = [
        _to_recipient(of_one, at)
        for of_one in _by_mandate(rows)
        if is_within(
            at.astimezone(ZoneInfo(of_one[0].time_zone)).date(),
            of_one[0].mandate.starts_on,
            of_one[0].mandate.ends_on,
        )
    ]
    return sorted(people, key=lambda person: (ESCALATION_ORDER[person.function], person.rank))


def _to_list(order: Order[Recipient]) -> list[Recipient]:
    return [
        replace(
            placed.person,
            is_on_call=placed.is_on_call,
            stands_in_for=tuple(person.function for person in placed.stands_in_for),
        )
        if placed.is_on_call or placed.stands_in_for
        else placed.person
        for placed in order.placed
    ]


def _by_mandate(rows: Sequence[MandateRow]) -> list[list[MandateRow]]:
    grouped: dict[int, list[MandateRow]] = {}
    for row in rows:
        grouped.setdefault(row.mandate.pk, []).append(row)
    return list(grouped.values())


def _to_recipient(rows: Sequence[MandateRow], at: datetime) -> Recipient:
    mandate, chosen = rows[0].mandate, rows[0].preferences
    addresses = sort_addresses({r.address.pk: r.address for r in rows if r.address}.values())
    if rows[0].lacks_consent:
        addresses = SortedAddresses(unusable=(UnusableAddress("", Reason.NO_CONSENT),))
    return Recipient(
        mandate_id=mandate.pk,
        person_id=mandate.person_id,
        organisation=rows[0].organisation,
        function=mandate.function,
        rank=mandate.rank,
        reachable_at=(
            *(("sms", number) for number in addresses.mobiles),
            *(("email", mailbox) for mailbox in addresses.emails),
            *(("voice", number) for number in _callable(addresses)),
        ),
        unusable=addresses.unusable,
        quiet_until=quiet_until(chosen, ZoneInfo(rows[0].time_zone), at) if chosen else None,
        routine_channels=tuple(chosen.routine_channels) if chosen else (),
    )


def _callable(addresses: SortedAddresses) -> tuple[str, ...]:
    return (*addresses.landlines, *addresses.mobiles) if makes_calls() else ()
