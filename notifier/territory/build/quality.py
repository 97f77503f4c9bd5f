"""Measure the quality of a file's contours: counts, overlaps, gaps.

In contours without fault each border is traversed once by each of its two sides, in opposite
directions; only coasts and frontiers are traversed once. Hence the checks: a border traversed twice
in the same direction is an overlap, borders that cross overlap too (or make one ring cross itself),
and a frontier that turns against the outer ones bounds a gap inside the country. Works through
bands of latitude, so that a file of any size fits into memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from notifier.territory.geometry.contours import Contour
from notifier.territory.geometry.geometry import UNITS, plane_at

Edge = tuple[tuple[int, int], tuple[int, int]]
"""An edge of a ring, in the direction in which the land lies to its right."""
_BAND_HEIGHT = UNITS
_SLIVER_M2 = 1_000
"""Gaps below a tenth of a hectare are where rounded lines touch."""


@dataclass
class QualityReport:
    """The counts of a file's contours, and its faults."""

    communes: int = 0
    """Communes that have contours."""
    shared: int = 0
    """Those of them whose land no source divides."""
    pieces: int = 0
    rings: int = 0
    vertices: int = 0
    degenerate: list[str] = field(default_factory=list)
    """Communes with a ring of no area."""
    duplicated: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of communes on the same side of one border."""
    crossing: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of communes whose borders cross; a commune with itself if its own ring does."""
    gaps: list[tuple[float, float, float]] = field(default_factory=list)
    """Unassigned land inside the country: square metres, latitude, longitude; largest first."""

    @property
    def overlapping(self) -> list[tuple[str, str]]:
        """Pairs of communes that overlap somewhere."""
        return sorted(pair for pair in self.crossing | self.duplicated if pair[0] != pair[1])

    @property
    def self_crossing(self) -> list[str]:
        """Communes with a ring that crosses or repeats itself."""
        return sorted({one for one, other in self.crossing | self.duplicated if one == other})

    def lines(self) -> Iterator[str]:
        """Yield the report in French, line by line."""
        yield f"communes avec contours : {self.communes}, dont {self.shared} sur une terre partagée"
        yield f"morceaux : {self.pieces} ; anneaux : {self.rings} ; sommets : {self.vertices}"
        yield f"anneaux sans surface : {len(self.degenerate)}"
        yield f"anneaux qui se croisent eux-mêmes : {len(self.self_crossing)}"
        yield f"paires de communes qui se recouvrent : {len(self.overlapping)}"
        yield f"trous entre communes : {len(self.gaps)}"
        for square_metres, latitude, longitude in self.gaps[:5]:
            hectares = f"{square_metres / 10_000:.1f}".replace(".", ",")
            yield f"    {hectares} ha près de {latitude:.4f}, {longitude:.4f}"


def measure_quality(connection: sqlite3.Connection) -> QualityReport:
    """Check every border of the file (packaged file: about ten seconds)."""
    report = QualityReport()
    _count(connection, report)
    frontiers: list[Edge] = []
    low, high = connection.execute("SELECT min(min_y), max(max_y) FROM contour").fetchone()
    for band in range(low // _BAND_HEIGHT, high // _BAND_HEIGHT + 1):
        frontiers += _check_band(connection, band, report)
    report.gaps = sorted(_gaps(frontiers), reverse=True)
    return report


def _count(connection: sqlite3.Connection, report: QualityReport) -> None:
    communes: set[str] = set()
    for contour in _contours(connection, "ORDER BY id"):
        communes |= set(contour.communes)
        report.shared += len(contour.communes) if contour.shared_by else 0
        report.pieces += 1
        for ring in contour.corners():
            report.rings += 1
            report.vertices += len(ring)
            if not Polygon(ring).area:
                report.degenerate.append(contour.communes[0])
    report.communes = len(communes)


def _contours(connection: sqlite3.Connection, condition: str, *values: int) -> Iterator[Contour]:
    # The condition is one of this file's own.
    sql = f"SELECT id, min_x, max_x, min_y, max_y, shared_by, rings FROM contour {condition}"  # noqa: S608
    return map(Contour._make, connection.execute(sql, values))


def _check_band(connection: sqlite3.Connection, band: int, report: QualityReport) -> list[Edge]:
    """Check the borders that begin in a band; return those that only one side traverses."""
    low, high = band * _BAND_HEIGHT, (band + 1) * _BAND_HEIGHT
    owner_by_edge: dict[Edge, str] = {}
    for contour in _contours(connection, "WHERE max_y >= ? AND min_y < ?", low, high):
        code = contour.communes[0]
        for edge in _edges(contour):
            if low <= min(edge[0][1], edge[1][1]) < high:
                if edge in owner_by_edge:
                    report.duplicated.add(_pair(owner_by_edge[edge], code))
                owner_by_edge[edge] = code
    for one, other in _crossings(
        edge for edge in owner_by_edge if _is_canonical(edge, owner_by_edge)
    ):
        owners, other_owners = _owners(one, owner_by_edge), _owners(other, owner_by_edge)
        # Two crossing borders of one commune: its own ring crosses itself.
        common = owners & other_owners
        report.crossing |= {(code, code) for code in common} or {
            _pair(code, beyond) for code in owners for beyond in other_owners
        }
    return [edge for edge in owner_by_edge if (edge[1], edge[0]) not in owner_by_edge]


def _owners(edge: Edge, owner_by_edge: dict[Edge, str]) -> set[str]:
    reverse = (edge[1], edge[0])
    return {owner_by_edge[way] for way in (edge, reverse) if way in owner_by_edge}


def _edges(contour: Contour) -> Iterator[Edge]:
    for ring in contour.corners():
        corners = [(x, y) for x, y in ring.tolist()]
        yield from pairwise([*corners, corners[0]])


def _is_canonical(edge: Edge, owner_by_edge: dict[Edge, str]) -> bool:
    return edge < (edge[1], edge[0]) or (edge[1], edge[0]) not in owner_by_edge


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _crossings(edges: Iterable[Edge]) -> Iterator[tuple[Edge, Edge]]:
    """Yield pairs of edges that cross each other away from their ends."""
    edge_list = list(edges)
    lines = _lines(edge_list)
    for one, other in shapely.STRtree(lines).query(lines, predicate="crosses").T.tolist():
        if one < other:
            yield edge_list[one], edge_list[other]


def _gaps(frontiers: list[Edge]) -> Iterator[tuple[float, float, float]]:
    """Yield square metres, latitude and longitude of what frontiers enclose and no land fills."""
    directed = set(frontiers)
    for face in shapely.get_parts(shapely.polygonize(_lines(frontiers))):
        first, second = face.exterior.coords[:2]
        side = (int(first[0]), int(first[1])), (int(second[0]), int(second[1]))
        # Land lies to the right of a frontier, and a face to the left of its anticlockwise ring.
        forth = side if face.exterior.is_ccw else side[::-1]
        if forth in directed:
            x, y = face.centroid.x, face.centroid.y
            plane = plane_at(y / UNITS, x / UNITS)
            if (square_metres := face.area * plane.kx * plane.ky) >= _SLIVER_M2:
                yield square_metres, y / UNITS, x / UNITS


def _lines(edges: list[Edge]) -> NDArray[np.object_]:
    sides = np.array(edges, dtype=np.float64).reshape(-1, 2, 2)
    return cast("NDArray[np.object_]", shapely.linestrings(sides))
