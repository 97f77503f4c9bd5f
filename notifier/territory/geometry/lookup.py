"""What lies where: the communes at a point, around it, under an area, and next to one another.

Answers come from the contours alone; what they prove is decided elsewhere (`position.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Point

from notifier.territory.geometry import contours
from notifier.territory.geometry.contours import Contour
from notifier.territory.geometry.geometry import (
    UNITS,
    Plane,
    Polygons,
    Surface,
    inner_point,
    plane_at,
    sides_of,
    united,
)

_STEPS_M = tuple(1_000 * 2**step for step in range(10))
"""How far the nearest commune is looked for, step by step: 1 km to 512 km."""
WIDEST = 1_000
"""Pieces of land that an area may touch: more is half a region, and takes seconds to measure."""
_MAX_MEETINGS = 25_000
"""Sides of the area in the boxes of the pieces of land that it cuts: a star of 1,000 corners around
half a département has so many, and more takes a quarter of a second to measure."""
_LEAST_SHARE = 1e-6
"""Below a millionth, only the rounding of the computation touches a commune."""
_HERE = Point(0, 0)
_CORNERS_OF_A_QUARTER = 12


@dataclass(frozen=True, slots=True)
class Proximity:
    """How a commune lies to a point, or to the centre of an area."""

    code: str
    holds: bool
    """Whether the point lies in it; true of several on the very line between them, and where no
    source divides their land. Just off the coast, true of the nearest: see `position.py`."""
    distance_m: int
    """Metres to its border, 0 if it holds the point."""
    share: float | None = None
    """The part of the area that lies in it, 0 to 1; None for a point without radius."""


class TooWideError(Exception):
    """The area touches more communes than one incident can concern, or is too finely cut."""


def near(latitude: float, longitude: float, reach: float) -> list[Proximity]:
    """The commune that holds a point and all within `reach` metres, nearest first."""
    plane = plane_at(latitude, longitude)
    found = contours.in_box(plane.around(reach))
    away: dict[str, float] = {}
    for contour, metres in zip(found, _distances(found, plane), strict=True):
        if metres <= reach:
            for code in contour.communes:
                away[code] = min(metres, away.get(code, reach))
    return [
        Proximity(code, metres == 0, round(metres))
        for metres, code in sorted((metres, code) for code, metres in away.items())
    ]


def nearest(latitude: float, longitude: float) -> Proximity | None:
    """The nearest commune up to 512 km; far away the distance is good to about a tenth."""
    plane = plane_at(latitude, longitude)
    for reach in _STEPS_M:
        best = float(reach)
        code = ""
        found = contours.in_box(plane.around(reach))
        for contour in sorted(found, key=lambda c: plane.box_distance(c.box)):
            if plane.box_distance(contour.box) > best:
                break
            (metres,) = _distances([contour], plane)
            if metres <= best:
                best, code = metres, contour.communes[0]
        if code:
            return Proximity(code, not best, round(best))
    return None


def under_circle(latitude: float, longitude: float, radius: float) -> list[Proximity]:
    """Every commune that a circle of `radius` metres touches, nearest to its centre first.

    Raises `TooWideError`.
    """
    circle = _HERE.buffer(radius, quad_segs=_CORNERS_OF_A_QUARTER)
    return _under(circle, plane_at(latitude, longitude))


def under_polygons(polygons: Polygons) -> tuple[tuple[float, float], list[Proximity]]:
    """The middle (latitude, longitude) of an area and every commune under it, nearest first.

    The polygons are in degrees, longitude first; ground under several counts once, and a ring
    inside another of the same polygon is a hole. The middle lies in the area. Raises `ValueError`
    where the rings of a polygon cross or enclose nothing, and `TooWideError`.
    """
    surface = united(polygons)
    x, y = inner_point(surface)
    latitude, longitude = y / UNITS, x / UNITS
    plane = plane_at(latitude, longitude)
    return (latitude, longitude), _under(shapely.transform(surface, plane.seen), plane)


def adjoining(code: str) -> list[str]:
    """The codes of the communes that share a border with one, and of those that share its land."""
    found: set[str] = set()
    for piece in contours.of_commune(code):
        found |= set(piece.communes)
        others = contours.in_box(piece.box)
        share_a_side = shapely.relate_pattern(
            piece.polygon(), contours.polygons(others), "****1****"
        )
        for other, adjoins in zip(others, share_a_side, strict=True):
            if adjoins:
                found |= set(other.communes)
    return sorted(found - {code})


def _under(surface: Surface, plane: Plane) -> list[Proximity]:
    """The communes under a surface, each with its share of it and its distance from the centre.

    The surface is in metres, and the plane's own point is the centre.
    """
    left, low, right, high = (
        shapely.bounds(surface) / (plane.kx, plane.ky, plane.kx, plane.ky)
    ).tolist()
    found = contours.in_box((left + plane.x, right + plane.x, low + plane.y, high + plane.y))
    if len(found) > WIDEST:
        raise TooWideError
    land = contours.polygons(found, plane)
    shares = _shared(surface, land) / surface.area
    distances = shapely.distance(land, _HERE)
    marks: dict[str, Proximity] = {}
    for contour, share, metres in zip(found, shares.tolist(), distances.tolist(), strict=True):
        if share < _LEAST_SHARE:
            continue
        for code in contour.communes:
            mark = marks.get(code, Proximity(code, False, _STEPS_M[-1], 0.0))
            marks[code] = Proximity(
                code,
                mark.holds or metres == 0,
                round(min(mark.distance_m, metres)),
                min(1.0, round((mark.share or 0.0) + share, 6)),
            )
    return sorted(marks.values(), key=lambda mark: (mark.distance_m, not mark.holds, mark.code))


def _shared(surface: Surface, land: NDArray[np.object_]) -> NDArray[np.float64]:
    """The square metres that a surface shares with each piece of land. Raises `TooWideError`."""
    shapely.prepare(surface)
    shared = np.where(shapely.contains_properly(surface, land), shapely.area(land), 0.0)
    cut = (shared == 0) & shapely.intersects(surface, land)
    whole = land[cut]
    sides = shapely.STRtree(sides_of([surface]))
    if sides.query(shapely.envelope(whole)).shape[1] > _MAX_MEETINGS:
        raise TooWideError
    # A source's own ring may cross itself, which no intersection takes.
    tangled = ~shapely.is_valid(whole)
    whole[tangled] = shapely.make_valid(whole[tangled])
    shared[cut] = shapely.area(shapely.intersection(surface, whole))
    return shared


def _distances(found: list[Contour], plane: Plane) -> list[float]:
    """Metres from the plane's point to each piece of land, 0 for the one that holds it."""
    metres: list[float] = shapely.distance(contours.polygons(found, plane), _HERE).tolist()
    return metres
