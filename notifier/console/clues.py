"""The clues of a report, as whoever decides reads them: what was given, what it may mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from notifier.intake.models import Report
from notifier.territory.resolve import commune_by_code

_KINDS = {
    "insee": "code INSEE",
    "communes": "codes INSEE",
    "postal_code": "code postal",
    "name": "nom",
    "point": "point",
    "polygon": "zone",
    "departement": "département",
}


@dataclass(frozen=True)
class Clue:
    """One clue in French; `communes` are those that it allows, the most probable first."""

    kind: str
    given: str
    communes: str
    says: str


def clues_of(report: Report) -> Iterator[Clue]:
    """Return the clues of the report, in its order."""
    for clue in report.clues:
        kind = clue["kind"]
        yield Clue(_KINDS.get(kind, kind), str(clue["given"]), _named(clue), clue["says"])


def _named(clue: dict[str, Any]) -> str:
    """Return the communes; for a position, how they lie to it."""
    lies = {mark["code"]: _lies(mark) for mark in clue.get("marks", ())}
    return ", ".join(_label(code) + lies.get(code, "") for code in clue["communes"])


def _label(code: str) -> str:
    known = commune_by_code(code)
    return known.label if known else code


def _lies(mark: dict[str, Any]) -> str:
    where = "la position y est" if mark["holds"] else f"à {mark['distance_m']} m"
    if mark["share"]:
        where += f", {mark['share'] * 100:.0f}\N{NO-BREAK SPACE}% de la zone"
    return f" [{where}]"
