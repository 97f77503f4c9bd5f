"""Read an iCalendar file: events with their moments, words and guests, repetitions expanded.

Reads no database, and no address but the file given.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component, Event

from notifier.directory.names import fold
from notifier.directory.on_call.shifts import local_moment

MAX_BYTES = 2 * 1024 * 1024
MAX_EVENTS = 2_000

ABSENCE_WORDS = frozenset(
    ("absence", "absences", "absent", "absente", "conge", "conges", "indisponible", "vacances")
)
ON_CALL_WORDS = frozenset(("astreinte", "astreintes", "permanence", "permanences"))
# Faster ones are no shifts, and would fill the memory.
_FREQUENCIES = frozenset(("DAILY", "WEEKLY", "MONTHLY", "YEARLY"))


class EventKind(StrEnum):
    """What an event stands for."""

    ON_CALL = "astreinte"
    ABSENCE = "absence"


class CalendarError(ValueError):
    """The file cannot be read at all; the message is French."""


@dataclass(frozen=True)
class CalendarEvent:
    """One event, or one of its repetitions; `kind` is None where its words do not say."""

    starts_at: datetime
    ends_at: datetime
    summary: str
    emails: tuple[str, ...]
    kind: EventKind | None


@dataclass(frozen=True)
class UnreadableEvent:
    """An event that cannot be used, and why, in French."""

    summary: str
    reason: str


@dataclass
class CalendarFile:
    """What a file holds between two moments."""

    events: list[CalendarEvent] = field(default_factory=list)
    unreadable: list[UnreadableEvent] = field(default_factory=list)


def read_calendar(content: bytes, zone: ZoneInfo, since: datetime, until: datetime) -> CalendarFile:
    """Read the events that last between the two moments, in their order.

    A time without a time zone, and a whole day, is local in `zone`. What was cancelled is left out.
    Raises CalendarError.
    """
    if len(content) > MAX_BYTES:
        raise CalendarError(f"fichier trop gros : {MAX_BYTES // 2**20} Mio au plus")
    try:
        calendars = Calendar.from_ical(content, multiple=True)
    except (ValueError, IndexError, KeyError):
        calendars = []
    calendars = [one for one in calendars if one.name == "VCALENDAR"]
    if not calendars:
        raise CalendarError("ce fichier n’est pas un calendrier iCalendar (.ics)")
    file = CalendarFile()
    for calendar in calendars:
        default = _kind_of(str(calendar.calendar_name or ""))
        for series in _series(calendar):
            _read_series(series, zone, (since, until), default, file)
    file.events.sort(key=lambda event: (event.starts_at, event.ends_at, event.summary))
    return file


def _series(calendar: Calendar) -> Iterator[Calendar]:
    """Yield a calendar for each event with its exceptions, so that a broken one spoils no other."""
    by_uid: defaultdict[str, list[Component]] = defaultdict(list)
    for number, event in enumerate(calendar.walk("VEVENT")):
        by_uid[str(event.get("UID") or number)].append(event)
    zones = calendar.walk("VTIMEZONE")
    for events in by_uid.values():
        series = copy.copy(calendar)
        series.subcomponents = [*zones, *events]
        yield series


def _read_series(
    series: Calendar,
    zone: ZoneInfo,
    span: tuple[datetime, datetime],
    default: EventKind | None,
    file: CalendarFile,
) -> None:
    first = series.walk("VEVENT")[0]
    summary = " ".join(str(first.get("SUMMARY", "")).split()) or "sans titre"
    try:
        if reason := _why_unusable(series):
            file.unreadable.append(UnreadableEvent(summary, reason))
            return
        # Whole days and times without a zone are compared as UTC there, half a day off at most.
        occurrences = recurring_ical_events.of(series).between(*span)
        found = [
            _to_event(one, zone, default)
            for one in occurrences
            if isinstance(one, Event) and not _is_cancelled(one)
        ]
    except (ValueError, KeyError, AttributeError, TypeError, OverflowError):
        file.unreadable.append(UnreadableEvent(summary, "dates illisibles"))
        return
    since, until = span
    for event in found:
        if event.ends_at <= event.starts_at:
            file.unreadable.append(UnreadableEvent(event.summary, "sans durée"))
        elif event.ends_at > since and event.starts_at < until:
            file.events.append(event)
    if len(file.events) > MAX_EVENTS:
        raise CalendarError(f"trop d’événements : {MAX_EVENTS} au plus, répétitions comprises")


def _why_unusable(series: Calendar) -> str:
    """Return why a series is not to be expanded, in French; "" if it may be."""
    for event in series.events:
        if not _is_slow(event):
            return "répété plus d’une fois par jour"
        # Expanded, one whose end comes first is turned round.
        if "DTEND" in event and event.end <= event.start:
            return "sans durée"
    return ""


def _is_slow(event: Component) -> bool:
    rules = event.get("RRULE") or []
    for rule in rules if isinstance(rules, list) else [rules]:
        frequencies = {str(frequency).upper() for frequency in rule.get("FREQ", [])}
        by_parts = {"BYHOUR", "BYMINUTE", "BYSECOND"} & {str(part).upper() for part in rule}
        if not frequencies <= _FREQUENCIES or any(len(rule[part]) > 1 for part in by_parts):
            return False
    return True


def _is_cancelled(event: Component) -> bool:
    return str(event.get("STATUS", "")).upper() == "CANCELLED"


def _to_event(event: Event, zone: ZoneInfo, default: EventKind | None) -> CalendarEvent:
    summary = " ".join(str(event.get("SUMMARY", "")).split())
    categories = " ".join(map(str, event.categories))
    return CalendarEvent(
        starts_at=_moment(event.start, zone),
        ends_at=_moment(event.end, zone),
        summary=summary or "sans titre",
        emails=tuple(_guests(event)),
        kind=_kind_of(f"{summary} {categories}", default),
    )


def _moment(at: date | datetime, zone: ZoneInfo) -> datetime:
    """Return a moment of the file in UTC."""
    if not isinstance(at, datetime):
        return local_moment(datetime.combine(at, time()), zone)
    return local_moment(at, zone) if at.tzinfo is None else at.astimezone(UTC)


def _guests(event: Component) -> Iterator[str]:
    """Yield the addresses of whoever is invited and has not declined."""
    attendees = event.get("ATTENDEE") or []
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        scheme, _, address = str(attendee).partition(":")
        declined = str(attendee.params.get("PARTSTAT", "")).upper() == "DECLINED"
        if scheme.lower() == "mailto" and not declined:
            yield address.strip().lower()


def _kind_of(text: str, default: EventKind | None = None) -> EventKind | None:
    """Return what the words say; `default` where they say nothing, None where they say both."""
    words = set(fold(text).split())
    is_absence, is_on_call = bool(words & ABSENCE_WORDS), bool(words & ON_CALL_WORDS)
    if is_absence and is_on_call:
        return None
    if is_absence or is_on_call:
        return EventKind.ABSENCE if is_absence else EventKind.ON_CALL
    return default
