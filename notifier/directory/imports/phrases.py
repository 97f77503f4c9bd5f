"""Pieces of the French sentences that a reader of a list is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from notifier.directory.imports.entries import OrganisationKey
from notifier.directory.models import Mandate, OrganisationKind, function_title
from notifier.territory.reference.communes import commune_by_code

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


def describe_post(mandate: Mandate) -> str:
    """Return "Delle (90033), 1er adjoint"."""
    organisation = mandate.organisation
    where = (
        organisation_label((organisation.kind, organisation.code))
        if organisation.kind == OrganisationKind.COMMUNE
        else f"{organisation.name} ({organisation.ref})"
    )
    return f"{where}, {function_title(mandate.function, mandate.rank)}"


def format_day(day: date | None) -> str:
    """Return "21/03/2026", or "toujours"."""
    return f"{day:%d/%m/%Y}" if day else "toujours"


def format_value(value: object) -> str:
    """Return a stored value as one reads it."""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, date):
        return format_day(value)
    return str(value) if value else "(vide)"
