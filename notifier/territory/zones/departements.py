"""The départements and overseas collectivities: names, communes, and where their council acts."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from notifier.territory.reference.communes import communes_in, departement_of
from notifier.territory.zones.epci import LYON, epci_by_siren, epci_of

FILE = Path(__file__).resolve().parents[1] / "data" / "departements.csv"

# Where another local authority has the powers of the conseil départemental: CGCT L3431-1 (Alsace),
# L4421-1 (Corse), L2512-1 (Paris), L7111-1 (Guyane), L7211-1 (Martinique).
_COUNCILS = {
    "2A": "Collectivité de Corse",
    "2B": "Collectivité de Corse",
    "67": "Collectivité européenne d’Alsace",
    "68": "Collectivité européenne d’Alsace",
    "75": "Ville de Paris",
    "972": "Collectivité territoriale de Martinique",
    "973": "Collectivité territoriale de Guyane",
}
_RHONE = "69"


@dataclass(frozen=True, slots=True)
class Departement:
    """A département, or an overseas collectivity under its three digits."""

    code: str
    name: str
    after_de: str
    """The name after a noun: "de l’Isère", "du Puy-de-Dôme", "de Paris"."""

    @property
    def council_name(self) -> str:
        """The name of the local authority: "Département de l’Isère", "Ville de Paris"."""
        return _COUNCILS.get(self.code, f"Département {self.after_de}")

    @property
    def prefecture_name(self) -> str:
        """The name of the State's office: "Préfecture de l’Isère"."""
        return f"Préfecture {self.after_de}"


def all_departements() -> tuple[Departement, ...]:
    """Return every département and overseas collectivity, ordered by code."""
    return tuple(_by_code().values())


def departement_by_code(code: str) -> Departement | None:
    """Return the département with this code ("38", "2A", "971"), or None."""
    return _by_code().get(code)


def council_of(commune: str) -> str | None:
    """Return the département whose council acts in a current commune.

    None in the métropole de Lyon, where the métropole itself does; the préfecture is that of the
    Rhône all the same.
    """
    departement = departement_of(commune)
    if departement == _RHONE and (grouping := epci_of(commune)) and grouping.siren == LYON:
        return None
    return departement or None


def council_communes(departement: str) -> list[str]:
    """Return the INSEE codes of the communes in which the council of a département acts."""
    codes = [commune.code for commune in communes_in(departement)]
    if departement == _RHONE and (lyon := epci_by_siren(LYON)):
        codes = sorted(set(codes) - set(lyon.communes))
    return codes


@cache
def _by_code() -> dict[str, Departement]:
    with FILE.open(encoding="utf-8", newline="") as lines:
        return {
            row["code"]: Departement(row["code"], row["nom"], row["complement"])
            for row in csv.DictReader(lines, delimiter=";")
        }
