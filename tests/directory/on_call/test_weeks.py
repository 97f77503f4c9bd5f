"""Four weeks on a calendar: each day in local time, also when the clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from notifier.directory.models import Absence, OnCallShift
from notifier.directory.on_call.weeks import bounds, first_monday, weeks

PARIS = ZoneInfo("Europe/Paris")
MONDAY = date(2026, 10, 19)


def _at(day: int, hour: int, zone: ZoneInfo = PARIS) -> datetime:
    return datetime(2026, 10, day, hour, tzinfo=zone).astimezone(UTC)


def test_weeks_begin_on_monday() -> None:
    assert first_monday(date(2026, 10, 25)) == MONDAY
    assert first_monday(MONDAY) == MONDAY


@pytest.mark.parametrize(("name", "hours"), [("Europe/Paris", 673), ("Indian/Reunion", 672)])
def test_four_weeks_are_longer_where_the_clock_goes_back(name: str, hours: int) -> None:
    since, until = bounds(MONDAY, ZoneInfo(name))
    assert until - since == timedelta(hours=hours)


def test_a_shift_is_on_each_of_its_days_with_its_hours_where_it_begins_and_ends() -> None:
    shift = OnCallShift(starts_at=_at(23, 18), ends_at=_at(26, 8))
    days = [day for week in weeks(MONDAY, [shift], [], PARIS) for day in week]
    assert [day.day.day for day in days if day.is_covered] == [23, 24, 25, 26]
    friday, saturday, _, monday = (day.shifts[0] for day in days if day.is_covered)
    assert (friday.since, friday.until) == (shift.starts_at, None)
    assert (saturday.since, saturday.until) == (None, None)
    assert (monday.since, monday.until) == (None, shift.ends_at)


def test_what_ends_at_midnight_is_not_on_the_next_day() -> None:
    away = Absence(starts_at=_at(24, 0), ends_at=_at(25, 0))
    days = [day for week in weeks(MONDAY, [], [away], PARIS) for day in week]
    assert [day.day.day for day in days if day.absences] == [24]
