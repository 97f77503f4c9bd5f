"""What is right and wrong with the contours of a file, measured on the file itself.

A country without fault is a mosaic: each border is walked once by each of its two sides, in
opposite directions; only coasts and frontiers are walked once. From that follow the checks: a
border walked twice the same way is an overlap, borders that cross overlap too (or make one ring
cross itself), and a frontier that turns against the outer ones bounds a gap inside the country.
Works through bands of latitude, so that a file of any size fits into memory.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from notifier.territory.contours import Contour
from notifier.territory.geometry import UNITS, area, centre, metres_per_unit
from notifier.territory.mosaic import Edge, chained

_BAND = UNITS
_SLIVER_M2 = 1_000
"""Gaps below a tenth of a hectare are where rounded lines touch."""


@dataclass
class Survey:
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
    walked_twice: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of communes on the same side of one border."""
    crossing: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of communes whose borders cross; a commune with itself: a ring that crosses itself."""
    gaps: list[tuple[float, float, float]] = field(default_factory=list)
    """Land of nobody inside the country: square metres, latitude, longitude; largest first."""

    @property
    def overlapping(self) -> list[tuple[str, str]]:
        """Pairs of communes that overlap somewhere."""
        return sorted(pair for pair in self.crossing | self.walked_twice if pair[0] != pair[1])

    @property
    def self_crossing(self) -> list[str]:
        """Communes with a ring that crosses or repeats itself."""
        return sorted({one for one, other in self.crossing | self.walked_twice if one == other})

    def lines(self) -> Iterator[str]:
        """The survey in French, for the person who built or asks."""
        yield f"communes avec contours : {self.communes}, dont {self.shared} sur une terre partagée"
        yield f"morceaux : {self.pieces} ; anneaux : {self.rings} ; sommets : {self.vertices}"
        yield f"anneaux sans surface : {len(self.degenerate)}"
        yield f"anneaux qui se croisent eux-mêmes : {len(self.self_crossing)}"
        yield f"paires de communes qui se recouvrent : {len(self.overlapping)}"
        yield f"trous entre communes : {len(self.gaps)}"
        for square_metres, latitude, longitude in self.gaps[:5]:
            hectares = f"{square_metres / 10_000:.1f}".replace(".", ",")
            yield f"    {hectares} ha près de {latitude:.4f}, {longitude:.4f}"


def survey(connection: sqlite3.Connection) -> Survey:
    """Walks every border of the file (packaged file: about ten seconds)."""
    found = Survey()
    _count(connection, found)
    frontiers: list[Edge] = []
    low, high = connection.execute("SELECT min(min_y), max(max_y) FROM contour").fetchone()
    for band in range(low // _BAND, high // _BAND + 1):
        frontiers += _walk_band(connection, band, found)
    for ring in chained(frontiers):
        # Outer rings run clockwise, so a frontier round a gap runs the other way.
        if (turning := area([ring])) > 0:
            x, y = centre([ring])
            kx, ky = metres_per_unit(y / UNITS)
            if turning * kx * ky >= _SLIVER_M2:
                found.gaps.append((turning * kx * ky, y / UNITS, x / UNITS))
    found.gaps.sort(reverse=True)
    return found


def _count(connection: sqlite3.Connection, found: Survey) -> None:
    communes: set[str] = set()
    for contour in _contours(connection, "ORDER BY id"):
        communes |= set(contour.communes)
        found.shared += len(contour.communes) if contour.shared_by else 0
        found.pieces += 1
        for ring in contour.surface():
            found.rings += 1
            found.vertices += len(ring[0])
            if not area([ring]):
                found.degenerate.append(contour.communes[0])
    found.communes = len(communes)


def _contours(connection: sqlite3.Connection, condition: str, *values: int) -> Iterator[Contour]:
    # The condition is one of this file's own.
    sql = f"SELECT id, min_x, max_x, min_y, max_y, shared_by, rings FROM contour {condition}"  # noqa: S608
    return map(Contour._make, connection.execute(sql, values))


def _walk_band(connection: sqlite3.Connection, band: int, found: Survey) -> list[Edge]:
    """Checks the borders that begin in a band; hands back those that only one side walks."""
    low, high = band * _BAND, (band + 1) * _BAND
    owners: dict[Edge, str] = {}
    for contour in _contours(connection, "WHERE max_y >= ? AND min_y < ?", low, high):
        code = contour.communes[0]
        for edge in _edges(contour):
            if low <= min(edge[0][1], edge[1][1]) < high:
                if edge in owners:
                    found.walked_twice.add(_pair(owners[edge], code))
                owners[edge] = code
    for one, other in _crossings(edge for edge in owners if _first_of_two(edge, owners)):
        sides, others = _sides(one, owners), _sides(other, owners)
        # Two borders of one commune that cross turn its own ring over.
        both = sides & others
        found.crossing |= {(code, code) for code in both} or {
            _pair(code, beyond) for code in sides for beyond in others
        }
    return [edge for edge in owners if (edge[1], edge[0]) not in owners]


def _sides(edge: Edge, owners: dict[Edge, str]) -> set[str]:
    back = (edge[1], edge[0])
    return {owners[way] for way in (edge, back) if way in owners}


def _edges(contour: Contour) -> Iterator[Edge]:
    for xs, ys in contour.surface():
        before = (int(xs[-1]), int(ys[-1]))
        for x, y in zip(xs, ys, strict=True):
            vertex = (int(x), int(y))
            yield before, vertex
            before = vertex


def _first_of_two(edge: Edge, owners: dict[Edge, str]) -> bool:
    return edge < (edge[1], edge[0]) or (edge[1], edge[0]) not in owners


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _crossings(edges: Iterable[Edge]) -> Iterator[tuple[Edge, Edge]]:
    """Pairs of edges that cross each other away from their ends; found through a grid."""
    walked = list(edges)
    if not walked:
        return
    spans = sorted(max(abs(a[0] - b[0]), abs(a[1] - b[1])) for a, b in walked)
    side = max(10, spans[len(spans) // 2])
    cells: dict[tuple[int, int], list[Edge]] = defaultdict(list)
    for edge in walked:
        (ax, ay), (bx, by) = edge
        for column in range(min(ax, bx) // side, max(ax, bx) // side + 1):
            for line in range(min(ay, by) // side, max(ay, by) // side + 1):
                cells[column, line].append(edge)
    for near in cells.values():
        for index, one in enumerate(near):
            for other in near[:index]:
                if _cross(one, other):
                    yield one, other


def _cross(one: Edge, other: Edge) -> bool:
    (a, b), (c, d) = one, other
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: tuple[int, int], b: tuple[int, int], point: tuple[int, int]) -> int:
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
