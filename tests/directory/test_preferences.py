"""Quiet hours are hours of the organisation's own clock, whatever it does that night."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from notifier.directory.models import Preferences
from notifier.directory.preferences import quiet_until

PARIS, REUNION, MARTINIQUE = (
    ZoneInfo(name) for name in ("Europe/Paris", "Indian/Reunion", "America/Martinique")
)


def hours(begins: str, ends: str) -> Preferences:
    return Preferences(quiet_from=time.fromisoformat(begins), quiet_until=time.fromisoformat(ends))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("begins", "ends", "zone", "at", "until"),
    [
        # From evening to morning, and within a day; the first minute is quiet, the last is not.
        ("22:00", "07:00", PARIS, "2026-11-28 20:59", None),
        ("22:00", "07:00", PARIS, "2026-11-28 21:00", "2026-11-29 06:00"),
        ("22:00", "07:00", PARIS, "2026-11-29 02:12", "2026-11-29 06:00"),
        ("22:00", "07:00", PARIS, "2026-11-29 06:00", None),
        ("12:00", "14:00", PARIS, "2026-11-28 11:30", "2026-11-28 13:00"),
        ("12:00", "14:00", PARIS, "2026-11-28 13:00", None),
        ("12:00", "14:00", PARIS, "2026-11-28 10:59", None),
        # Until midnight, and from midnight.
        ("22:00", "00:00", PARIS, "2026-11-28 22:30", "2026-11-28 23:00"),
        ("00:00", "06:00", PARIS, "2026-11-28 23:00", "2026-11-29 05:00"),
        # Overseas the same moment is another hour.
        ("22:00", "07:00", REUNION, "2026-11-28 18:00", "2026-11-29 03:00"),
        ("22:00", "07:00", REUNION, "2026-11-28 17:59", None),
        ("22:00", "07:00", MARTINIQUE, "2026-11-29 02:12", "2026-11-29 11:00"),
        ("22:00", "07:00", MARTINIQUE, "2026-11-28 21:00", None),
        # The night of the change to summer time is an hour shorter, 2:30 is 3:30.
        ("22:00", "07:00", PARIS, "2027-03-27 21:00", "2027-03-28 05:00"),
        ("22:00", "02:30", PARIS, "2027-03-28 00:30", "2027-03-28 01:30"),
        ("02:30", "07:00", PARIS, "2027-03-28 01:05", "2027-03-28 05:00"),
        # The night of the change to winter time is an hour longer; 2:30 comes twice.
        ("22:00", "07:00", PARIS, "2026-10-24 20:00", "2026-10-25 06:00"),
        ("22:00", "02:30", PARIS, "2026-10-25 00:15", "2026-10-25 00:30"),
        ("22:00", "02:30", PARIS, "2026-10-25 01:15", "2026-10-25 01:30"),
    ],
)
def test_quiet_hours_end(
    begins: str, ends: str, zone: ZoneInfo, at: str, until: str | None
) -> None:
    expected = utc(until) if until else None
    assert quiet_until(hours(begins, ends), zone, utc(at)) == expected


def test_who_chose_no_hours_has_none() -> None:
    assert quiet_until(None, PARIS, utc("2026-11-29 02:12")) is None
    assert quiet_until(Preferences(), PARIS, utc("2026-11-29 02:12")) is None
