"""Values of the history as people read them, and what a row without a name is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from notifier.directory.imports.phrases import format_value
from notifier.directory.models import Mandate, Person, Preferences, function_title
from notifier.moments import written_hour

Holders = Mapping[int, str]
"""How the holders of mandates are called, by the mandate's id."""
# Delivery's own names; that room is beside this one.
_CHANNELS = {"sms": "SMS", "email": "courriel"}


def value_words(
    column: Any, value: object, zone: ZoneInfo | None = None, holders: Holders | None = None
) -> str:
    """Write a stored value: a choice by its name, a moment in a zone, a stand-in by name."""
    if column.model is Preferences and column.attname == "routine_channels":
        return _channels(value)
    if isinstance(value, time):
        return f"{value.hour} h {value:%M}"
    if isinstance(value, datetime):
        local = timezone.localtime(value, zone)
        return f"{local:%d/%m/%Y} à {written_hour(local)}"
    if value and column.related_model is Mandate:
        return (holders or {}).get(int(str(value))) or f"mandat n° {value}"
    if value and column.choices:
        return str(dict(column.flatchoices).get(value, value))
    return format_value(value)


def _channels(value: Any) -> str:
    return " et ".join(_CHANNELS.get(one, one) for one in value or ()) or "tous"


def holder_names(mandates: Iterable[int]) -> dict[int, str]:
    """Return how the holders of mandates are, or last were, called: two statements."""
    rows = Mandate.history.model.objects.filter(id__in=mandates).order_by("history_id")
    held = {row.id: row for row in rows}
    names = person_names({row.person_id for row in held.values()}, held.values())
    return {pk: names[row.person_id] for pk, row in held.items()}


def person_names(people: Iterable[int], mandates: Iterable[Any] | None = None) -> dict[int, str]:
    """Return how people are, or last were, called; a service without a name by its function.

    `mandates`: rows that tell the function, read where they are not given.
    """
    wanted = set(people)
    history = Person.history.model.objects.filter(id__in=wanted).order_by("history_id")
    named = {row.id: f"{row.first_name} {row.last_name}".strip() for row in history}
    now = Person.objects.filter(pk__in=wanted)
    named |= {row.pk: row.name for row in now}
    nameless = {pk for pk in wanted if not named.get(pk)}
    if nameless and mandates is None:
        held = Mandate.history.model.objects.filter(person_id__in=nameless)
        mandates = held.order_by("history_id")
    for row in mandates or ():
        if row.person_id in nameless:
            title = function_title(row.function, row.rank)
            named[row.person_id] = f"{title[:1].upper()}{title[1:]}"
    return {pk: named.get(pk) or f"personne n° {pk}" for pk in wanted}
