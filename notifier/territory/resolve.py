"""Resolve a place to its commune, from every clue together: `resolve(Location)`.

Each clue is read by itself (`resolution/`: the communes that it allows), then all are compared. One
commune that every clue allows is `certain`. A point close to a border, or an area over several
communes, is `edge`: all of them, the one that contains it first. Clues that exclude each other are
a `conflict`; clues that leave a choice, or say nothing, are `unknown`. Nothing is guessed: under
`conflict` and `unknown` the result holds no commune, only clues with candidates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from notifier.territory.geometry import lookup
from notifier.territory.geometry.geometry import Polygons
from notifier.territory.geometry.lookup import Proximity
from notifier.territory.reference import communes as reference
from notifier.territory.reference.communes import (
    Commune,
    all_communes,
    commune_by_code,
    communes_in,
    departement_of,
    first_commune_in,
)
from notifier.territory.resolution.code_list import CodeList, read_code_list
from notifier.territory.resolution.evidence import (
    MAX_LISTED,
    Evidence,
    is_unconfirmed,
    read_insee,
    read_postal,
    with_postal_doubt,
)
from notifier.territory.resolution.naming import read_name, recognise
from notifier.territory.resolution.position import read_point, read_polygon
from notifier.territory.resolution.verdict import Verdict

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
    "first_commune_in",
    "resolve",
]


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
    """Radius of the affected area around the point, in metres."""
    label: str | None = None
    """Free text for the place (a street); never a clue."""
    precision: Literal["exact", "street", "town"] | None = None
    """How well the point is known. None counts as exact; "town" proves nothing alone."""
    polygon: Polygons | None = None
    """An area: polygons of rings of [longitude, latitude] in WGS 84, with holes inside their outer
    ring; overlaps count once."""
    communes: Sequence[str] = ()
    """INSEE codes of several communes, all of which are affected."""


@dataclass(frozen=True, slots=True)
class Clue:
    """One clue and what it said, for the person who reviews."""

    kind: str
    """One of insee, communes, postal_code, name, point, polygon."""
    given: str
    communes: tuple[str, ...]
    """Codes of the candidates, the most probable first; at most twelve."""
    says: str
    """A French sentence."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The result: `communes` is empty unless the verdict is `certain` or `edge`."""

    verdict: Verdict
    communes: tuple[Commune, ...]
    """Under `edge`, those that contain the point or the area's centre first, then by distance."""
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
        """Return values that json.dumps takes, for the log and the status resource."""
        return {
            "verdict": self.verdict.value,
            "communes": [asdict(commune) for commune in self.communes],
            "clues": [{**asdict(clue), "communes": list(clue.communes)} for clue in self.clues],
            "marks": [asdict(proximity) for proximity in self.proximities],
        }


def resolve(location: Location) -> Resolution:
    """Return the commune of a place, or why a person must decide. Reads only the local file."""
    readings = _with_postal_doubts(_read_clues(location))
    confirmed: tuple[str, ...] = ()
    if location.communes:
        code_list = read_code_list(location.communes, readings)
        readings = [*code_list.readings, *readings]
        verdict, codes, confirmed = _judge_code_list(code_list)
    else:
        verdict, codes = _judge(readings)
    clues = tuple(_to_clue(reading, readings) for reading in readings)
    proximities = next((reading.proximities for reading in readings if reading.proximities), ())
    proximities = (
        tuple(m for m in proximities if m.code in codes) if codes else proximities[:MAX_LISTED]
    )
    nearby = _nearby_codes(readings, codes) if verdict is Verdict.EDGE else []
    return Resolution(
        verdict,
        _to_communes(codes),
        clues,
        proximities,
        _to_communes(confirmed),
        _to_communes(nearby),
    )


def _to_communes(codes: Iterable[str]) -> tuple[Commune, ...]:
    return tuple(c for c in map(reference.commune_by_code, codes) if c)


def _judge_code_list(code_list: CodeList) -> tuple[Verdict, tuple[str, ...], tuple[str, ...]]:
    """Return the verdict, its codes if `certain`, and the codes confirmed in any other case."""
    if code_list.is_complete:
        return Verdict.CERTAIN, code_list.confirmed, ()
    return (
        Verdict.CONFLICT if code_list.is_contradicted else Verdict.UNKNOWN,
        (),
        code_list.confirmed,
    )


def adjacent_communes(code: str) -> tuple[Commune, ...]:
    """Return the communes that share a land border with one, bridges and ferries aside.

    Empty for islands and for the collectivities whose contours no source gives. A commune whose
    land no source divides is adjacent to those that share it and to all that border the whole.
    """
    return _to_communes(lookup.adjacent_codes(code))


def _read_clues(location: Location) -> list[Evidence]:
    """Read every given clue; the position helps to read the code, and both help with the name."""
    insee, name, postal_code = (
        (text or "").strip() for text in (location.insee, location.name, location.postal_code)
    )
    positions = _read_positions(location)
    point_communes = frozenset[str]().union(
        *(r.communes or () for r in positions if r.proves_alone)
    )
    plain = recognise(name)
    readings: list[Evidence] = []
    if insee:
        readings.append(read_insee(insee, plain.key, point_communes))
    if postal_code:
        readings.append(read_postal(postal_code))
    if name:
        readings.append(read_name(name, plain, _plausible_communes(readings, point_communes)))
    return readings + positions


def _with_postal_doubts(readings: Sequence[Evidence]) -> list[Evidence]:
    """Return the readings, with a note on each code that may be a postal code instead."""
    return [
        with_postal_doubt(reading) if _is_doubtful(reading, readings) else reading
        for reading in readings
    ]


def _is_doubtful(reading: Evidence, readings: Sequence[Evidence]) -> bool:
    """Return whether it is a code that may just as well be a postal code; hardly any is."""
    return bool(reading.rivals) and is_unconfirmed(reading, _others(reading, readings))


def _others(reading: Evidence, readings: Sequence[Evidence]) -> list[Evidence]:
    return [other for other in readings if other is not reading]


def _read_positions(location: Location) -> list[Evidence]:
    positions: list[Evidence] = []
    if location.latitude is not None or location.longitude is not None:
        point = location.latitude, location.longitude
        positions.append(read_point(*point, location.radius_m, location.precision))
    if location.polygon:
        positions.append(read_polygon(location.polygon))
    return positions


def _plausible_communes(
    readings: Sequence[Evidence], point_communes: frozenset[str]
) -> frozenset[str]:
    """Return the communes of the given postal code and code; else those that share the code's.

    Without a code either, `point_communes`: those of the point or the area.
    """
    by_kind = {reading.kind: reading.communes for reading in readings}
    if served := by_kind.get("postal_code"):
        return served | (by_kind.get("insee") or frozenset())
    shared: set[str] = set()
    for code in by_kind.get("insee") or ():
        shared.add(code)
        for postal_code in reference.postal_codes_of(code):
            shared |= reference.communes_by_postal_code(postal_code)
    return frozenset(shared) or point_communes


def _judge(readings: Sequence[Evidence]) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict, and its codes if `certain` or `edge`."""
    speaking = [reading for reading in readings if reading.communes is not None]
    if not any(reading.communes for reading in speaking):
        return Verdict.UNKNOWN, ()
    allowed = frozenset.intersection(*(r.communes for r in speaking if r.communes is not None))
    silent = [reading for reading in readings if reading.communes is None]
    admitted = frozenset(code for code in allowed if all(r.admits(code) for r in silent))
    if not admitted:
        return Verdict.CONFLICT, ()
    unconfirmed = [reading for reading in readings if _is_doubtful(reading, readings)]
    if unconfirmed:
        is_alive = any(reading.proves_alone for reading in unconfirmed)
        return Verdict.CONFLICT if is_alive else Verdict.UNKNOWN, ()
    if len(allowed) == 1 and any(_proves(reading, speaking) for reading in speaking):
        return Verdict.CERTAIN, tuple(allowed)
    if edge := _edge_communes(readings, admitted):
        return Verdict.CERTAIN if len(edge) == 1 else Verdict.EDGE, edge
    return Verdict.UNKNOWN, ()


def _edge_communes(readings: Sequence[Evidence], admitted: frozenset[str]) -> tuple[str, ...]:
    """Return the admitted communes by proximity; none unless one of them contains the place."""
    for reading in readings:
        ordered = tuple(
            proximity.code for proximity in reading.proximities if proximity.code in admitted
        )
        holding = any(
            proximity.holds for proximity in reading.proximities if proximity.code in admitted
        )
        if reading.proves_alone and holding:
            return ordered
    return ()


def _nearby_codes(readings: Sequence[Evidence], codes: Iterable[str]) -> list[str]:
    """Return the communes that are there for their distance alone, by the point and by the area."""
    reached = {m.code for reading in readings for m in reading.proximities if m.holds or m.share}
    return [code for code in codes if code not in reached]


def _proves(reading: Evidence, speaking: Sequence[Evidence]) -> bool:
    """Return whether a clue may carry `certain`: by its own strength, or confirmed by another."""
    return reading.proves_alone or len(speaking) > 1


def _to_clue(reading: Evidence, readings: Sequence[Evidence]) -> Clue:
    """Return the clue as shown: candidates that most other clues allow come first."""
    candidates = (reading.communes or frozenset()) | reading.hints
    if len(candidates) < 2:
        return Clue(reading.kind, reading.given, tuple(candidates), reading.says)
    others = _others(reading, readings)
    nearness = {proximity.code: place for place, proximity in enumerate(reading.proximities)}
    departements = {
        reference.departement_of(code) for other in others for code in _first_candidates(other)
    }
    agreeing = Counter(
        code for other in others for code in candidates & (other.communes or other.hints)
    )

    def improbability(code: str) -> tuple[int, int, bool, bool, str]:
        elsewhere = reference.departement_of(code) not in departements
        is_hint = code not in (reading.communes or ())
        return -agreeing[code], nearness.get(code, 0), elsewhere, is_hint, code

    probable_first = tuple(sorted(candidates, key=improbability)[:MAX_LISTED])
    return Clue(reading.kind, reading.given, probable_first, reading.says)


def _first_candidates(reading: Evidence) -> list[str]:
    return sorted(reading.communes or reading.hints)[:MAX_LISTED]
