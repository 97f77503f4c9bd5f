"""Narrow a category in a département, within the law: `narrowed`; what may be narrowed: `refusal`.

CSI L132-3 has the mayor informed *sans délai* of what troubles public order. A category that stands
on that article is therefore told to the mayor as the file says, whatever a groupement would rather;
only who else is told at once may be narrowed. The other articles allow to tell, and oblige nobody:
there a groupement may tell less, later, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from notifier.alerting.models import PolicyNarrowing
from notifier.alerting.policy.categories import Categories, Category
from notifier.delivery.models import Channel, Lane
from notifier.directory.models import Function
from notifier.intake.schema.vocabulary import Severity

_OBLIGING = re.compile(r"\bL\.?\s*132-3\b.*sécurité intérieure")


class NarrowingError(Exception):
    """A narrowing that the law or the configuration does not allow; the message is French."""


def is_obliged(category: Category) -> bool:
    """Return whether the law has the mayor informed of it without delay."""
    return _OBLIGING.search(category.legal_basis) is not None


def narrowed(
    category: Category, departement: str, narrowings: Iterable[PolicyNarrowing]
) -> Category:
    """Return the category as it applies in a département: never more than it allows itself.

    Of what the law obliges to tell, only the functions beside the mayor are narrowed. Several
    narrowings apply together.
    """
    current = category
    applied = []
    for narrowing in narrowings:
        is_meant = narrowing.departement == departement
        if not is_meant or not covers(narrowing.category, category.code):
            continue
        if changes := _changes(current, narrowing):
            current = current.model_copy(update=changes)
            applied.append(in_words(narrowing))
    if not applied:
        return category
    return current.model_copy(update={"configured": category, "narrowing": " et ".join(applied)})


def covers(narrowed_code: str, code: str) -> bool:
    """Return whether a category is the narrowed one or inherits from it: C01.01.03 of C01.01.00."""
    above = narrowed_code.removesuffix(".00").removesuffix(".00")
    return f"{code}.".startswith(f"{above}.")


def in_words(narrowing: PolicyNarrowing) -> str:
    """Name a narrowing in French, by its number and day: "restriction n° 12 du 28/11/2026"."""
    if narrowing.starts_at is None:
        return "restriction proposée"
    return f"{narrowing} du {timezone.localtime(narrowing.starts_at):%d/%m/%Y}"


def _changes(category: Category, narrowing: PolicyNarrowing) -> dict[str, Any]:
    """Return which keys a narrowing changes, each to less."""
    changes: dict[str, Any] = {}
    if category.disclosure == "withhold":
        return changes
    if narrowing.functions and (kept := _kept(category, narrowing.functions)):
        changes["tell"] = kept
    if is_obliged(category):
        return changes
    if narrowing.is_withheld:
        return {**changes, "disclosure": "withhold", "threshold": None}
    if threshold := _raised(category, narrowing.from_severity):
        changes |= {"disclosure": "threshold", "threshold": threshold}
    if category.is_urgent and (narrowing.is_routine or narrowing.is_by_mail_only):
        changes["lane"] = Lane.ROUTINE.value
    is_by_both = len(category.channels) > 1 and Channel.EMAIL in category.channels
    if narrowing.is_by_mail_only and is_by_both:
        changes["channels"] = (Channel.EMAIL.value,)
    return changes


def _kept(category: Category, functions: Iterable[str]) -> tuple[str, ...]:
    """Return who is told still; the mayor always. Empty where nothing changes."""
    wanted = {*functions, Function.MAYOR.value}
    kept = tuple(function for function in category.tell if function in wanted)
    return kept if kept != category.tell else ()


def _raised(category: Category, from_severity: str) -> Severity | None:
    if not from_severity:
        return None
    present = category.threshold or Severity.MINOR
    return Severity(from_severity) if Severity(from_severity) > present else None


def refusal(narrowing: PolicyNarrowing, categories: Categories) -> str:
    """Say in French why a narrowing cannot be taken; "" where it can."""
    below = [
        category
        for code in categories.codes()
        if covers(narrowing.category, code) and (category := categories.get(code))
    ]
    if not below:
        return f"la catégorie {narrowing.category} n’est pas dans la configuration"
    if not narrowing.reason.strip():
        return "dire pourquoi : le motif reste au journal"
    if any(_changes(category, narrowing) for category in below):
        return ""
    told = [category for category in below if category.disclosure != "withhold"]
    if not told:
        return "cette catégorie n’est annoncée à personne : il n’y a rien à restreindre"
    if all(map(is_obliged, told)) and not narrowing.functions:
        return (
            "la loi impose d’en informer le maire sans délai (article L132-3 du code de la "
            "sécurité intérieure) : seules les autres fonctions prévenues peuvent être restreintes"
        )
    return "cela ne change rien à ce que prévoit la configuration"
