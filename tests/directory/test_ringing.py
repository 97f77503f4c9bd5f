"""When an absence leaves an organisation without a telephone that rings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from notifier.directory.models import MAX_FAILURES, Absence, Address, Mandate, Organisation
from notifier.directory.on_call.shifts import local_moment
from notifier.directory.ringing import Away, first_rung, silences_of
from tests.directory.people import organisation, somebody
from tests.harness.variables import changed

pytestmark = pytest.mark.django_db
# Friday evening to Monday, in Paris.
STARTS = datetime(2026, 12, 4, 17, tzinfo=UTC)
ENDS = datetime(2026, 12, 7, 22, 59, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def delle() -> Organisation:
    return organisation()


@pytest.fixture
def mayor(delle: Organisation) -> Mandate:
    return somebody(delle, "Noyer", "maire", mobile="+33639980001", email="n@delle.example")


def silences(*away: Mandate, stand_in: Mandate | None = None) -> list[tuple[object, ...]]:
    new = Away(away[0].organisation, away, STARTS, ENDS, stand_in)
    return [(one.starts_at, one.ends_at, one.told) for one in silences_of(new)]


def away(mandate: Mandate, starts: datetime, ends: datetime, other: Mandate | None = None) -> None:
    Absence.objects.create(mandate=mandate, starts_at=starts, ends_at=ends, stand_in=other)


def test_the_only_telephone_is_away_all_the_time(mayor: Mandate, delle: Organisation) -> None:
    assert silences(mayor) == [(STARTS, ENDS, ())]
    somebody(delle, "Tilleul", email="t@delle.example")
    assert silences(mayor) == [(STARTS, ENDS, ("1er adjoint",))]


def test_another_telephone_rings_meanwhile(mayor: Mandate, delle: Organisation) -> None:
    somebody(delle, "Tilleul", mobile="+33639980002")
    assert silences(mayor) == []


def test_but_not_while_its_owner_is_away_as_well(mayor: Mandate, delle: Organisation) -> None:
    deputy = somebody(delle, "Tilleul", mobile="+33639980002")
    away(deputy, STARTS - DAY, STARTS + DAY)
    away(deputy, ENDS - timedelta(hours=1), ENDS + DAY)
    assert silences(mayor) == [
        (STARTS, STARTS + DAY, ()),
        (ENDS - timedelta(hours=1), ENDS, ()),
    ]
    third = somebody(delle, "Orme", rank=2, mobile="+33639980003")
    Absence.objects.update(stand_in=third)
    assert silences(mayor) == []


def test_nor_after_the_end_of_a_mandate_nor_before_its_beginning(
    mayor: Mandate, delle: Organisation
) -> None:
    leaving = somebody(delle, "Tilleul", mobile="+33639980002")
    leaving.ends_on = date(2026, 12, 5)
    leaving.save()
    coming = somebody(delle, "Orme", mobile="+33639980003", rank=2)
    coming.starts_on = date(2026, 12, 7)
    coming.save()
    zone = delle.zone_info
    gone, there = (
        local_moment(datetime.combine(date(2026, 12, day), datetime.min.time()), zone)
        for day in (6, 7)
    )
    assert silences(mayor) == [(gone, there, ())]


@pytest.mark.parametrize("values", [{"failures": MAX_FAILURES}, {"opted_out_at": STARTS}])
def test_a_number_that_is_passed_over_does_not_ring(
    mayor: Mandate, delle: Organisation, values: dict[str, object]
) -> None:
    deputy = somebody(delle, "Tilleul", mobile="+33639980002")
    Address.objects.filter(person=deputy.person).update(**values)
    assert silences(mayor) == [(STARTS, ENDS, ())]


def test_a_stand_in_takes_the_place_if_something_rings_there(
    mayor: Mandate, delle: Organisation
) -> None:
    by_mail = somebody(delle, "Tilleul", email="t@delle.example")
    assert silences(mayor, stand_in=by_mail) == [(STARTS, ENDS, ("1er adjoint",))]
    by_phone = somebody(delle, "Orme", rank=2, mobile="+33639980003")
    assert silences(mayor, stand_in=by_phone) == []


def test_a_landline_rings_where_the_service_calls(
    mayor: Mandate, delle: Organisation, settings
) -> None:
    deputy = somebody(delle, "Tilleul")
    Address.objects.create(person=deputy.person, kind="fixe", value="+33384366666")
    assert silences(mayor) == [(STARTS, ENDS, ())]
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, TWILIO_VOICE_FROM="+33353010090")
    assert silences(mayor) == []


def test_two_functions_of_one_person_are_away_together(mayor: Mandate, delle: Organisation) -> None:
    other = Mandate.objects.create(
        person=mayor.person, organisation=delle, function="astreinte", rank=1
    )
    assert silences(mayor) == []
    assert silences(mayor, other) == [(STARTS, ENDS, ())]


def test_where_nothing_rang_before_the_absence_takes_nothing_away(
    mayor: Mandate, delle: Organisation
) -> None:
    Address.objects.filter(kind="mobile").delete()
    assert silences(mayor) == []


def test_two_statements_whatever_is_stored(
    mayor: Mandate, delle: Organisation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for rank in range(1, 6):
        deputy = somebody(delle, f"N{rank}", rank=rank, mobile=f"+3363998001{rank}")
        away(deputy, STARTS + rank * timedelta(hours=1), ENDS)
    new = Away(delle, [mayor], STARTS, ENDS, None)
    with django_assert_num_queries(2):
        (found,) = silences_of(new)
    assert found.starts_at == STARTS + timedelta(hours=5)
    assert str(found).startswith("du vendredi 4 décembre 2026 à 23 h 00 au lundi 7 décembre 2026")


def test_what_is_stored_already_is_judged_as_it_was_before(mayor: Mandate) -> None:
    away(mayor, STARTS, ENDS)
    assert silences(mayor) == [(STARTS, ENDS, ())]


def test_whose_telephone_rings_first(mayor: Mandate, delle: Organisation) -> None:
    assert first_rung(delle, STARTS) == "maire"
    away(mayor, STARTS, ENDS)
    assert first_rung(delle, STARTS) == ""
    somebody(delle, "Tilleul", email="t@delle.example")
    somebody(delle, "Orme", rank=2, mobile="+33639980003")
    assert first_rung(delle, STARTS) == "2e adjoint"
