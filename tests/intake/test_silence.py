"""When a source is silent for longer than its habit, learned from its own weeks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifier.intake.silence import (
    HOURS_OF_WEEK,
    activity_of,
    note_activity,
    silent_sources,
    usually_pushed,
)

# A Saturday evening in winter.
NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
WEEK = timedelta(weeks=1)


def test_what_is_usually_pushed_is_added_up_by_the_hours_of_the_week() -> None:
    per_hour = [0.0] * HOURS_OF_WEEK
    per_hour[5 * 24 + 21] = 4.0  # Saturdays from 21 to 22 h in Paris
    start = NOW  # 21 h
    assert usually_pushed(per_hour, start, start + timedelta(hours=1)) == 4
    assert usually_pushed(per_hour, start, start + timedelta(minutes=15)) == 1
    assert usually_pushed(per_hour, start + timedelta(hours=1), start + timedelta(days=3)) == 0
    assert usually_pushed(per_hour, start, start + 10 * WEEK) == 40
    assert usually_pushed(per_hour, start, start - WEEK) == 0


def test_an_hour_of_the_week_is_that_of_people_whatever_the_clock() -> None:
    per_hour = [0.0] * HOURS_OF_WEEK
    per_hour[3 * 24 + 8] = 1.0  # Thursdays at 8 h: 6 h UTC in summer, 7 h in winter
    for hour, month in ((6, 7), (7, 12)):
        eight = datetime(2026, month, 2 if month == 7 else 3, hour, tzinfo=UTC)
        assert usually_pushed(per_hour, eight, eight + timedelta(hours=1)) == 1


@pytest.fixture
def source(db):
    from notifier.intake.access.api_keys import add_source

    return add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False).source


def pushed(source, *moments: datetime, times: int = 1) -> None:
    from notifier.intake.models import Incident, Report

    known = Incident.objects.count()
    incidents = Incident.objects.bulk_create(
        Incident(source=source, reference=f"R{known + n}", opened_at=at)
        for n, at in enumerate(moments)
    )
    Report.objects.bulk_create(
        Report(
            incident=incident, sequence=sequence, status="engaged", category="C01.01.01",
            severity="severe", occurred_at=incident.opened_at, location={},
            received_at=incident.opened_at,
        )
        for incident in incidents
        for sequence in range(1, times + 1)
    )  # fmt: skip


def hourly(weeks: int, until: datetime, per_hour: int = 1) -> list[datetime]:
    """So many incidents in every hour of these weeks, up to the moment."""
    step = timedelta(hours=1) / per_hour
    return [until - step * n for n in range(1, weeks * HOURS_OF_WEEK * per_hour)]


def test_a_busy_centre_is_silent_within_hours_and_a_push_ends_it(source, clock) -> None:
    clock.move_to(NOW)
    pushed(source, *hourly(3, NOW, per_hour=2))
    note_activity()
    assert silent_sources([source]) == []
    clock.shift(timedelta(hours=3))
    assert silent_sources([source]) == []
    clock.shift(timedelta(hours=1))
    ((found, activity),) = silent_sources([source])
    assert found == source
    assert activity.missed == pytest.approx(9, abs=0.5)
    pushed(source, NOW + timedelta(hours=4))
    note_activity()
    assert silent_sources([source]) == []
    assert activity_of([source])[source.pk].last_push_at == NOW + timedelta(hours=4)


def test_a_quiet_centre_is_not_silent_at_an_hour_at_which_it_never_pushes(source, clock) -> None:
    clock.move_to(NOW)
    # Ten incidents on each Monday from noon to one o'clock, and nothing else.
    noon = NOW - timedelta(days=5, hours=9)
    pushed(
        source, *(noon - WEEK * n + timedelta(minutes=6 * k) for n in range(5) for k in range(10))
    )
    note_activity()
    clock.shift(timedelta(days=1))
    assert silent_sources([source]) == []
    clock.shift(timedelta(days=2))  # past the next Monday's noon
    assert len(silent_sources([source])) == 1


def test_several_reports_of_one_incident_count_once(source, clock) -> None:
    clock.move_to(NOW)
    pushed(source, *(NOW - timedelta(hours=12 * n) for n in range(1, 43)), times=9)
    note_activity()
    clock.shift(timedelta(days=2))
    assert activity_of([source])[source.pk].missed == pytest.approx(5, abs=1)
    assert silent_sources([source]) == []


@pytest.mark.parametrize("weeks", [0, 1])
def test_a_new_source_has_no_habit_yet(source, clock, weeks) -> None:
    clock.move_to(NOW)
    pushed(source, *hourly(weeks, NOW, per_hour=3) if weeks else ())
    note_activity()
    clock.shift(timedelta(days=3))
    activity = activity_of([source])[source.pk]
    assert (activity.missed, activity.is_silent, activity.is_quiet) == (None, False, False)
    clock.shift(timedelta(days=5))
    assert activity_of([source])[source.pk].is_quiet is bool(weeks)


def test_a_revoked_source_is_not_silent(source, clock) -> None:
    from notifier.intake.access.api_keys import revoke

    clock.move_to(NOW)
    pushed(source, *hourly(3, NOW))
    note_activity()
    clock.shift(timedelta(days=3))
    assert silent_sources([source])
    revoke(source)
    source.refresh_from_db()
    assert silent_sources([source]) == []


def test_a_hundred_sources_are_read_in_one_statement(source, django_assert_num_queries) -> None:
    note_activity()
    with django_assert_num_queries(1):
        silent_sources([source])
