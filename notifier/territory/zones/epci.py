"""The EPCI with their own taxation and the métropole de Lyon, and the communes that are members.

As the DGCL lists them on 1 January of the year (`data/epci.csv`): a commune belongs to one at most.
What has changed since, an operator's file says (`directory/zones`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "data" / "epci.csv"
EDITION = date(2026, 1, 1)
"""The day on which the packaged list was in force."""
LIST = "DGCL, liste des EPCI"
SOURCE = f"{LIST} au 1er janvier {EDITION.year}"
LYON = "200046977"
"""The métropole de Lyon, which has the powers of the département on its land (CGCT L3611-1)."""


class Nature(StrEnum):
    """The kinds of EPCI; the value is the French word."""

    COMMUNAUTE_DE_COMMUNES = "communauté de communes"
    COMMUNAUTE_D_AGGLOMERATION = "communauté d’agglomération"
    COMMUNAUTE_URBAINE = "communauté urbaine"
    METROPOLE = "métropole"


_ABBREVIATIONS = {
    "CC ": Nature.COMMUNAUTE_DE_COMMUNES,
    "CA ": Nature.COMMUNAUTE_D_AGGLOMERATION,
    "CU ": Nature.COMMUNAUTE_URBAINE,
}


@dataclass(frozen=True, slots=True)
class Epci:
    """An EPCI of the packaged list."""

    siren: str
    nature: Nature
    short_name: str
    """As the DGCL writes it: "CA du Grand Dax"."""
    communes: tuple[str, ...]
    """INSEE codes of its members, ordered."""

    @property
    def name(self) -> str:
        """The name with its nature spelled out: "Communauté d’agglomération du Grand Dax"."""
        nature = _ABBREVIATIONS.get(self.short_name[:3])
        if nature is None:
            return self.short_name
        return f"{nature.capitalize()} {self.short_name[3:]}"


def all_epci() -> tuple[Epci, ...]:
    """Return every EPCI, ordered by SIREN."""
    return tuple(_by_siren().values())


def epci_by_siren(siren: str) -> Epci | None:
    """Return the EPCI with this SIREN, or None."""
    return _by_siren().get(siren)


def epci_of(commune: str) -> Epci | None:
    """Return the EPCI of a current commune, by its INSEE code; None for one that is in none.

    Four islands and the overseas collectivities are in none.
    """
    siren = _siren_by_commune().get(commune)
    return _by_siren()[siren] if siren else None


@cache
def _by_siren() -> dict[str, Epci]:
    with FILE.open(encoding="utf-8", newline="") as lines:
        return {
            row["siren"]: Epci(
                row["siren"], Nature(row["nature"]), row["nom"], tuple(row["communes"].split())
            )
            for row in csv.DictReader(lines, delimiter=";")
        }


@cache
def _siren_by_commune() -> dict[str, str]:
    return {code: siren for siren, one in _by_siren().items() for code in one.communes}
