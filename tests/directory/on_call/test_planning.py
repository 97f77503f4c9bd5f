"""On-call as stored: rotations, swaps, gaps, the daily extension."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from notifier.directory.models import (
    Absence,
    Mandate,
    OnCallRotation,
    OnCallShift,
    Organisation,
)
from notifier.directory.on_call import gaps, planning
from notifier.directory.on_call.planning import NewRotation, OnCallError
from notifier.directory.on_call.shifts import Gap
from tests.directory.people import organisation, somebody

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 10, 12, 8, tzinfo=UTC)
FIRST = datetime(2026, 10, 16, 18)  # noqa: DTZ001 - local
NAMES = ("Merisier", "Tilleul", "Aulne", "Sorbier", "Érable")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.fixture
def delle() -> Organisation:
    return organisation()


@pytest.fixture
def five(delle: Organisation) -> list[Mandate]:
    return [somebody(delle, name, rank=rank) for rank, name in enumerate(NAMES, 1)]


@pytest.fixture
def planned(delle: Organisation, five: list[Mandate]) -> list[OnCallShift]:
    return planning.plan_rotation(delle, NewRotation(five, FIRST), NOW)


def names(shifts: list[OnCallShift]) -> list[str]:
    return [shift.mandate.person.last_name for shift in shifts]


def stored(where: Organisation) -> list[tuple[datetime, datetime, str]]:
    rows = OnCallShift.objects.filter(organisation=where).select_related("mandate__person")
    return [(row.starts_at, row.ends_at, row.mandate.person.last_name) for row in rows]


def test_a_year_of_weeks_is_stored_over_both_changes_of_the_clock(
    delle: Organisation, planned: list[OnCallShift]
) -> None:
    rows = stored(delle)
    assert len(rows) == len(planned) == 53
    assert [name for *_, name in rows[:6]] == [*NAMES, NAMES[0]]
    assert rows[1] == (utc(2026, 10, 23, 16), utc(2026, 10, 30, 17), "Tilleul")
    local = {at.astimezone(delle.zone_info).strftime("%a %H:%M") for row in rows for at in row[:2]}
    assert local == {"Fri 18:00"}


def test_overseas_the_hour_is_the_organisation_s_own(five: list[Mandate]) -> None:
    saint_denis = organisation(code="97411")
    member = somebody(saint_denis, "Filao")
    [first, *_] = planning.plan_rotation(saint_denis, NewRotation([member], FIRST), NOW)
    assert first.starts_at == utc(2026, 10, 16, 14)


def test_a_second_rotation_at_the_same_time_is_refused_and_says_who_has_it(
    delle: Organisation, five: list[Mandate], planned: list[OnCallShift]
) -> None:
    new = NewRotation([five[0]], datetime(2026, 10, 24, 18))  # noqa: DTZ001 - local
    with pytest.raises(OnCallError) as refused:
        planning.plan_rotation(delle, new, NOW)
    assert str(refused.value).startswith(
        "Tilleul est déjà d’astreinte du vendredi 23 octobre 2026 à 18 h 00 au vendredi 30 octobre "
        "2026 à 18 h 00 : arrêter d’abord"
    )
    assert OnCallRotation.objects.count() == 1
    assert len(stored(delle)) == 53


def test_another_organisation_has_its_own(planned: list[OnCallShift]) -> None:
    landlord = organisation("partenaire", "habitat-exemple")
    member = somebody(landlord, "Cormier", "gardien")
    assert len(planning.plan_rotation(landlord, NewRotation([member], FIRST), NOW)) == 53


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"members": []}, "de 1 à 60 personnes"),
        ({"shift_days": 0}, "de 1 à 31 jours"),
        ({"shift_days": 32}, "de 1 à 31 jours"),
        ({"ends_on": date(2026, 10, 16)}, "ne suit pas son début"),
        ({"first_start": datetime(2028, 1, 1, 18)}, "aucun tour"),  # noqa: DTZ001
        (
            {"first_start": datetime(2025, 1, 1, 18), "ends_on": date(2026, 1, 1)},  # noqa: DTZ001
            "aucun tour",
        ),
    ],
)
def test_a_pattern_that_cannot_be_is_refused(
    delle: Organisation, five: list[Mandate], change: dict[str, object], why: str
) -> None:
    new = NewRotation(**{"members": five, "first_start": FIRST, **change})  # type: ignore[arg-type]
    with pytest.raises(OnCallError, match=why):
        planning.plan_rotation(delle, new, NOW)
    assert not OnCallRotation.objects.exists()


def test_whoever_has_no_mandate_there_is_refused(delle: Organisation) -> None:
    stranger = somebody(organisation(code="90010"), "Frêne")
    begins, ends = utc(2026, 10, 14), utc(2026, 10, 15)
    for plan in (
        lambda: planning.plan_rotation(delle, NewRotation([stranger], FIRST), NOW),
        lambda: planning.give(delle, begins, ends, stranger, NOW),
        lambda: planning.add_shift(delle, begins, ends, stranger),
    ):
        with pytest.raises(OnCallError, match="Frêne n’a pas de mandat"):
            plan()
    assert stored(delle) == []


def test_a_trial_stores_nothing(delle: Organisation, five: list[Mandate]) -> None:
    shown = planning.plan_rotation(delle, NewRotation(five, FIRST), NOW, dry_run=True)
    assert len(shown) == 53
    assert not OnCallRotation.objects.exists()
    assert not OnCallShift.objects.exists()


# --- the daily extension -------------------------------------------------------------------------


def test_each_day_the_next_weeks_are_added_once_and_in_turn(
    delle: Organisation, planned: list[OnCallShift]
) -> None:
    assert planning.extend_rotations(NOW + timedelta(hours=12)) == 0
    later = NOW + timedelta(weeks=10)
    assert planning.extend_rotations(later) == 10
    assert planning.extend_rotations(later) == 0
    rows = stored(delle)
    assert [name for *_, name in rows] == [NAMES[n % 5] for n in range(63)]
    assert all(before[1] == after[0] for before, after in pairwise(rows))


def test_an_extension_keeps_off_what_was_planned_otherwise(
    delle: Organisation, five: list[Mandate], planned: list[OnCallShift]
) -> None:
    begins = planned[-1].ends_at
    planning.give(delle, begins, begins + timedelta(days=3), five[4], NOW)
    assert planning.extend_rotations(NOW + timedelta(weeks=2)) == 2
    rows = stored(delle)[53:]
    assert rows[0] == (begins, begins + timedelta(days=3), "Érable")
    assert rows[1][0] == begins + timedelta(days=3)
    assert rows[1][2] == NAMES[53 % 5]


def test_a_rotation_with_an_end_is_not_extended_past_it(
    delle: Organisation, five: list[Mandate]
) -> None:
    planning.plan_rotation(delle, NewRotation(five, FIRST, ends_on=date(2026, 11, 6)), NOW)
    assert len(stored(delle)) == 3
    assert planning.extend_rotations(NOW + timedelta(weeks=30)) == 0
    assert len(stored(delle)) == 3


# --- changes by hand -----------------------------------------------------------------------------


def test_two_people_exchange_their_weeks(delle: Organisation, planned: list[OnCallShift]) -> None:
    changed = planning.swap(delle, utc(2026, 10, 24), utc(2026, 11, 7), NOW)
    assert names(changed) == ["Sorbier", "Tilleul"]
    assert [name for *_, name in stored(delle)[:5]] == [
        "Merisier", "Sorbier", "Aulne", "Tilleul", "Érable",
    ]  # fmt: skip
    assert {row.pk for row in changed} == {planned[1].pk, planned[3].pk}


def test_one_week_is_given_to_somebody_else(
    delle: Organisation, five: list[Mandate], planned: list[OnCallShift]
) -> None:
    week = planned[1]
    [given] = planning.give(delle, week.starts_at, week.ends_at, five[4], NOW)
    assert given.pk == week.pk
    assert len(stored(delle)) == 53
    assert stored(delle)[1][2] == "Érable"


def test_what_is_past_of_a_running_week_stays_with_whoever_had_it(
    delle: Organisation, five: list[Mandate], planned: list[OnCallShift]
) -> None:
    now = utc(2026, 10, 26, 9)
    planning.give(delle, planned[1].starts_at, planned[1].ends_at, five[4], now)
    assert stored(delle)[1:3] == [
        (utc(2026, 10, 23, 16), now, "Tilleul"),
        (now, utc(2026, 10, 30, 17), "Érable"),
    ]
    with pytest.raises(OnCallError, match="c’est du passé"):
        planning.give(delle, planned[0].starts_at, planned[0].ends_at, five[4], now)


def test_a_gap_can_be_given_too(
    delle: Organisation, five: list[Mandate], planned: list[OnCallShift]
) -> None:
    [given] = planning.give(delle, utc(2026, 10, 14), utc(2026, 10, 15), five[2], NOW)
    assert (given.starts_at, given.ends_at) == (utc(2026, 10, 14), utc(2026, 10, 15))


def test_nobody_on_call_cannot_be_swapped(delle: Organisation, planned: list[OnCallShift]) -> None:
    with pytest.raises(OnCallError, match="personne n’est d’astreinte le mercredi 14 octobre"):
        planning.swap(delle, utc(2026, 10, 14), utc(2026, 10, 24), NOW)


def test_stopping_cuts_what_lasts_and_plans_nobody_afterwards(
    delle: Organisation, planned: list[OnCallShift]
) -> None:
    at = utc(2026, 10, 26, 9)
    assert planning.stop(delle, at) == 52
    assert [row[1] for row in stored(delle)] == [utc(2026, 10, 23, 16), at]
    assert planning.extend_rotations(NOW + timedelta(weeks=30)) == 0
    assert gaps.first_gap(delle, utc(2026, 10, 20)) == Gap(at, None)


# --- gaps ----------------------------------------------------------------------------------------


def test_without_gap_the_next_is_the_end_of_what_is_planned(
    delle: Organisation, planned: list[OnCallShift]
) -> None:
    assert gaps.first_gap(delle, utc(2026, 10, 20)) == Gap(planned[-1].ends_at, None)
    assert gaps.first_gap(organisation(code="90010"), NOW) is None


def test_whoever_is_absent_without_a_stand_in_leaves_a_gap(
    delle: Organisation, five: list[Mandate], planned: list[OnCallShift]
) -> None:
    begins, ends = utc(2026, 10, 25), utc(2026, 10, 27)
    absence = Absence.objects.create(mandate=five[1], starts_at=begins, ends_at=ends)
    assert gaps.first_gap(delle, utc(2026, 10, 20)) == Gap(begins, ends)
    absence.stand_in = five[3]
    absence.save()
    assert gaps.first_gap(delle, utc(2026, 10, 20)) == Gap(planned[-1].ends_at, None)


def test_whoever_has_left_by_then_leaves_a_gap(
    delle: Organisation, five: list[Mandate], planned: list[OnCallShift]
) -> None:
    """The last day is included, in the organisation's own time."""
    Mandate.objects.filter(pk=five[1].pk).update(ends_on=date(2026, 10, 26))
    assert gaps.first_gap(delle, utc(2026, 10, 20)) == Gap(
        utc(2026, 10, 26, 23), utc(2026, 10, 30, 17)
    )
