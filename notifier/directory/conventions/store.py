"""End and narrow conventions, without ever rewriting the past.

Who was told under which agreement can be answered for any past moment. Every change is in the
journal.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from notifier.directory.models import (
    Convention,
    ConventionNarrowing,
    ConventionRule,
    Organisation,
)
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries


class ConventionError(Exception):
    """What is asked of a convention cannot be done; the message, in French, says why."""


def end_convention(reference: str, by: str, on: date | None = None) -> Convention:
    """End a convention after the day `on`, or now. Raises ConventionError."""
    with transaction.atomic():
        convention = _locked(reference)
        now = timezone.now()
        rules = list(convention.rules.filter(still_open(now)).select_related("territory_of"))
        if not rules:
            raise ConventionError(f"la convention {reference} a déjà pris fin")
        for rule in rules:
            ends_at = now if on is None else midnight_after(on, rule.territory_of)
            if ends_at < now:
                raise ConventionError(
                    f"le {on:%d/%m/%Y} est passé : donner aujourd’hui ou un jour à venir, ce qui a "
                    "été annoncé jusqu’ici l’a été au titre de la convention"
                )
            end_rule(rule.pk, ends_at)
        last_day = on or timezone.localdate()
        convention.ends_on = max(last_day, convention.starts_on)
        convention.tacit_renewal_months = None
        convention.save(update_fields=["ends_on", "tacit_renewal_months"])
        when = f"le {on:%d/%m/%Y}, inclus" if on else "aussitôt"
        data = {"rules": [rule.pk for rule in rules], "ends_on": str(convention.ends_on)}
        note(f"Fin de la convention {reference} {when}", convention, by, data)
    return convention


def narrow(reference: str, commune: str, categories: Collection[str], by: str) -> None:
    """Keep back categories of a commune from the organisations of a convention; none: all.

    From now on. `categories` are codes, or what they begin with, that the caller knows to exist.
    Raises ConventionError.
    """
    with transaction.atomic():
        convention = _locked(reference)
        ConventionNarrowing.objects.create(
            convention=convention,
            commune=commune,
            categories=sorted(categories),
            starts_at=timezone.now(),
        )
        what = ", ".join(sorted(categories)) or "tout"
        data = {"commune": commune, "kept_back": sorted(categories)}
        note(f"{commune} garde pour elle : {what}", convention, by, data)


def lift_narrowing(reference: str, commune: str, by: str) -> int:
    """End all narrowings of a commune, and return how many they were. Raises ConventionError."""
    with transaction.atomic():
        convention = _locked(reference)
        now = timezone.now()
        ended = convention.narrowings.filter(still_open(now), commune=commune).update(ends_at=now)
        if ended:
            note(f"{commune} ne garde plus rien pour elle", convention, by, {"commune": commune})
    return ended


def _locked(reference: str) -> Convention:
    try:
        return Convention.objects.select_for_update().get(reference=reference)
    except Convention.DoesNotExist:
        known = ", ".join(Convention.objects.values_list("reference", flat=True)) or "aucune"
        raise ConventionError(f"aucune convention « {reference} » (connues : {known})") from None


# --- also for an amendment


def end_rule(pk: int, ends_at: datetime) -> None:
    """End a rule; one that has not begun never will."""
    rule = ConventionRule.objects.filter(still_open(ends_at), pk=pk)
    rule.update(ends_at=Greatest(F("starts_at"), ends_at))


def still_open(at: datetime) -> Q:
    """Return the condition of what has not ended at `at`."""
    return Q(ends_at=None) | Q(ends_at__gt=at)


def midnight(day: date, organisation: Organisation) -> datetime:
    """Return the first moment of a day in the organisation's own time zone."""
    return datetime.combine(day, time.min, organisation.zone_info)


def midnight_after(day: date, organisation: Organisation) -> datetime:
    """Return the first moment after a day in the organisation's own time zone."""
    return midnight(day + timedelta(days=1), organisation)


def note(text: str, convention: Convention, by: str, data: dict[str, Any]) -> None:
    """Write a change to the journal, with its author."""
    data = {"convention": convention.reference, "by": by, **data}
    write_entries([new_entry(None, Step.AGREEMENT, f"{text} (par {by}).", **data)])
