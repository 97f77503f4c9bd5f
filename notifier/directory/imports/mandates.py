"""Values and periods of mandates, as a list changes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from django.conf import settings

from notifier.directory.imports.entries import Entry, OrganisationKey
from notifier.directory.imports.phrases import format_value
from notifier.directory.models import Mandate, Organisation, OrganisationKind, Person
from notifier.territory.resolve import commune_by_code

A_DAY = timedelta(days=1)


def new_values(
    mandate: Mandate, entry: Entry, today: date, election: date | None
) -> dict[str, object]:
    """Return the fields of a mandate that goes on, as the list has them.

    One that is renewed goes on: it keeps its first day, so that past days stay as they were. A rank
    that the list gives to several stays as somebody put it.
    Whoever holds office since the last election, or since a later day than was known, is confirmed.
    """
    values: dict[str, object] = {} if entry.is_rank_shared else {"rank": entry.rank}
    start = entry.starts_on
    if start and start <= today and (mandate.starts_on is None or start < mandate.starts_on):
        values["starts_on"] = start
    if entry.ends_on:
        values["ends_on"] = entry.ends_on
    is_renewed = start and mandate.starts_on and start > mandate.starts_on
    if is_renewed or (start and election and start >= election):
        values["is_confirmed"] = True
    return values


def changed(row: Mandate | Person, values: Mapping[str, object]) -> list[str]:
    """Set the values that differ; return each as "old → new" in French."""
    details = []
    for name, new in values.items():
        old = getattr(row, name)
        if old != new:
            setattr(row, name, new)
            label = row._meta.get_field(name).verbose_name  # type: ignore[union-attr] # no relation
            details.append(f"{label} {format_value(old)} → {format_value(new)}")
    return details


def is_over(mandate: Mandate, today: date) -> bool:
    """Return whether the last day of a mandate is past."""
    return mandate.ends_on is not None and mandate.ends_on < today


def last_day(mandate: Mandate, new: list[Entry], today: date) -> date | None:
    """Return the day before the successors' first, or else yesterday; None if that cannot be."""
    starts = [e.starts_on for e in new if e.function == mandate.function and e.starts_on]
    for first in (*sorted(starts, reverse=True)[:1], today):
        day = first - A_DAY
        if mandate.starts_on is None or mandate.starts_on <= day:
            return day
    return None


def zone_of(key: OrganisationKey, organisation: Organisation | None) -> ZoneInfo:
    """Return the time zone in which an organisation's dates are read, before it has a row too."""
    if organisation:
        return organisation.zone_info
    kind, code = key
    commune = commune_by_code(code) if kind == OrganisationKind.COMMUNE else None
    return _zone_info(commune.time_zone if commune else settings.TIME_ZONE)


@cache
def _zone_info(name: str) -> ZoneInfo:
    return ZoneInfo(name)
