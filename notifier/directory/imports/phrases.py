"""Pieces of the French sentences that a reader of a list is told."""

from __future__ import annotations

from collections.abc import Iterable

from notifier.directory.imports.entries import OrganisationKey
from notifier.directory.models import OrganisationKind
from notifier.territory.resolve import commune_by_code

_MAX_LISTED = 10


def organisation_label(organisation: OrganisationKey) -> str:
    """Return "Delle (90033)", or "epci:200069052"."""
    kind, code = organisation
    if kind == OrganisationKind.COMMUNE:
        commune = commune_by_code(code)
        return commune.label if commune else code
    return f"{kind}:{code}"


def format_lines(numbers: Iterable[int]) -> str:
    """Return "lignes 2, 5, 9", cut after the first ten."""
    lines = sorted(numbers)
    return f"{'lignes' if len(lines) > 1 else 'ligne'} {format_first(list(map(str, lines)))}"


def format_first(items: list[str]) -> str:
    """Join the first ten, and say how many others there are."""
    more = f" et {len(items) - _MAX_LISTED} autres" if len(items) > _MAX_LISTED else ""
    return ", ".join(items[:_MAX_LISTED]) + more
