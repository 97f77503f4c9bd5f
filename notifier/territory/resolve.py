"""Where is it? One question, answered from every clue together: `resolve(Location)`.

Each clue is read by itself (`evidence.py`: the communes that it allows), then all are set against
each other. One commune that every clue allows is `certain`. Clues that exclude each other are a
`conflict`; clues that leave a choice, or say nothing, are `unknown`. Nothing is guessed: under
`conflict` and `unknown` the answer holds no commune, only clues with their candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from notifier.territory import reference
from notifier.territory.evidence import (
    LISTED,
    Evidence,
    read_insee,
    read_name,
    read_point,
    read_postal,
)
from notifier.territory.reference import (
    Commune,
    all_communes,
    commune,
    communes_of,
    departement_of,
)

__all__ = [
    "Clue",
    "Commune",
    "Location",
    "Resolution",
    "Verdict",
    "all_communes",
    "commune",
    "communes_of",
    "departement_of",
    "resolve",
]


class Verdict(StrEnum):
    """What the clues prove together."""

    CERTAIN = "certain"
    """Exactly one commune, and no clue speaks against it."""
    EDGE = "edge"
    """A point close to a border: several communes are told. Not given until points resolve."""
    CONFLICT = "conflict"
    """Two clues exclude each other: a person decides."""
    UNKNOWN = "unknown"
    """The clues leave a choice, or name nobody: a person decides."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place as a source describes it; any part may be missing."""

    insee: str | None = None
    name: str | None = None
    postal_code: str | None = None
    latitude: float | None = None
    """Degrees north, WGS 84."""
    longitude: float | None = None
    """Degrees east, WGS 84."""
    radius_m: int = 0
    """Metres of doubt around the point."""
    label: str | None = None
    """Free words for the place (a street); never a clue."""


@dataclass(frozen=True, slots=True)
class Clue:
    """One clue and what it said, for the person who reviews."""

    kind: str
    """insee, postal_code, name or point."""
    given: str
    communes: tuple[str, ...]
    """Codes of the candidates, the most probable first; twelve at the most."""
    says: str
    """A French sentence."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer: `communes` is empty unless the verdict is `certain` or `edge`."""

    verdict: Verdict
    communes: tuple[Commune, ...]
    clues: tuple[Clue, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values that json.dumps takes, for the log and the status resource."""
        return {
            "verdict": self.verdict.value,
            "communes": [asdict(commune) for commune in self.communes],
            "clues": [{**asdict(clue), "communes": list(clue.communes)} for clue in self.clues],
        }


def resolve(location: Location) -> Resolution:
    """The commune of a place, or why a person must look at it. Asks nothing but the local file."""
    readings = _read(location)
    verdict, found = _compare(readings)
    clues = tuple(_clue(reading, readings) for reading in readings)
    resolved = reference.commune(found) if found else None
    return Resolution(verdict, (resolved,) if resolved else (), clues)


def _read(location: Location) -> list[Evidence]:
    """Every given clue, read; the name last, because its neighbourhood needs the others."""
    insee, name, postal_code = (
        (text or "").strip() for text in (location.insee, location.name, location.postal_code)
    )
    readings: list[Evidence] = []
    if insee:
        readings.append(read_insee(insee, name))
    if postal_code:
        readings.append(read_postal(postal_code))
    if name:
        readings.append(read_name(name, _neighbourhood(readings)))
    if location.latitude is not None or location.longitude is not None:
        readings.append(read_point(location.latitude, location.longitude))
    return readings


def _neighbourhood(readings: Sequence[Evidence]) -> frozenset[str]:
    """The communes of the given postal code; without one, those that share one with the code's."""
    by_kind = {reading.kind: reading.communes for reading in readings}
    if served := by_kind.get("postal_code"):
        return served
    shared: set[str] = set()
    for code in by_kind.get("insee") or ():
        shared.add(code)
        for postal_code in reference.postal_codes_of(code):
            shared |= reference.served_by(postal_code)
    return frozenset(shared)


def _compare(readings: Sequence[Evidence]) -> tuple[Verdict, str | None]:
    """The verdict, and the commune's code when it is `certain`."""
    speaking = [reading for reading in readings if reading.communes is not None]
    if not any(reading.communes for reading in speaking):
        return Verdict.UNKNOWN, None
    allowed = frozenset.intersection(*(r.communes for r in speaking if r.communes is not None))
    if not any(all(r.admits(code) for r in readings) for code in allowed):
        return Verdict.CONFLICT, None
    if len(allowed) > 1 or not any(_proves(reading, speaking) for reading in speaking):
        return Verdict.UNKNOWN, None
    return Verdict.CERTAIN, next(iter(allowed))


def _proves(reading: Evidence, speaking: Sequence[Evidence]) -> bool:
    """Whether a clue may carry `certain`: by its own strength, or confirmed by another."""
    return reading.proves_alone or len(speaking) > 1


def _clue(reading: Evidence, readings: Sequence[Evidence]) -> Clue:
    """The clue as shown: its candidates ordered by how many of the other clues allow them."""
    others = [other for other in readings if other is not reading]
    candidates = (reading.communes or frozenset()) | reading.hints
    departements = {reference.departement_of(code) for other in others for code in _bounded(other)}

    def improbability(code: str) -> tuple[int, bool, str]:
        agreeing = sum(code in (other.communes or other.hints) for other in others)
        return -agreeing, reference.departement_of(code) not in departements, code

    probable_first = tuple(sorted(candidates, key=improbability)[:LISTED])
    return Clue(reading.kind, reading.given, probable_first, reading.says)


def _bounded(reading: Evidence) -> list[str]:
    return sorted(reading.communes or reading.hints)[:LISTED]
