"""Who is told in the bench: one mayor in each of some thousands of communes, and where events are.

Different mayors, so that nothing is gathered, and no commune is asked for twice in a row.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from notifier.territory.resolve import Commune, Location, Verdict, resolve

HEADER = "code_commune;commune;fonction;rang;nom;prenom;mobile;courriel"
# Communes with three to tell at once; events there make the log of `million.py`.
WITH_SEVERAL = 100
SEVERAL = ("maire", "astreinte", "police_municipale")
_SEED = 20261122
# Most of the metropole, in degrees.
_LATITUDES, _LONGITUDES = (43.5, 49.5), (-0.5, 6.5)


@dataclass(frozen=True)
class Spot:
    """A point well inside a commune."""

    commune: Commune
    latitude: float
    longitude: float

    @property
    def location(self) -> dict[str, object]:
        """As dispatch writes it: code, name, point and street."""
        return {
            "insee": self.commune.code,
            "name": self.commune.name,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "label": "rue des Écoles",
        }


def spots(number: int) -> list[Spot]:
    """So many points in as many communes, each of which all its clues name alone."""
    found: dict[str, Spot] = {}
    for spot in _anywhere():
        found.setdefault(spot.commune.code, spot)
        if len(found) == number:
            break
    return list(found.values())


def _anywhere() -> Iterator[Spot]:
    chance = random.Random(_SEED)  # noqa: S311 - places to try, no secret
    while True:
        latitude = round(chance.uniform(*_LATITUDES), 5)
        longitude = round(chance.uniform(*_LONGITUDES), 5)
        here = resolve(Location(latitude=latitude, longitude=longitude))
        if here.verdict is not Verdict.CERTAIN:
            continue
        commune = here.communes[0]
        known = Location(
            insee=commune.code, name=commune.name, latitude=latitude, longitude=longitude
        )
        if resolve(known).verdict is Verdict.CERTAIN:
            yield Spot(commune, latitude, longitude)


def contacts(singles: list[Spot], several: list[Spot]) -> str:
    """The CSV to import; every number is one of those kept for fiction."""
    rows = [HEADER]
    for place, spot in enumerate(singles):
        rows.append(_row(spot, "maire", place))
    for place, spot in enumerate(several):
        first = place * len(SEVERAL)
        rows += [_row(spot, function, first + i) for i, function in enumerate(SEVERAL)]
    return "\n".join(rows) + "\n"


def _row(spot: Spot, function: str, number: int) -> str:
    digits = f"{number % 10_000:04d}"
    return f"{spot.commune.code};{spot.commune.name};{function};1;Essai;Claude;063998{digits};"
