"""Several polygons as one surface that counts no ground twice.

The plane is cut into slabs at every corner and every crossing. Within a slab no two sides cross,
so that walking them from west to east tells what is covered; what continues from one slab into the
next becomes one ring.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from notifier.territory.geometry import Ring, Surface, box_of, turned

MOST_CROSSINGS = 2_000
"""More is no area that anybody drew, and would take seconds to untangle."""
MOST_WALKED = 180_000
"""Sides met in all slabs together: twice what 27 circles of 36 corners in one heap have."""
_NOTHING = 1e-6
"""Units that only the rounding of the computation sets apart: a hundredth of a millimetre."""


@dataclass(frozen=True, slots=True)
class _Side:
    """A side of a polygon, from its lower to its upper end."""

    x1: float
    y1: float
    x2: float
    y2: float
    polygon: int

    def at(self, y: float) -> float:
        """Its x at a height between its ends."""
        if y == self.y2:
            return self.x2
        return self.x1 + (self.x2 - self.x1) * (y - self.y1) / (self.y2 - self.y1)


# A covered stretch of a slab: x of its left and right side below, then above.
_Stretch = tuple[float, float, float, float]


class TangledError(ValueError):
    """The polygons cross each other more often, or are cut finer, than can be untangled."""


def united(polygons: Sequence[Surface]) -> Surface:
    """Rings that cover what any of the polygons does; outer ones anticlockwise, holes clockwise.

    Within one polygon a ring inside another is a hole. Raises TangledError.
    """
    if not _may_overlap(polygons):
        return [ring for polygon in polygons for ring in turned(polygon)]
    sides = [side for number, polygon in enumerate(polygons) for side in _sides(polygon, number)]
    heights = sorted({y for side in sides for y in (side.y1, side.y2)} | _crossings(sides))
    rings: list[Ring] = []
    growing: list[_Piece] = []
    for low, high, across in _slabs(sides, heights):
        grown = _grown(growing, _covered(across, low, high), low, high)
        still = set(map(id, grown))
        rings += [piece.ring() for piece in growing if id(piece) not in still]
        growing = grown
    return rings + [piece.ring() for piece in growing]


def _may_overlap(polygons: Sequence[Surface]) -> bool:
    boxes = [box_of(polygon) for polygon in polygons]
    return any(
        a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]
        for a, b in combinations(boxes, 2)
    )


def _sides(polygon: Surface, number: int) -> Iterator[_Side]:
    for xs, ys in polygon:
        before = xs[-1], ys[-1]
        for vertex in zip(xs, ys, strict=True):
            low, high = sorted((before, vertex), key=lambda corner: corner[1])
            if low[1] < high[1]:
                yield _Side(*low, *high, number)
            before = vertex


def _crossings(sides: Sequence[_Side]) -> set[float]:
    """The heights at which two sides cross."""
    found: set[float] = set()
    for a, b in combinations(sides, 2):
        low, high = max(a.y1, b.y1), min(a.y2, b.y2)
        if low >= high:
            continue
        below, above = a.at(low) - b.at(low), a.at(high) - b.at(high)
        if below * above < 0:
            found.add(low + (high - low) * below / (below - above))
            if len(found) > MOST_CROSSINGS:
                raise TangledError
    return found


def _slabs(
    sides: Sequence[_Side], heights: Sequence[float]
) -> Iterator[tuple[float, float, list[_Side]]]:
    """Each slab, low and high, with the sides that cross it from west to east."""
    above = sorted(sides, key=lambda side: side.y1, reverse=True)
    across: list[_Side] = []
    walked = 0
    for low, high in pairwise(heights):
        across = [side for side in across if side.y2 > low]
        while above and above[-1].y1 <= low:
            across.append(above.pop())
        walked += len(across)
        if walked > MOST_WALKED:
            raise TangledError
        if high - low >= _NOTHING:
            middle = (low + high) / 2
            across.sort(key=lambda side: side.at(middle))
            yield low, high, across


def _covered(across: Sequence[_Side], low: float, high: float) -> Iterator[_Stretch]:
    """What any polygon covers of the slab, from west to east."""
    inside: set[int] = set()
    left = None
    for side in across:
        inside ^= {side.polygon}
        if left is None:
            left = side
        elif not inside:
            yield left.at(low), side.at(low), left.at(high), side.at(high)
            left = None


class _Piece:
    """Covered ground that is grown upwards, slab by slab."""

    def __init__(self, stretch: _Stretch, low: float) -> None:
        self._left = [(stretch[0], low)]
        self._right = [(stretch[1], low)]

    def ends_before(self, stretch: _Stretch) -> bool:
        """Whether neither this stretch nor any further east continues it."""
        return (
            self._left[-1][0] < stretch[0] - _NOTHING or self._right[-1][0] < stretch[1] - _NOTHING
        )

    def is_continued_by(self, stretch: _Stretch) -> bool:
        ends = self._left[-1][0], self._right[-1][0]
        return all(abs(a - b) < _NOTHING for a, b in zip(ends, stretch[:2], strict=True))

    def grow(self, stretch: _Stretch, high: float) -> None:
        self._left.append((stretch[2], high))
        self._right.append((stretch[3], high))

    def ring(self) -> Ring:
        """Up its right side and down its left: anticlockwise."""
        corners = self._right + self._left[::-1]
        return [x for x, _ in corners], [y for _, y in corners]


def _grown(
    growing: Sequence[_Piece], stretches: Iterable[_Stretch], low: float, high: float
) -> list[_Piece]:
    """The pieces that the stretches continue, or new ones; both go from west to east."""
    grown = []
    at = 0
    for stretch in stretches:
        while at < len(growing) and growing[at].ends_before(stretch):
            at += 1
        if at < len(growing) and growing[at].is_continued_by(stretch):
            piece = growing[at]
            at += 1
        else:
            piece = _Piece(stretch, low)
        piece.grow(stretch, high)
        grown.append(piece)
    return grown
