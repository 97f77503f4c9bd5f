"""Who is there, in which order, at what hour: the order of escalation and the active period."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from notifier.directory.models import (
    Absence,
    Address,
    Mandate,
    OnCallShift,
    Organisation,
    OrganisationRef,
)
from notifier.directory.recipients import Recipient, active_people, orders_of_telling
from tests.harness.people import add_contact

pytestmark = pytest.mark.django_db

DELLE, BELFORT, SAINT_DENIS = "90033", "90010", "97411"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def contact(commune: str, function: str, rank: int = 1, **fields: Any) -> Mandate:
    fields.setdefault("mobile", "+33639980001")
    Organisation.objects.get_or_create(kind="commune", code=commune, defaults={"name": commune})
    if commune == SAINT_DENIS:
        Organisation.objects.filter(code=commune).update(time_zone="Indian/Reunion")
    return add_contact(commune, function, rank=rank, **fields)


def present(*communes: str, at: datetime = NOON) -> dict[str, list[Recipient]]:
    """The people who are there, by commune."""
    answer = active_people([OrganisationRef("commune", code) for code in communes], at)
    return {ref.code: people for ref, people in answer.items()}


def titles(people: list[Recipient]) -> list[str]:
    return [person.title for person in people]


def test_the_mayor_comes_first_then_the_deputies_as_nominated_then_the_town_hall() -> None:
    for function, rank in [
        ("autre", 1),
        ("dgs", 1),
        ("adjoint", 10),
        ("police_municipale", 1),
        ("adjoint", 2),
        ("astreinte", 1),
        ("adjoint", 1),
        ("maire", 1),
    ]:
        contact(DELLE, function, rank)
    assert titles(present(DELLE)[DELLE]) == [
        "maire",
        "1er adjoint",
        "2e adjoint",
        "10e adjoint",
        "élu d’astreinte",
        "police municipale",
        "directeur général des services",
        "autre contact",
    ]


def test_a_person_is_what_is_needed_to_tell_and_no_name() -> None:
    mayor = contact(DELLE, "maire", email="maire@delle.example", last_name="Merisier")
    [person] = present(DELLE)[DELLE]
    assert person == Recipient(
        mayor.pk,
        mayor.person_id,
        OrganisationRef("commune", DELLE),
        "maire",
        1,
        (("sms", "+33639980001"), ("email", "maire@delle.example")),
    )
    assert "Merisier" not in repr(person)


def test_every_commune_asked_for_answers_and_no_other() -> None:
    contact(DELLE, "maire")
    contact(BELFORT, "maire")
    answer = present(DELLE, "90001", DELLE)
    assert titles(answer[DELLE]) == ["maire"]
    assert answer["90001"] == []
    assert set(answer) == {DELLE, "90001"}


@pytest.mark.parametrize("count", [1, 60])
def test_one_statement_however_many_communes(count: int, django_assert_num_queries: Any) -> None:
    communes = [f"900{number:02d}" for number in range(1, 61)][:count]
    for code in communes:
        contact(code, "maire")
        contact(code, "adjoint")
    with django_assert_num_queries(1):
        answer = present(*communes)
    assert sum(map(len, answer.values())) == 2 * count


def test_nobody_asked_for_is_nobody() -> None:
    assert active_people([], NOON) == {}


@pytest.mark.parametrize(
    ("at", "told"),
    [
        # 1 December begins at 20:00 UTC of 30 November in La Réunion (UTC+4)…
        (datetime(2026, 11, 30, 19, 59, 59, tzinfo=UTC), []),
        (datetime(2026, 11, 30, 20, 0, tzinfo=UTC), ["maire"]),
        # …and 24 December ends there at 20:00 UTC.
        (datetime(2026, 12, 24, 19, 59, 59, tzinfo=UTC), ["maire"]),
        (datetime(2026, 12, 24, 20, 0, tzinfo=UTC), []),
    ],
)
def test_the_period_is_inclusive_in_the_commune_s_own_time(at: datetime, told: list[str]) -> None:
    contact(SAINT_DENIS, "maire", active_from=date(2026, 12, 1), active_until=date(2026, 12, 24))
    assert titles(present(SAINT_DENIS, at=at)[SAINT_DENIS]) == told


def test_the_same_moment_is_another_day_in_another_commune() -> None:
    for code in (SAINT_DENIS, DELLE):
        contact(code, "maire", active_from=date(2026, 12, 1))
    answer = present(SAINT_DENIS, DELLE, at=datetime(2026, 11, 30, 21, 0, tzinfo=UTC))
    assert titles(answer[SAINT_DENIS]) == ["maire"]
    assert answer[DELLE] == []


def test_a_moment_without_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        present(DELLE, at=datetime(2026, 11, 22, 12))  # noqa: DTZ001 - the fault under test


def test_a_commune_that_no_longer_exists_keeps_its_people() -> None:
    contact("90999", "maire", active_until=date(2026, 11, 22))
    assert titles(present("90999")["90999"]) == ["maire"]


def address(mandate: Mandate, value: str, **fields: Any) -> None:
    Address.objects.create(person=mandate.person, kind="mobile", value=value, position=2, **fields)


def test_a_number_that_failed_for_good_twice_gives_way_to_the_second_one() -> None:
    mayor = contact(DELLE, "maire")
    address(mayor, "+33639980002")
    Address.objects.filter(position=1).update(failures=1)
    assert present(DELLE)[DELLE][0].mobile == "+33639980001"
    Address.objects.filter(position=1).update(failures=2, failing_since=NOON)
    assert present(DELLE)[DELLE][0].mobile == "+33639980002"


@pytest.mark.parametrize(
    "useless",
    [{"failures": 2, "failing_since": NOON}, {"opted_out_at": NOON}, {"kind": "fixe"}],
)
def test_whoever_no_text_reaches_is_left_out_and_it_is_said_why(useless: dict[str, Any]) -> None:
    contact(DELLE, "maire")
    Address.objects.update(**useless)
    contact(DELLE, "adjoint", mobile="+33639980002")
    ref = OrganisationRef("commune", DELLE)
    order = orders_of_telling([ref], NOON)[ref]
    assert [placed.person.title for placed in order.placed] == ["1er adjoint"]
    assert [passed.person.title for passed in order.passed_over] == ["maire"]


def test_a_stand_in_takes_the_place_and_the_function_of_who_is_absent() -> None:
    mayor, _first, second = (
        contact(DELLE, "maire"),
        contact(DELLE, "adjoint", 1, mobile="+33639980002"),
        contact(DELLE, "adjoint", 2, mobile="+33639980003"),
    )
    Absence.objects.create(mandate=mayor, starts_at=NOON - DAY, ends_at=NOON + DAY, stand_in=second)
    told = present(DELLE)[DELLE]
    assert titles(told) == ["2e adjoint", "1er adjoint"]
    assert "maire" in told[0].functions
    assert titles(present(DELLE, at=NOON + DAY)[DELLE]) == ["maire", "1er adjoint", "2e adjoint"]


def test_whoever_is_on_call_comes_first_and_is_told_as_such() -> None:
    contact(DELLE, "maire")
    deputy = contact(DELLE, "adjoint", 1, mobile="+33639980002")
    OnCallShift.objects.create(
        organisation=deputy.organisation, mandate=deputy, starts_at=NOON - DAY, ends_at=NOON + DAY
    )
    told = present(DELLE)[DELLE]
    assert titles(told) == ["1er adjoint", "maire"]
    assert "astreinte" in told[0].functions
