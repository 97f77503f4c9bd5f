"""Shifts and absences as iCalendar files: what other programs read in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Timezone

from notifier.directory.on_call.calendar_out import CalendarEntry, time_zone, to_icalendar
from tests.directory.on_call.test_shifts import LEGAL_TIMES, PARIS, utc

MADE_AT = utc(2026, 11, 28, 12)


def entry(starts_at: datetime, ends_at: datetime, summary: str = "Astreinte") -> CalendarEntry:
    return CalendarEntry(f"{starts_at:%s}@x", starts_at, ends_at, summary, "ASTREINTE")


def lines(content: bytes) -> list[str]:
    return content.decode().replace("\r\n ", "").split("\r\n")


def test_a_week_over_the_change_of_the_clock_is_18_h_at_both_ends() -> None:
    made = to_icalendar(
        "Astreinte de Belfort",
        [entry(utc(2026, 10, 23, 16), utc(2026, 10, 30, 17), "Astreinte : Mme Érable, Belfort")],
        PARIS,
        MADE_AT,
    )
    written = lines(made)
    assert "DTSTART;TZID=Europe/Paris:20261023T180000" in written
    assert "DTEND;TZID=Europe/Paris:20261030T180000" in written
    assert "SUMMARY:Astreinte : Mme Érable\\, Belfort" in written
    assert "X-WR-CALNAME:Astreinte de Belfort" in written
    assert "DTSTAMP:20261128T120000Z" in written
    assert made.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in made.split(b"\r\n"))


def test_a_calendar_without_an_entry_holds_its_time_zone() -> None:
    """RFC 5545 § 3.4: one component at least."""
    [component] = Calendar.from_ical(to_icalendar("Vide", [], PARIS, MADE_AT)).subcomponents
    assert component.name == "VTIMEZONE"


def test_summer_time_starts_at_2_h_of_winter_time() -> None:
    written = lines(time_zone(PARIS, 2027, 2027).to_ical())
    start = written.index("BEGIN:DAYLIGHT")
    daylight = written[start + 1 : written.index("END:DAYLIGHT")]
    assert daylight == [
        "DTSTART:20270328T020000",
        "TZNAME:CEST",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
    ]


@pytest.mark.parametrize("zone", LEGAL_TIMES)
def test_the_time_zone_says_what_the_zone_is(zone: str) -> None:
    """Read by the library from the file alone; closely on the days of a change."""
    written = time_zone(ZoneInfo(zone), 2026, 2027).to_ical()
    read = Timezone.from_ical(written).to_tz(lookup_tzid=False)
    day, step = utc(2026, 1, 2), timedelta(days=1)
    while day < utc(2028, 1, 1):
        known = [at.astimezone(ZoneInfo(zone)).utcoffset() for at in (day, day + step)]
        minutes = range(0, 1440, 10) if known[0] != known[1] else (0,)
        for at in (day + timedelta(minutes=minute) for minute in minutes):
            assert at.astimezone(read).utcoffset() == at.astimezone(ZoneInfo(zone)).utcoffset(), at
        day += step


def test_the_second_of_two_equal_hours_is_not_taken_for_the_first() -> None:
    """25 October 2026: 2:30 comes at 0:30 and at 1:30 UTC."""
    first, second = utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)
    made = to_icalendar("Nom", [entry(first, second)], PARIS, MADE_AT)
    assert "DTSTART;TZID=Europe/Paris:20261025T023000" in lines(made)
    assert "DTEND:20261025T013000Z" in lines(made)


moments = st.integers(0, 4 * 365 * 24 * 60).map(
    lambda minutes: utc(2025, 1, 1) + timedelta(minutes=minutes)
)
# The library reads a backslash before a capital N as the end of a line, which nobody's name holds.
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=120).filter(
    lambda text: r"\N" not in text
)


@given(
    st.lists(st.tuples(moments, st.integers(1, 900)), max_size=6),
    st.sampled_from(LEGAL_TIMES),
    texts,
)
def test_what_is_written_is_read_back(
    spans: list[tuple[datetime, int]], zone: str, summary: str
) -> None:
    entries = [
        CalendarEntry(f"{n}@x", at, at + timedelta(hours=hours), summary, "ASTREINTE")
        for n, (at, hours) in enumerate(spans)
    ]
    read = Calendar.from_ical(to_icalendar("Nom", entries, ZoneInfo(zone), MADE_AT))
    assert [
        (str(e["UID"]), e.start.astimezone(UTC), e.end.astimezone(UTC), str(e["SUMMARY"]))
        for e in read.events
    ] == [(e.uid, e.starts_at, e.ends_at, e.summary) for e in entries]
