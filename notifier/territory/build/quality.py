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
from itertools import islice
from typing import NamedTuple, cast

import numpy as np
import shapely
from numpy.typing import NDArray

from notifier.territory.geometry.contours import Contour
from notifier.territory.geometry.geometry import UNITS, plane_at

_PORTION = 1_000
"""Pieces of land that are unpacked at once."""
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


class _Borders(NamedTuple):
    """The edges of all rings, each in the direction in which the land lies to its right."""

    edges: NDArray[np.int64]
    """A row for each: x and y where it begins, then where it ends."""
    ring: NDArray[np.int64]
    """The place of each edge's ring in `owners`; the edges of a ring follow each other."""
    owners: list[str]
    """The commune of each ring."""


def measure_quality(connection: sqlite3.Connection) -> QualityReport:
    """Check every border of the file (packaged file: about three seconds)."""
    report = QualityReport()
    _count(connection, report)
    low, high = connection.execute("SELECT min(min_y), max(max_y) FROM contour").fetchone()
    bands = range(low // _BAND_HEIGHT, high // _BAND_HEIGHT + 1)
    frontiers = np.concatenate([_check_band(connection, band, report) for band in bands])
    report.gaps = sorted(_gaps(frontiers), reverse=True)
    return report


def _count(connection: sqlite3.Connection, report: QualityReport) -> None:
    communes: set[str] = set()
    waiting = _contours(connection, "ORDER BY id")
    while found := list(islice(waiting, _PORTION)):
        for contour in found:
            communes |= set(contour.communes)
            report.shared += len(contour.communes) if contour.shared_by else 0
        borders = _borders(found)
        report.pieces += len(found)
        report.rings += len(borders.owners)
        report.vertices += len(borders.edges)
        x, y, to_x, to_y = borders.edges.T
        # Whole numbers: the sum is exact, as twice the area of any ring is.
        areas = np.zeros(len(borders.owners), dtype=np.int64)
        np.add.at(areas, borders.ring, x * to_y - to_x * y)
        report.degenerate += [borders.owners[ring] for ring in np.flatnonzero(areas == 0)]
    report.communes = len(communes)


def _contours(connection: sqlite3.Connection, condition: str, *values: int) -> Iterator[Contour]:
    # The condition is one of this file's own.
    sql = f"SELECT id, min_x, max_x, min_y, max_y, shared_by, rings FROM contour {condition}"  # noqa: S608
    return map(Contour._make, connection.execute(sql, values))


def _borders(found: Iterable[Contour]) -> _Borders:
    rings = [(contour.communes[0], ring) for contour in found for ring in contour.corners()]
    lengths = np.array([len(ring) for _, ring in rings], dtype=np.int64)
    corners = np.concatenate([np.empty((0, 2), dtype=np.int64), *(ring for _, ring in rings)])
    following, ends = np.arange(1, len(corners) + 1), lengths.cumsum()
    following[ends - 1] = ends - lengths
    return _Borders(
        edges=np.hstack([corners, corners[following]]),
        ring=np.repeat(np.arange(len(rings)), lengths),
        owners=[owner for owner, _ in rings],
    )


def _check_band(
    connection: sqlite3.Connection, band: int, report: QualityReport
) -> NDArray[np.int64]:
    """Check the borders that begin in a band; return those that only one side traverses."""
    low, high = band * _BAND_HEIGHT, (band + 1) * _BAND_HEIGHT
    borders = _borders(_contours(connection, "WHERE max_y >= ? AND min_y < ?", low, high))
    lowest = np.minimum(borders.edges[:, 1], borders.edges[:, 3])
    is_here = (low <= lowest) & (lowest < high)
    edges, ring = borders.edges[is_here], borders.ring[is_here]
    # One number for each edge, and that of the same edge in the opposite direction.
    corners, places = np.unique(_numbers(edges), return_inverse=True)
    starts, stops = places.reshape(2, -1)
    forth, back = starts * len(corners) + stops, stops * len(corners) + starts
    order = np.argsort(forth, kind="stable")
    is_repeated = np.diff(forth[order]) == 0
    for one, other in zip(order[:-1][is_repeated], order[1:][is_repeated], strict=True):
        report.duplicated.add(_pair(borders.owners[ring[one]], borders.owners[ring[other]]))
    kept = order[np.append(~is_repeated, True)] if len(order) else order
    edges, ring, forth, back = edges[kept], ring[kept], forth[kept], back[kept]
    opposite = np.searchsorted(forth, back) % max(1, len(forth))
    is_shared = forth[opposite] == back

    def owners(edge: int) -> set[str]:
        sides = (edge, opposite[edge]) if is_shared[edge] else (edge,)
        return {borders.owners[ring[side]] for side in sides}

    # Of an edge and its opposite, one stands for both.
    lines = np.flatnonzero((forth < back) | ~is_shared)
    for one, other in _crossings(edges[lines]):
        here, there = owners(lines[one]), owners(lines[other])
        # Two crossing borders of one commune: its own ring crosses itself.
        report.crossing |= {(code, code) for code in here & there} or {
            _pair(code, beyond) for code in here for beyond in there
        }
    alone: NDArray[np.int64] = edges[~is_shared]
    return alone


def _numbers(edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number for each corner: of all beginnings, then of all ends."""
    x, y = np.concatenate([edges[:, :2], edges[:, 2:]]).T
    numbers: NDArray[np.int64] = x * (1 << 32) + y
    return numbers


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _crossings(edges: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield pairs of edges, by their places, that cross each other away from their ends.

    In whole numbers, of those whose boxes intersect; shapely takes most of ten seconds for it.
    """
    lines = _lines(edges)
    ones, others = shapely.STRtree(lines).query(lines)
    ones, others = ones[ones < others], others[ones < others]
    a, b, c, d = edges[ones, :2], edges[ones, 2:], edges[others, :2], edges[others, 2:]
    is_parted = (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)
    yield from zip(ones[is_parted].tolist(), others[is_parted].tolist(), strict=True)


def _side(
    start: NDArray[np.int64], stop: NDArray[np.int64], corner: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return for each edge on which side of its line a corner lies: -1, 1, or 0 on the line."""
    (x, y), (to_x, to_y) = (stop - start).T, (corner - start).T
    sides: NDArray[np.int64] = np.sign(x * to_y - y * to_x)
    return sides


def _gaps(frontiers: NDArray[np.int64]) -> Iterator[tuple[float, float, float]]:
    """Yield square metres, latitude and longitude of what frontiers enclose and no land fills."""
    directed = set(map(tuple, frontiers.tolist()))
    for face in shapely.get_parts(shapely.polygonize(_lines(frontiers))):
        first, second = (tuple(map(int, corner)) for corner in face.exterior.coords[:2])
        # Land lies to the right of a frontier, and a face to the left of its anticlockwise ring.
        forth = (*first, *second) if face.exterior.is_ccw else (*second, *first)
        if forth in directed:
            x, y = face.centroid.x, face.centroid.y
            plane = plane_at(y / UNITS, x / UNITS)
            if (square_metres := face.area * plane.kx * plane.ky) >= _SLIVER_M2:
                yield square_metres, y / UNITS, x / UNITS


def _lines(edges: NDArray[np.int64]) -> NDArray[np.object_]:
    sides = edges.astype(np.float64).reshape(-1, 2, 2)
    return cast("NDArray[np.object_]", shapely.linestrings(sides))
