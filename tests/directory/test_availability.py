"""Who is told now: absences, stand-ins, who is on call, addresses that fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.directory.availability import (
    Availability,
    PresentAbsence,
    Reason,
    UnusableAddress,
    apply_availability,
    availability_of,
    sort_addresses,
)
from notifier.directory.models import (
    Absence,
    Address,
    AddressKind,
    Mandate,
    OnCallShift,
    Organisation,
    OrganisationKind,
    OrganisationRef,
    Person,
)
from notifier.directory.recipients import orders_of_telling
from notifier.directory.sql import mandates_of

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 12, 5, 2, tzinfo=UTC)
SUNDAY = datetime(2026, 12, 6, 19, tzinfo=UTC)
MAYOR, FIRST, SECOND, THIRD, CHIEF = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Somebody:
    mandate_id: int
    addresses: dict[str, str] = field(default_factory=lambda: {"sms": "+33639980001"}, hash=False)
    unusable: tuple[UnusableAddress, ...] = ()


PEOPLE = [Somebody(mandate) for mandate in (MAYOR, FIRST, SECOND, THIRD, CHIEF)]


def absent(stand_in: int | None = None, until: datetime = SUNDAY) -> PresentAbsence:
    return PresentAbsence(until, stand_in)


def told(people: list[Somebody] = PEOPLE, **known: Any) -> list[int]:
    absences = known.get("absences", {})
    order = apply_availability(people, absences, known.get("on_call", ()))
    return [placed.person.mandate_id for placed in order.placed]


def test_without_absence_or_shift_the_order_is_the_organisation_s_own() -> None:
    assert told() == [MAYOR, FIRST, SECOND, THIRD, CHIEF]


def test_an_absent_mayor_without_stand_in_is_followed_by_the_next() -> None:
    order = apply_availability(PEOPLE, {MAYOR: absent()})
    assert [placed.person.mandate_id for placed in order.placed] == [FIRST, SECOND, THIRD, CHIEF]
    [passed_over] = order.passed_over
    assert passed_over.person.mandate_id == MAYOR
    assert passed_over.in_french(PARIS) == "absent jusqu’au dimanche 6 décembre 2026 à 20 h 00"
    assert passed_over.stand_in is None


def test_a_named_stand_in_takes_the_place_of_the_mayor() -> None:
    order = apply_availability(PEOPLE, {MAYOR: absent(THIRD)})
    assert [placed.person.mandate_id for placed in order.placed] == [THIRD, FIRST, SECOND, CHIEF]
    assert [person.mandate_id for person in order.placed[0].stands_in_for] == [MAYOR]
    assert order.passed_over[0].stand_in == PEOPLE[3]


def test_whoever_stands_in_for_a_later_one_keeps_the_earlier_place() -> None:
    assert told(absences={CHIEF: absent(FIRST)}) == [MAYOR, FIRST, SECOND, THIRD]


def test_the_stand_in_of_an_absent_stand_in_takes_the_place() -> None:
    absences = {MAYOR: absent(FIRST), FIRST: absent(CHIEF)}
    assert told(absences=absences) == [CHIEF, SECOND, THIRD]


def test_two_who_stand_in_for_each_other_and_are_both_absent_are_passed_over() -> None:
    assert told(absences={MAYOR: absent(FIRST), FIRST: absent(MAYOR)}) == [SECOND, THIRD, CHIEF]


def test_a_stand_in_who_left_the_organisation_is_nobody() -> None:
    assert told(absences={MAYOR: absent(99)}) == [FIRST, SECOND, THIRD, CHIEF]


def test_whoever_is_on_call_comes_first() -> None:
    order = apply_availability(PEOPLE, {}, [SECOND])
    assert [placed.person.mandate_id for placed in order.placed] == [
        SECOND, MAYOR, FIRST, THIRD, CHIEF,
    ]  # fmt: skip
    assert [placed.is_on_call for placed in order.placed] == [True, False, False, False, False]


def test_whoever_is_on_call_and_absent_is_replaced_in_that_place() -> None:
    order = apply_availability(PEOPLE, {SECOND: absent(CHIEF)}, [SECOND])
    assert [placed.person.mandate_id for placed in order.placed] == [CHIEF, MAYOR, FIRST, THIRD]
    assert order.placed[0].is_on_call
    assert told(absences={SECOND: absent()}, on_call=[SECOND]) == [MAYOR, FIRST, THIRD, CHIEF]


def test_whoever_is_on_call_without_a_present_mandate_is_nobody() -> None:
    assert told(on_call=[99]) == [MAYOR, FIRST, SECOND, THIRD, CHIEF]


def test_an_address_that_fails_is_passed_over_and_said_so() -> None:
    failing = UnusableAddress(AddressKind.MOBILE, Reason.FAILING, NOW)
    by_mail = Somebody(MAYOR, {"email": "maire@delle.example"}, (failing,))
    gone = Somebody(FIRST, {}, (failing,))
    order = apply_availability([by_mail, gone], {})
    assert [placed.person for placed in order.placed] == [by_mail]
    assert [(p.person, p.in_french(PARIS)) for p in order.passed_over] == [
        (by_mail, "mobile en échec depuis le samedi 5 décembre 2026 à 3 h 00, à confirmer"),
        (gone, "mobile en échec depuis le samedi 5 décembre 2026 à 3 h 00, à confirmer"),
    ]


def test_a_landline_alone_is_said_and_beside_a_mobile_is_not() -> None:
    landline = UnusableAddress(AddressKind.LANDLINE, Reason.LANDLINE)
    alone, beside = Somebody(MAYOR, {}, (landline,)), Somebody(FIRST, unusable=(landline,))
    order = apply_availability([alone, beside, Somebody(SECOND, {})], {})
    assert [placed.person for placed in order.placed] == [beside]
    assert [p.reason for p in order.passed_over] == [Reason.LANDLINE, Reason.NO_ADDRESS]


def test_what_can_be_done_with_each_address() -> None:
    found = sort_addresses(
        [
            Address(kind=AddressKind.LANDLINE, value="+33384000001"),
            Address(kind=AddressKind.MOBILE, value="+33639980001", failures=2, failing_since=NOW),
            Address(kind=AddressKind.MOBILE, value="+33639980002", failures=1, failing_since=NOW),
            Address(kind=AddressKind.MOBILE, value="+33639980003", opted_out_at=NOW),
            Address(kind=AddressKind.EMAIL, value="maire@delle.example"),
        ]
    )
    assert found.mobiles == ("+33639980002",)
    assert found.emails == ("maire@delle.example",)
    assert [address.reason for address in found.unusable] == [
        Reason.LANDLINE, Reason.FAILING, Reason.OPTED_OUT,
    ]  # fmt: skip


mandates = st.integers(1, 6)


@given(
    st.lists(mandates, unique=True),
    st.dictionaries(mandates, st.none() | mandates),
    st.lists(mandates, max_size=2, unique=True),
    st.sets(mandates),
)
def test_nobody_absent_or_unreachable_is_told_and_nobody_twice_or_forgotten(
    present: list[int], gone: dict[int, int | None], on_call: list[int], reachable: set[int]
) -> None:
    people = [Somebody(m, {"sms": "+33639980001"} if m in reachable else {}) for m in present]
    absences = {mandate: absent(stand_in) for mandate, stand_in in gone.items()}
    order = apply_availability(people, absences, on_call)
    placed = [one.person.mandate_id for one in order.placed]
    assert set(placed) == (set(present) & reachable) - set(gone)
    assert len(placed) == len(set(placed))
    passed_over = {one.person.mandate_id for one in order.passed_over}
    assert passed_over == set(present) - set(placed)
    on_duty = [one.is_on_call for one in order.placed]
    assert on_duty == sorted(on_duty, reverse=True)


# --- as stored -----------------------------------------------------------------------------------

DELLE = OrganisationRef(OrganisationKind.COMMUNE, "90033")
METROPOLE = OrganisationRef(OrganisationKind.EPCI, "246300701")


def mandate(ref: OrganisationRef, function: str, rank: int = 1) -> Mandate:
    organisation, _ = Organisation.objects.get_or_create(
        kind=ref.kind, code=ref.code, defaults={"name": "Ici"}
    )
    return Mandate.objects.create(
        person=Person.objects.create(), organisation=organisation, function=function, rank=rank
    )


def available(refs: list[OrganisationRef], at: datetime) -> Availability:
    return availability_of(mandates_of(refs, at))


@pytest.mark.django_db
def test_absences_and_shifts_are_read_at_the_moment() -> None:
    mayor, deputy = mandate(DELLE, "maire"), mandate(DELLE, "adjoint")
    begins, ends = NOW - timedelta(hours=3), NOW + timedelta(hours=4)
    Absence.objects.create(mandate=mayor, starts_at=begins, ends_at=ends, stand_in=deputy)
    OnCallShift.objects.create(
        organisation=mayor.organisation, mandate=deputy, starts_at=begins, ends_at=ends
    )
    found = Availability({mayor.pk: PresentAbsence(ends, deputy.pk)}, {DELLE: [deputy.pk]})
    assert available([DELLE], begins) == found
    assert available([DELLE], ends - timedelta(microseconds=1)) == found
    for at in (begins - timedelta(microseconds=1), ends):
        assert available([DELLE], at) == Availability()
    assert available([METROPOLE], NOW) == Availability()


@pytest.mark.django_db
def test_of_two_absences_at_once_the_later_end_and_the_named_stand_in_count() -> None:
    mayor, deputy = mandate(DELLE, "maire"), mandate(DELLE, "adjoint")
    for hours, stand_in in ((5, deputy), (9, None)):
        Absence.objects.create(
            mandate=mayor, starts_at=NOW, ends_at=NOW + timedelta(hours=hours), stand_in=stand_in
        )
    assert available([DELLE], NOW).absences == {
        mayor.pk: PresentAbsence(NOW + timedelta(hours=9), deputy.pk)
    }


@pytest.mark.django_db
def test_several_addresses_absences_and_shifts_are_each_counted_once() -> None:
    mayor, deputy = mandate(DELLE, "maire"), mandate(DELLE, "adjoint")
    for position, number in enumerate(("+33639980001", "+33639980002")):
        Address.objects.create(
            person=deputy.person, kind=AddressKind.MOBILE, value=number, position=position
        )
    for hours in (5, 9):
        lasting = {"starts_at": NOW, "ends_at": NOW + timedelta(hours=hours)}
        Absence.objects.create(mandate=mayor, **lasting)
        OnCallShift.objects.create(organisation=deputy.organisation, mandate=deputy, **lasting)
    order = orders_of_telling([DELLE], NOW)[DELLE]
    (told,) = order.placed
    assert told.is_on_call
    assert told.person.reachable_at == (("sms", "+33639980001"), ("sms", "+33639980002"))
    (absent,) = order.passed_over
    assert (absent.person.mandate_id, absent.reason) == (mayor.pk, Reason.ABSENT)
    assert absent.moment == NOW + timedelta(hours=9)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 40])
def test_one_statement_however_many_organisations(
    count: int, django_assert_num_queries: Any
) -> None:
    refs = [OrganisationRef(OrganisationKind.COMMUNE, f"900{n:02d}") for n in range(1, 41)][:count]
    for ref in refs:
        holder = mandate(ref, "maire")
        Absence.objects.create(mandate=holder, starts_at=NOW, ends_at=NOW + timedelta(hours=1))
        OnCallShift.objects.create(
            organisation=holder.organisation,
            mandate=holder,
            starts_at=NOW,
            ends_at=NOW + timedelta(hours=1),
        )
    with django_assert_num_queries(1):
        found = available(refs, NOW)
    assert len(found.absences) == len(found.on_call) == count
