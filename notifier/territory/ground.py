"""What lies where: the communes at a point, around it, under an area, and next to one another.

Answers come from the contours alone; what they prove is decided elsewhere (`position.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from notifier.territory import contours
from notifier.territory.contours import Contour
from notifier.territory.geometry import (
    UNITS,
    Box,
    Surface,
    area,
    box_distance,
    box_of,
    circle,
    cut_to,
    distance,
    holds,
    inner_point,
    is_tangled,
    metres_per_unit,
    overlap,
)
from notifier.territory.union import united

_STEPS_M = tuple(1_000 * 2**step for step in range(10))
"""How far the nearest commune is looked for, step by step: 1 km to 512 km."""
WIDEST = 1_000
"""Pieces of land that an area may touch: more is half a region, and takes seconds to measure."""
_MOST_PAIRS = 500_000
"""Corners of the area times corners of the land under it: thrice what a circle of 1,000 corners has
around half a region, and half a second of work."""
_MOST_CORNERS = 7_000
"""Corners of the area once its polygons are one surface: twice what 27 circles in a chain make of
their 1,000."""
_LEAST_SHARE = 1e-6
"""Below a millionth, only the rounding of the computation touches a commune."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How a commune lies to a point, or to the centre of an area."""

    code: str
    holds: bool
    """Whether the point lies in it; true of several where no source divides their land."""
    distance_m: int
    """Metres to its border, 0 if it holds the point."""
    share: float | None = None
    """The part of the area that lies in it, 0 to 1; None for a point without radius."""


class TooWideError(Exception):
    """The area touches more communes than one incident can concern, or is too finely cut."""


def near(latitude: float, longitude: float, reach: float) -> list[Mark]:
    """The commune that holds a point and all within `reach` metres, nearest first."""
    x, y = longitude * UNITS, latitude * UNITS
    scale = metres_per_unit(latitude)
    away: dict[str, float] = {}
    for contour in contours.in_box(_around(x, y, reach, scale)):
        metres = _away(contour, x, y, scale, reach)
        if metres <= reach:
            for code in contour.communes:
                away[code] = min(metres, away.get(code, reach))
    return [
        Mark(code, metres == 0, round(metres))
        for metres, code in sorted((metres, code) for code, metres in away.items())
    ]


def nearest(latitude: float, longitude: float) -> Mark | None:
    """The nearest commune up to 512 km; far away the distance is good to about a tenth."""
    x, y = longitude * UNITS, latitude * UNITS
    scale = metres_per_unit(latitude)
    for reach in _STEPS_M:
        found = contours.in_box(_around(x, y, reach, scale))
        best = float(reach)
        code = ""
        for contour in sorted(found, key=lambda c: box_distance(c.box, x, y, scale)):
            if box_distance(contour.box, x, y, scale) > best:
                break
            metres = _away(contour, x, y, scale, best)
            if metres <= best:
                best, code = metres, contour.communes[0]
        if code:
            return Mark(code, not best, round(best))
    return None


def under_circle(latitude: float, longitude: float, radius: float) -> list[Mark]:
    """Every commune that a circle of `radius` metres touches, nearest to its centre first.

    Raises `TooWideError`.
    """
    x, y = longitude * UNITS, latitude * UNITS
    return _under(circle(x, y, radius, metres_per_unit(latitude)), x, y)


def under_polygons(polygons: Sequence[Surface]) -> tuple[tuple[float, float], list[Mark]]:
    """The middle (latitude, longitude) of an area and every commune under it, nearest first.

    The polygons are in degrees, longitude first; ground under several counts once, and a ring
    inside another of the same polygon is a hole. The middle lies in the area. Raises `ValueError`
    where the rings of a polygon cross or enclose nothing, and `TooWideError`.
    """
    in_units = [
        [([x * UNITS for x in xs], [y * UNITS for y in ys]) for xs, ys in rings if len(xs) > 2]
        for rings in polygons
    ]
    drawn = [polygon for polygon in in_units if polygon]
    if any(is_tangled(polygon) for polygon in drawn):
        raise ValueError("the rings cross")
    surface = united(drawn)
    if not surface or not area(surface):
        raise ValueError("the rings enclose nothing")
    x, y = inner_point(surface)
    return (y / UNITS, x / UNITS), _under(surface, x, y)


def adjoining(code: str) -> list[str]:
    """The codes of the communes that share a border with one, and of those that share its land."""
    found: set[str] = set()
    for piece in contours.of_commune(code):
        found |= set(piece.communes)
        walked = set(_borders(piece))
        for other in contours.in_box(piece.box):
            if other.id != piece.id and not walked.isdisjoint(_borders(other)):
                found |= set(other.communes)
    return sorted(found - {code})


def _under(surface: Surface, x: float, y: float) -> list[Mark]:
    """The communes under a surface, each with its share of it and its distance from the centre."""
    found = contours.in_box(box_of(surface))
    if len(found) > WIDEST or _corners(surface) > _MOST_CORNERS:
        raise TooWideError
    whole = abs(area(surface))
    scale = metres_per_unit(y / UNITS)
    marks: dict[str, Mark] = {}
    for contour, part in _laid_over(found, surface):
        share = overlap(contour.surface(), part) / whole
        if share < _LEAST_SHARE:
            continue
        metres = _away(contour, x, y, scale, _STEPS_M[-1])
        for code in contour.communes:
            mark = marks.get(code, Mark(code, False, _STEPS_M[-1], 0.0))
            marks[code] = Mark(
                code,
                mark.holds or metres == 0,
                round(min(mark.distance_m, metres)),
                min(1.0, round((mark.share or 0.0) + share, 6)),
            )
    return sorted(marks.values(), key=lambda mark: (mark.distance_m, not mark.holds, mark.code))


def _laid_over(found: list[Contour], surface: Surface) -> list[tuple[Contour, Surface]]:
    """Each piece of land with the part of a surface in its box. Raises `TooWideError`."""
    parts = []
    pairs = 0
    for contour, part in _cut_for(found, surface):
        pairs += _corners(part) * _corners(contour.surface())
        if pairs > _MOST_PAIRS:
            raise TooWideError
        parts.append((contour, part))
    return parts


def _cut_for(found: list[Contour], surface: Surface) -> Iterator[tuple[Contour, Surface]]:
    """The surface cut to each box: first to what half of them span, then to half of those."""
    if not found:
        return
    boxes = [contour.box for contour in found]
    spanned = (
        min(box[0] for box in boxes),
        max(box[1] for box in boxes),
        min(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
    part = cut_to(spanned, surface)
    if len(found) == 1:
        yield found[0], part
        return
    low, high = (0, 1) if spanned[1] - spanned[0] > spanned[3] - spanned[2] else (2, 3)
    along = sorted(found, key=lambda contour: contour.box[low] + contour.box[high])
    middle = len(along) // 2
    yield from _cut_for(along[:middle], part)
    yield from _cut_for(along[middle:], part)


def _corners(surface: Surface) -> int:
    return sum(len(xs) for xs, _ in surface)


def _around(x: float, y: float, reach: float, scale: tuple[float, float]) -> Box:
    dx, dy = reach / scale[0], reach / scale[1]
    return x - dx, x + dx, y - dy, y + dy


def _away(contour: Contour, x: float, y: float, scale: tuple[float, float], reach: float) -> float:
    surface = contour.surface()
    in_its_box = contour.min_x <= x <= contour.max_x and contour.min_y <= y <= contour.max_y
    if in_its_box and holds(surface, x, y):
        return 0.0
    return distance(surface, x, y, scale, reach)


def _borders(piece: Contour) -> Iterator[tuple[float, ...]]:
    """The straight pieces of its border, the same from both sides."""
    for xs, ys in piece.surface():
        before = xs[-1], ys[-1]
        for vertex in zip(xs, ys, strict=True):
            yield (*before, *vertex) if before < vertex else (*vertex, *before)
            before = vertex
