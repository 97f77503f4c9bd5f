"""Weeks on a calendar: who is on call and who is away on each day, in local time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notifier.directory.models import Absence, OnCallShift
from notifier.directory.on_call.shifts import local_moment

WEEKS = 4


@dataclass(frozen=True)
class DayShift:
    """Somebody on call on a day; the hours are given where they begin or end within it."""

    shift: OnCallShift
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class Day:
    """One day of a calendar."""

    day: date
    shifts: Sequence[DayShift] = ()
    absences: Sequence[Absence] = ()

    @property
    def is_covered(self) -> bool:
        """Return whether somebody is on call at some hour of it."""
        return bool(self.shifts)


def first_monday(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def bounds(monday: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the moments at which the weeks begin and end."""
    start = datetime.combine(monday, time())
    return local_moment(start, zone), local_moment(start + timedelta(weeks=WEEKS), zone)


def weeks(
    monday: date, shifts: Iterable[OnCallShift], absences: Iterable[Absence], zone: ZoneInfo
) -> list[list[Day]]:
    """Return four weeks of seven days from a Monday on; reads no database."""
    all_shifts, all_absences = list(shifts), list(absences)
    days = [monday + timedelta(days=number) for number in range(7 * WEEKS)]
    filled = [_fill(day, all_shifts, all_absences, zone) for day in days]
    return [filled[start : start + 7] for start in range(0, len(filled), 7)]


def _fill(
    day: date, shifts: Sequence[OnCallShift], absences: Sequence[Absence], zone: ZoneInfo
) -> Day:
    start = local_moment(datetime.combine(day, time()), zone)
    end = local_moment(datetime.combine(day + timedelta(days=1), time()), zone)
    on_call = [
        DayShift(
            one,
            one.starts_at if one.starts_at > start else None,
            one.ends_at if one.ends_at < end else None,
        )
        for one in shifts
        if one.starts_at < end and one.ends_at > start
    ]
    away = [one for one in absences if one.starts_at < end and one.ends_at > start]
    return Day(day, on_call, away)
