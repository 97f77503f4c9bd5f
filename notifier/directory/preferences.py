"""How people want to be told of what is not urgent: by which channels, and when not by SMS.

What is urgent knows no preferences.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from notifier.directory.changes import changing
from notifier.directory.models import ChangeKind, Organisation, Person, Preferences


def quiet_until(preferences: Preferences | None, zone: ZoneInfo, at: datetime) -> datetime | None:
    """Return when the quiet hours end in which `at` lies (aware, UTC); None outside them.

    They are hours of the organisation's own time zone, whatever the clock does that night: 2:30
    that is skipped is 3:30, and of one that comes twice the next is meant.
    """
    if preferences is None or preferences.quiet_from is None or preferences.quiet_until is None:
        return None
    begins, ends = preferences.quiet_from, preferences.quiet_until
    local = at.astimezone(zone)
    now = local.time()
    is_over_midnight = begins > ends
    is_quiet = (now >= begins or now < ends) if is_over_midnight else begins <= now < ends
    if not is_quiet:
        return None
    is_tomorrow = is_over_midnight and now >= begins
    day = local.date() + timedelta(days=1) if is_tomorrow else local.date()
    wall = datetime.combine(day, ends, zone)
    first, second = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return first if first > at else second


def quiet_until_by_person(
    people: Collection[int], zone: ZoneInfo, at: datetime
) -> dict[int, datetime | None]:
    """Return the same of each of these people. One statement."""
    chosen = {row.person_id: row for row in Preferences.objects.filter(person__in=people)}
    return {person: quiet_until(chosen.get(person), zone, at) for person in people}


class PreferencesError(ValueError):
    """What was chosen is impossible; the message is French."""


def choose_quiet_hours(
    person: Person,
    begins: time | None,
    ends: time | None,
    organisation: Organisation,
    author: str,
) -> Preferences | None:
    """Keep within which hours no SMS tells of what is not urgent; without both, none.

    Return the preferences; None where that changed nothing. Raises PreferencesError.
    """
    if (begins is None) != (ends is None):
        raise PreferencesError("Indiquez les deux heures, ou aucune pour ne plus avoir de pause.")
    if begins is not None and begins == ends:
        raise PreferencesError("Les deux heures sont les mêmes : changez l’une.")
    return _choose(person, organisation, author, quiet_from=begins, quiet_until=ends)


def choose_channels(
    person: Person, channels: Sequence[str], organisation: Organisation, author: str
) -> Preferences | None:
    """Keep by which channels what is not urgent is told; by all where none is named.

    Return the preferences; None where that changed nothing.
    """
    return _choose(person, organisation, author, routine_channels=sorted(channels))


def _choose(
    person: Person, organisation: Organisation, author: str, **chosen: Any
) -> Preferences | None:
    """Store it under a change of the directory; what is so already is no change."""
    with changing(ChangeKind.HAND, author, "préférences de réception") as change:
        row = Preferences.objects.filter(person=person).first() or Preferences(person=person)
        if all(getattr(row, name) == value for name, value in chosen.items()):
            transaction.set_rollback(True)
            return None
        change.organisations.set([organisation])
        for name, value in chosen.items():
            setattr(row, name, value)
        row.save()
    return row
