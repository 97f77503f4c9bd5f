"""Import an iCalendar file: its events become shifts and absences of an organisation.

People are found by the e-mail of a guest, else by the name in the title, among those who hold a
mandate there. Whoever cannot be told apart is listed, and nobody is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from notifier.directory.absences import AbsenceError, add_absence
from notifier.directory.lookup import describe_mandate, mandates_since
from notifier.directory.models import Absence, Mandate, OnCallShift, Organisation
from notifier.directory.names import fold
from notifier.directory.on_call import planning
from notifier.directory.on_call.calendar_in import (
    ABSENCE_WORDS,
    ON_CALL_WORDS,
    CalendarEvent,
    EventKind,
    read_calendar,
)
from notifier.directory.on_call.planning import HORIZON, OnCallError
from notifier.moments import weekday_moment

# What stands beside a name in a title without telling who is meant.
_BESIDE = frozenset(
    (
        *("m", "mr", "mme", "monsieur", "madame", "de", "d", "du", "des", "la", "le", "les", "l"),
        *("semaine", "week", "end", "weekend", "elu", "elue", "maire", "adjoint", "adjointe", "au"),
    )
)


@dataclass(frozen=True)
class ImportedEvent:
    """An event with whom it concerns, and what came of it in French."""

    event: CalendarEvent
    mandates: tuple[Mandate, ...]


@dataclass
class CalendarImport:
    """What an import does, or in a trial would do; `refused` are French sentences."""

    shifts: list[ImportedEvent] = field(default_factory=list)
    absences: list[ImportedEvent] = field(default_factory=list)
    unchanged: int = 0
    refused: list[str] = field(default_factory=list)


class _Undone(Exception):
    """Nothing of the import is to stay."""


def import_calendar(
    organisation: Organisation,
    content: bytes,
    now: datetime,
    *,
    kind: EventKind | None = None,
    only_valid: bool = False,
    dry_run: bool = False,
) -> CalendarImport:
    """Store the file's events of the next 53 weeks: all of them, or those that can be.

    `kind`: what every event is, whatever its words. `only_valid`: store the good ones although
    others are refused. What is stored already is left as it is. Raises CalendarError.
    """
    zone = organisation.zone_info
    file = read_calendar(content, zone, now, now + HORIZON)
    done = CalendarImport()
    done.refused += [f"« {one.summary} » : {one.reason}" for one in file.unreadable]
    people = mandates_since(organisation, now)
    try:
        with transaction.atomic():
            for event in file.events:
                try:
                    _store(organisation, event, kind or event.kind, people, now, done)
                except (AbsenceError, OnCallError) as refusal:
                    when = weekday_moment(event.starts_at.astimezone(zone))
                    done.refused.append(f"« {event.summary} », {when} : {refusal}")
            if dry_run or (done.refused and not only_valid):
                raise _Undone
    except _Undone:
        pass
    return done


def _store(
    organisation: Organisation,
    event: CalendarEvent,
    kind: EventKind | None,
    people: Sequence[Mandate],
    now: datetime,
    done: CalendarImport,
) -> None:
    """Store one event. Raises AbsenceError or OnCallError with the reason."""
    if kind is None:
        raise OnCallError("ni astreinte ni absence d’après le titre : le dire par --comme")
    mandates = _whom(event, people)
    if kind is EventKind.ON_CALL:
        holder = mandates[0]
        if _is_stored(OnCallShift, event, holder):
            done.unchanged += 1
            return
        planning.add_shift(organisation, event.starts_at, event.ends_at, holder)
        done.shifts.append(ImportedEvent(event, (holder,)))
        return
    new = [mandate for mandate in mandates if not _is_stored(Absence, event, mandate)]
    for mandate in new:
        add_absence(mandate, event.starts_at, event.ends_at, None, now)
    if new:
        done.absences.append(ImportedEvent(event, tuple(new)))
    else:
        done.unchanged += 1


def _is_stored(
    model: type[OnCallShift] | type[Absence], event: CalendarEvent, mandate: Mandate
) -> bool:
    span = {"starts_at": event.starts_at, "ends_at": event.ends_at}
    return model._default_manager.filter(mandate=mandate, **span).exists()


def _whom(event: CalendarEvent, people: Sequence[Mandate]) -> list[Mandate]:
    """Return the mandates of the one person that is meant. Raises OnCallError."""
    guests = set(event.emails)
    by_mail = [
        mandate
        for mandate in people
        if guests & {address.value for address in mandate.person.addresses.all()}
    ]
    for found in (by_mail, _named(event.summary, people)):
        if len({mandate.person_id for mandate in found}) == 1:
            return list(found)
        if found:
            names = ", ".join(describe_mandate(mandate) for mandate in found)
            raise OnCallError(f"peut être plusieurs personnes : {names}")
    raise OnCallError("personne de l’organisme n’y est nommé ni invité")


def _named(summary: str, people: Iterable[Mandate]) -> list[Mandate]:
    """Return the mandates of those whose names are all that the title says of anybody.

    First and last name, or the last name alone: "Paul Martin" is not Jean Martin.
    """
    words = set(fold(summary).split()) - ABSENCE_WORDS - ON_CALL_WORDS
    whole, last_only = [], []
    for mandate in people:
        person = mandate.person
        first, last = set(fold(person.first_name).split()), set(fold(person.last_name).split())
        where = set(fold(mandate.organisation.name).split())
        if not last or not last <= words:
            continue
        unknown = {word for word in words - last - where - _BESIDE if not word.isdigit()}
        if first and first <= words:
            whole.append(mandate)
        elif not unknown:
            last_only.append(mandate)
    return whole or last_only
