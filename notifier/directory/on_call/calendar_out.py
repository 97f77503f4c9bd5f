"""Write shifts and absences as an iCalendar file (RFC 5545), with the time zone that it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard

# How often calendar programs are asked to look again.
REFRESH_EVERY = timedelta(hours=1)
_PRODUCT = "-//Alerte Maires//Astreintes//FR"


@dataclass(frozen=True)
class CalendarEntry:
    """One event; `uid` is unique in the world, and stays the same when the event changes."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    category: str


def to_icalendar(
    name: str, entries: Sequence[CalendarEntry], zone: ZoneInfo, made_at: datetime
) -> bytes:
    """Return a calendar of the entries, in the local time of `zone`."""
    calendar = Calendar.new(
        prodid=_PRODUCT, name=name, method="PUBLISH", refresh_interval=REFRESH_EVERY
    )
    # What Outlook and Google read in its place.
    calendar.add("X-PUBLISHED-TTL", REFRESH_EVERY)
    calendar.add("X-WR-TIMEZONE", zone.key)
    moments = [made_at, *(at for entry in entries for at in (entry.starts_at, entry.ends_at))]
    # Without it a calendar of no entry would be empty, which the standard forbids.
    calendar.add_component(time_zone(zone, min(moments).year, max(moments).year))
    for entry in entries:
        event = Event.new(
            uid=entry.uid,
            stamp=made_at,
            start=_local(entry.starts_at, zone),
            end=_local(entry.ends_at, zone),
            summary=entry.summary,
            categories=[entry.category],
        )
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment in local time, or in UTC where local time cannot say it.

    A local time that comes twice means the first (RFC 5545 § 3.3.5).
    """
    local = at.astimezone(zone)
    return at.astimezone(UTC) if local.fold else local


@lru_cache(maxsize=64)
def time_zone(zone: ZoneInfo, first_year: int, last_year: int) -> Timezone:
    """Return the zone's definition, right in these years.

    Not `Timezone.from_tzinfo`: in icalendar 7.3 its summer time starts an hour late, for it writes
    onsets in the time after the change; RFC 5545 § 3.6.5 wants the time before.
    """
    component = Timezone()
    component.add("TZID", zone.key)
    start = datetime(first_year, 1, 1, tzinfo=UTC)
    before = start.astimezone(zone).utcoffset() or timedelta()
    for onset in [start, *_changes(zone, start, datetime(last_year + 1, 1, 2, tzinfo=UTC))]:
        local = onset.astimezone(zone)
        observance = TimezoneDaylight() if local.dst() else TimezoneStandard()
        observance.DTSTART = (onset + before).replace(tzinfo=None)
        observance.TZOFFSETFROM = before
        before = observance.TZOFFSETTO = local.utcoffset() or timedelta()
        observance.add("TZNAME", local.tzname())
        component.add_component(observance)
    return component


def _changes(zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the moments, in UTC and to the second, from which another offset holds."""
    day = timedelta(days=1)
    while since < until:
        earlier, later = since, since + day
        offset = earlier.astimezone(zone).utcoffset()
        if later.astimezone(zone).utcoffset() != offset:
            while later - earlier > timedelta(seconds=1):
                middle = earlier + (later - earlier) // 2
                middle = middle.replace(microsecond=0)
                if middle.astimezone(zone).utcoffset() == offset:
                    earlier = middle
                else:
                    later = middle
            yield later
        since += day
