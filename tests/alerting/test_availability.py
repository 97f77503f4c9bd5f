"""Who is told while somebody is absent, and while somebody is on call: by the hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from time_machine import travel

from notifier.directory.absences import add_absence, end_absence
from notifier.directory.availability import Reason
from notifier.directory.models import Address, AddressKind, Mandate, Organisation
from notifier.directory.on_call import planning
from notifier.directory.on_call.planning import NewRotation
from notifier.directory.recipients import orders_of_telling
from tests.alerting.house import contact, hand_over, journal, number, push, sms, told
from tests.directory.people import organisation

THURSDAY = datetime(2026, 10, 15, 8, tzinfo=UTC)
# Friday 23 October 2026, 18 h in Paris (UTC+2), to Friday 30 October, 18 h (UTC+1).
BEGINS, ENDS = datetime(2026, 10, 23, 16, tzinfo=UTC), datetime(2026, 10, 30, 17, tzinfo=UTC)
A_MOMENT = timedelta(seconds=1)


@pytest.fixture
def three(source) -> list[Mandate]:
    return [
        contact("maire", mobile=number(1)),
        contact("adjoint", rank=1, mobile=number(2)),
        contact("adjoint", rank=2, mobile=number(3)),
    ]


@pytest.fixture
def delle(three: list[Mandate]) -> Organisation:
    return organisation(code="90033")


def absent(mandate: Mandate, stand_in: Mandate | None = None) -> int:
    """From Thursday to Sunday 20 h."""
    sunday = datetime(2026, 10, 18, 18, tzinfo=UTC)
    return add_absence(mandate, THURSDAY, sunday, stand_in, THURSDAY).pk


def told_at(source, at: datetime) -> list[tuple[str, str]]:
    """Who is told of an event that comes then, in order."""
    with travel(at, tick=False):
        reference = f"R-{at:%d%H%M%S}"
        push(source, reference)
        return told(reference)


def test_a_mayor_is_absent_until_sunday_and_the_stand_in_is_told(
    source, three: list[Mandate]
) -> None:
    absent(three[0], three[2])
    assert told_at(source, THURSDAY - A_MOMENT) == [sms(1)]
    assert told_at(source, THURSDAY) == [sms(3)]
    assert told_at(source, datetime(2026, 10, 18, 17, 59, 59, tzinfo=UTC)) == [sms(3)]
    assert told_at(source, datetime(2026, 10, 18, 18, tzinfo=UTC)) == [sms(1)]


def test_without_a_stand_in_the_first_deputy_is_told(source, three: list[Mandate]) -> None:
    number_ = absent(three[0])
    assert told_at(source, THURSDAY) == [sms(2)]
    end_absence(number_, THURSDAY + timedelta(hours=2))
    assert told_at(source, THURSDAY + timedelta(hours=2)) == [sms(1)]


def test_a_text_that_waits_does_not_go_to_whoever_is_absent_by_then(
    source, three: list[Mandate]
) -> None:
    with travel(THURSDAY - timedelta(minutes=1), tick=False):
        push(source)
    absent(three[0], three[2])
    with travel(THURSDAY + A_MOMENT, tick=False):
        hand_over()
    assert told() == [sms(1), sms(3)]
    assert "maire n’est plus à cette adresse" in journal(step="decided")[-1].text


def test_a_week_on_call_over_the_change_of_the_clock(
    source, delle: Organisation, three: list[Mandate]
) -> None:
    """From Friday 18 h to Friday 18 h, 169 hours: the second deputy first, and the mayor."""
    rota = NewRotation([three[1], three[2]], datetime(2026, 10, 16, 18))  # noqa: DTZ001 - local
    planning.plan_rotation(delle, rota, THURSDAY)
    assert told_at(source, BEGINS - A_MOMENT) == [sms(2), sms(1)]
    assert told_at(source, BEGINS) == [sms(3), sms(1)]
    assert told_at(source, ENDS - A_MOMENT) == [sms(3), sms(1)]
    assert told_at(source, ENDS) == [sms(2), sms(1)]


def test_one_night_is_swapped(source, delle: Organisation, three: list[Mandate]) -> None:
    rota = NewRotation([three[1], three[2]], datetime(2026, 10, 16, 18))  # noqa: DTZ001 - local
    planning.plan_rotation(delle, rota, THURSDAY)
    evening = datetime(2026, 10, 26, 19, tzinfo=UTC)
    planning.give(delle, evening, evening + timedelta(hours=11), three[1], THURSDAY)
    assert told_at(source, evening) == [sms(2), sms(1)]
    assert told_at(source, evening + timedelta(hours=11)) == [sms(3), sms(1)]


def test_whoever_is_on_call_and_absent_is_replaced(
    source, delle: Organisation, three: list[Mandate]
) -> None:
    planning.add_shift(delle, THURSDAY, ENDS, three[1])
    absent(three[1], three[2])
    assert told_at(source, THURSDAY) == [sms(3), sms(1)]


def test_a_landline_is_never_texted(source) -> None:
    mayor = contact("maire")
    Address.objects.create(
        person_id=mayor.person_id, kind=AddressKind.LANDLINE, value="+33384560001"
    )
    contact("adjoint", mobile=number(2))
    assert told_at(source, THURSDAY) == [sms(2)]
    order = orders_of_telling([mayor.organisation.ref], THURSDAY)[mayor.organisation.ref]
    assert [(p.person.function, p.reason) for p in order.passed_over] == [
        ("maire", Reason.LANDLINE)
    ]
