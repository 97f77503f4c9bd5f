"""Where is it? One question, answered from every clue together: `resolve(Location)`.

Each clue is read by itself (`evidence.py`: the communes that it allows), then all are set against
each other. One commune that every clue allows is `certain`. A point close to a border, or an area
over several communes, is `edge`: all of them, with the one that holds it first. Clues that exclude
each other are a `conflict`; clues that leave a choice, or say nothing, are `unknown`. Nothing is
guessed: under `conflict` and `unknown` the answer holds no commune, only clues with candidates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal

from notifier.territory.geometry import lookup as ground
from notifier.territory.geometry.geometry import Polygons
from notifier.territory.geometry.lookup import Proximity
from notifier.territory.reference import communes as reference
from notifier.territory.reference.communes import (
    Commune,
    all_communes,
    commune_by_code,
    communes_in,
    departement_of,
)
from notifier.territory.resolution.code_list import Several, read_several
from notifier.territory.resolution.evidence import (
    LISTED,
    Evidence,
    doubted,
    is_unconfirmed,
    read_insee,
    read_postal,
)
from notifier.territory.resolution.naming import read_name, recognised
from notifier.territory.resolution.position import read_point, read_polygon

__all__ = [
    "Clue",
    "Commune",
    "Location",
    "Proximity",
    "Resolution",
    "Verdict",
    "adjacent_communes",
    "all_communes",
    "commune_by_code",
    "communes_in",
    "departement_of",
    "resolve",
]


class Verdict(StrEnum):
    """What the clues prove together."""

    CERTAIN = "certain"
    """Exactly one commune, or all that are named as several, and no clue speaks against it."""
    EDGE = "edge"
    """A point close to a border or an area over several communes: which are told, the category
    says."""
    CONFLICT = "conflict"
    """Two clues exclude each other, or a code is also others' postal code and no clue tells which:
    a person decides."""
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
    """Metres around the point that are concerned."""
    label: str | None = None
    """Free words for the place (a street); never a clue."""
    precision: Literal["exact", "street", "town"] | None = None
    """How well the point is known; unstated counts as exact, "town" proves nothing alone."""
    polygon: Polygons | None = None
    """An area: polygons of rings of [longitude, latitude] (WGS 84), holes inside the rings they
    pierce; what lies under several polygons counts once."""
    communes: Sequence[str] = ()
    """INSEE codes of several communes, every one of which is concerned."""


@dataclass(frozen=True, slots=True)
class Clue:
    """One clue and what it said, for the person who reviews."""

    kind: str
    """insee, communes, postal_code, name, point or polygon."""
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
    """Under `edge` first those that hold the point or the area's centre, then by distance."""
    clues: tuple[Clue, ...]
    proximities: tuple[Proximity, ...] = ()
    """How they lie to the point or the area, if one was given; in doubt, the nearest candidates."""
    confirmed: tuple[Commune, ...] = ()
    """Under `conflict` and `unknown`, those of a list of codes that are certain all the same."""
    nearby: tuple[Commune, ...] = ()
    """Under `edge`, those of `communes` that neither contain the point nor touch the area."""

    @property
    def containing(self) -> tuple[Commune, ...]:
        """The communes that contain the point or the area's centre; all if `certain`.

        Several only for a point exactly on a border, or on land that no source divides.
        """
        if self.verdict is not Verdict.EDGE:
            return self.communes
        holding = {near.code for near in self.proximities if near.holds}
        return tuple(commune for commune in self.communes if commune.code in holding)

    def as_json(self) -> dict[str, Any]:
        """Plain values that json.dumps takes, for the log and the status resource."""
        return {
            "verdict": self.verdict.value,
            "communes": [asdict(commune) for commune in self.communes],
            "clues": [{**asdict(clue), "communes": list(clue.communes)} for clue in self.clues],
            "marks": [asdict(proximity) for proximity in self.proximities],
        }


def resolve(location: Location) -> Resolution:
    """The commune of a place, or why a person must look at it. Asks nothing but the local file."""
    readings = _with_doubts(_read(location))
    sure: tuple[str, ...] = ()
    if location.communes:
        several = read_several(location.communes, readings)
        readings = [*several.readings, *readings]
        verdict, codes, sure = _verdict_on_several(several)
    else:
        verdict, codes = _compare(readings)
    clues = tuple(_clue(reading, readings) for reading in readings)
    marks = next((reading.marks for reading in readings if reading.marks), ())
    marks = tuple(m for m in marks if m.code in codes) if codes else marks[:LISTED]
    close_by = _close_by(readings, codes) if verdict is Verdict.EDGE else []
    return Resolution(verdict, _known(codes), clues, marks, _known(sure), _known(close_by))


def _known(codes: Iterable[str]) -> tuple[Commune, ...]:
    return tuple(c for c in map(reference.commune_by_code, codes) if c)


def _verdict_on_several(several: Several) -> tuple[Verdict, tuple[str, ...], tuple[str, ...]]:
    """The verdict, the codes when it is `certain`, and else those that are sure all the same."""
    if several.is_complete:
        return Verdict.CERTAIN, several.sure, ()
    return Verdict.CONFLICT if several.is_contradicted else Verdict.UNKNOWN, (), several.sure


def adjacent_communes(code: str) -> tuple[Commune, ...]:
    """The communes that share a border with one (on land: no bridge, no crossing by sea).

    Empty for islands and for the collectivities whose contours no source gives. A commune whose
    land no source divides adjoins those that share it and all that adjoin the whole.
    """
    return _known(ground.adjoining(code))


def _read(location: Location) -> list[Evidence]:
    """Every given clue, read; those first that help to read the others, shown the code first."""
    insee, name, postal_code = (
        (text or "").strip() for text in (location.insee, location.name, location.postal_code)
    )
    positions = _read_positions(location)
    here = frozenset[str]().union(*(r.communes or () for r in positions if r.proves_alone))
    plain = recognised(name)
    readings: list[Evidence] = []
    if insee:
        readings.append(read_insee(insee, plain.key, here))
    if postal_code:
        readings.append(read_postal(postal_code))
    if name:
        readings.append(read_name(name, plain, _neighbourhood(readings, here)))
    return readings + positions


def _with_doubts(readings: Sequence[Evidence]) -> list[Evidence]:
    """The readings, of which a code that may be a postal code as well says so."""
    return [
        doubted(reading) if is_unconfirmed(reading, _without(reading, readings)) else reading
        for reading in readings
    ]


def _without(reading: Evidence, readings: Sequence[Evidence]) -> list[Evidence]:
    return [other for other in readings if other is not reading]


def _read_positions(location: Location) -> list[Evidence]:
    positions: list[Evidence] = []
    if location.latitude is not None or location.longitude is not None:
        point = location.latitude, location.longitude
        positions.append(read_point(*point, location.radius_m, location.precision))
    if location.polygon:
        positions.append(read_polygon(location.polygon))
    return positions


def _neighbourhood(readings: Sequence[Evidence], here: frozenset[str]) -> frozenset[str]:
    """The communes of the given postal code and code; without one, those that share the code's.

    Without a code either, `here`: those of the point or the area.
    """
    by_kind = {reading.kind: reading.communes for reading in readings}
    if served := by_kind.get("postal_code"):
        return served | (by_kind.get("insee") or frozenset())
    shared: set[str] = set()
    for code in by_kind.get("insee") or ():
        shared.add(code)
        for postal_code in reference.postal_codes_of(code):
            shared |= reference.served_by(postal_code)
    return frozenset(shared) or here


def _compare(readings: Sequence[Evidence]) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict, and the codes when it is `certain` or `edge`."""
    speaking = [reading for reading in readings if reading.communes is not None]
    if not any(reading.communes for reading in speaking):
        return Verdict.UNKNOWN, ()
    allowed = frozenset.intersection(*(r.communes for r in speaking if r.communes is not None))
    admitted = frozenset(code for code in allowed if all(r.admits(code) for r in readings))
    if not admitted:
        return Verdict.CONFLICT, ()
    unconfirmed = [r for r in readings if is_unconfirmed(r, _without(r, readings))]
    if unconfirmed:
        is_alive = any(reading.proves_alone for reading in unconfirmed)
        return Verdict.CONFLICT if is_alive else Verdict.UNKNOWN, ()
    if len(allowed) == 1 and any(_proves(reading, speaking) for reading in speaking):
        return Verdict.CERTAIN, tuple(allowed)
    if edge := _edge(readings, admitted):
        return Verdict.CERTAIN if len(edge) == 1 else Verdict.EDGE, edge
    return Verdict.UNKNOWN, ()


def _edge(readings: Sequence[Evidence], admitted: frozenset[str]) -> tuple[str, ...]:
    """The admitted communes by how they lie to the point or the area; none unless one holds it."""
    for reading in readings:
        ordered = tuple(mark.code for mark in reading.marks if mark.code in admitted)
        holding = any(mark.holds for mark in reading.marks if mark.code in admitted)
        if reading.proves_alone and holding:
            return ordered
    return ()


def _close_by(readings: Sequence[Evidence], codes: Iterable[str]) -> list[str]:
    """The communes that are concerned for their distance alone, be there a point and an area."""
    reached = {m.code for reading in readings for m in reading.marks if m.holds or m.share}
    return [code for code in codes if code not in reached]


def _proves(reading: Evidence, speaking: Sequence[Evidence]) -> bool:
    """Whether a clue may carry `certain`: by its own strength, or confirmed by another."""
    return reading.proves_alone or len(speaking) > 1


def _clue(reading: Evidence, readings: Sequence[Evidence]) -> Clue:
    """The clue as shown: its candidates ordered by how many of the other clues allow them."""
    candidates = (reading.communes or frozenset()) | reading.hints
    if len(candidates) < 2:
        return Clue(reading.kind, reading.given, tuple(candidates), reading.says)
    others = _without(reading, readings)
    nearness = {mark.code: place for place, mark in enumerate(reading.marks)}
    departements = {reference.departement_of(code) for other in others for code in _bounded(other)}

    def improbability(code: str) -> tuple[int, int, bool, bool, str]:
        agreeing = sum(code in (other.communes or other.hints) for other in others)
        elsewhere = reference.departement_of(code) not in departements
        is_hint = code not in (reading.communes or ())
        return -agreeing, nearness.get(code, 0), elsewhere, is_hint, code

    probable_first = tuple(sorted(candidates, key=improbability)[:LISTED])
    return Clue(reading.kind, reading.given, probable_first, reading.says)


def _bounded(reading: Evidence) -> list[str]:
    return sorted(reading.communes or reading.hints)[:LISTED]
