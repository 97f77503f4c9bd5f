"""Look up the communes at a point, around it, in an area, and adjacent to one another.

Results come from the contours alone; what they prove is decided in `resolution/position.py`.
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
    edges_of,
    interior_point,
    plane_at,
    union_of,
)

_SEARCH_RADII_M = tuple(1_000 * 2**step for step in range(10))
"""Radii in which the nearest commune is searched: 1 km, doubled up to 512 km."""
MAX_PIECES = 1_000
"""Pieces of land that an area may touch: more is half a region, and takes seconds to measure."""
_MAX_EDGE_PAIRS = 25_000
"""Edges of the area in the boxes of the pieces of land that it cuts; a star of 1,000 corners around
half a département has this many, and more takes a quarter of a second to measure."""
_MIN_SHARE = 1e-6
"""Below a millionth, only rounding makes an area touch a commune."""
_ORIGIN = Point(0, 0)
_QUADRANT_SEGMENTS = 12


@dataclass(frozen=True, slots=True)
class Proximity:
    """How a commune lies to a point, or to the centre of an area."""

    code: str
    holds: bool
    """Whether it contains the point; true of several exactly on their border, and where no source
    divides their land. Just off the coast, true of the nearest: see `position.py`."""
    distance_m: int
    """Metres to its border, 0 if it contains the point."""
    share: float | None = None
    """The part of the area that lies in it, 0 to 1; None for a point without radius."""


class TooLargeError(Exception):
    """The area touches more communes than one incident can affect, or is too intricate."""


def communes_within(latitude: float, longitude: float, reach: float) -> list[Proximity]:
    """Return the commune that contains a point and all within `reach` metres, nearest first."""
    plane = plane_at(latitude, longitude)
    found = contours.contours_in_box(plane.box_around(reach))
    away: dict[str, float] = {}
    for contour, metres in zip(found, _distances(found, plane), strict=True):
        if metres <= reach:
            for code in contour.communes:
                away[code] = min(metres, away.get(code, reach))
    return [
        Proximity(code, metres == 0, round(metres))
        for metres, code in sorted((metres, code) for code, metres in away.items())
    ]


def nearest_commune(latitude: float, longitude: float) -> Proximity | None:
    """Return the nearest commune up to 512 km away; at that distance it is off by about a tenth."""
    plane = plane_at(latitude, longitude)
    for reach in _SEARCH_RADII_M:
        best = float(reach)
        code = ""
        found = contours.contours_in_box(plane.box_around(reach))
        for contour in sorted(found, key=lambda c: plane.box_distance(c.box)):
            if plane.box_distance(contour.box) > best:
                break
            (metres,) = _distances([contour], plane)
            if metres <= best:
                best, code = metres, contour.communes[0]
        if code:
            return Proximity(code, not best, round(best))
    return None


def communes_in_circle(latitude: float, longitude: float, radius: float) -> list[Proximity]:
    """Return every commune that a circle of `radius` metres touches, nearest to its centre first.

    Raises `TooLargeError`.
    """
    circle = _ORIGIN.buffer(radius, quad_segs=_QUADRANT_SEGMENTS)
    return _communes_in(circle, plane_at(latitude, longitude))


def communes_in_polygons(polygons: Polygons) -> tuple[tuple[float, float], list[Proximity]]:
    """Return a point inside an area (latitude, longitude) and its communes, nearest first.

    The polygons are in degrees, longitude first; overlaps count once, and a ring inside another of
    the same polygon is a hole. Raises `ValueError` where the rings of a polygon cross or enclose
    nothing, and `TooLargeError`.
    """
    surface = union_of(polygons)
    x, y = interior_point(surface)
    latitude, longitude = y / UNITS, x / UNITS
    plane = plane_at(latitude, longitude)
    return (latitude, longitude), _communes_in(shapely.transform(surface, plane.to_metres), plane)


def adjacent_codes(code: str) -> list[str]:
    """Return the codes of the communes that share a border or land with one."""
    found: set[str] = set()
    for piece in contours.contours_of(code):
        found |= set(piece.communes)
        others = contours.contours_in_box(piece.box)
        share_a_side = shapely.relate_pattern(
            piece.polygon(), contours.to_polygons(others), "****1****"
        )
        for other, adjoins in zip(others, share_a_side, strict=True):
            if adjoins:
                found |= set(other.communes)
    return sorted(found - {code})


def _communes_in(surface: Surface, plane: Plane) -> list[Proximity]:
    """Return the communes in a surface, each with its share of it and its distance to the centre.

    The surface is in metres, and the plane's own point is the centre.
    """
    left, low, right, high = (
        shapely.bounds(surface) / (plane.kx, plane.ky, plane.kx, plane.ky)
    ).tolist()
    found = contours.contours_in_box(
        (left + plane.x, right + plane.x, low + plane.y, high + plane.y)
    )
    if len(found) > MAX_PIECES:
        raise TooLargeError
    land = contours.to_polygons(found, plane)
    shares = _shared_areas(surface, land) / surface.area
    distances = shapely.distance(land, _ORIGIN)
    proximities: dict[str, Proximity] = {}
    for contour, share, metres in zip(found, shares.tolist(), distances.tolist(), strict=True):
        if share < _MIN_SHARE:
            continue
        for code in contour.communes:
            proximity = proximities.get(code, Proximity(code, False, _SEARCH_RADII_M[-1], 0.0))
            proximities[code] = Proximity(
                code,
                proximity.holds or metres == 0,
                round(min(proximity.distance_m, metres)),
                min(1.0, round((proximity.share or 0.0) + share, 6)),
            )
    return sorted(
        proximities.values(),
        key=lambda proximity: (proximity.distance_m, not proximity.holds, proximity.code),
    )


def _shared_areas(surface: Surface, land: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the square metres that a surface shares with each piece of land.

    Raises `TooLargeError`.
    """
    shapely.prepare(surface)
    shared = np.where(shapely.contains_properly(surface, land), shapely.area(land), 0.0)
    cut = (shared == 0) & shapely.intersects(surface, land)
    whole = land[cut]
    sides = shapely.STRtree(edges_of([surface]))
    if sides.query(shapely.envelope(whole)).shape[1] > _MAX_EDGE_PAIRS:
        raise TooLargeError
    # A source's own ring may cross itself, which no intersection takes.
    tangled = ~shapely.is_valid(whole)
    whole[tangled] = shapely.make_valid(whole[tangled])
    shared[cut] = shapely.area(shapely.intersection(surface, whole))
    return shared


def _distances(found: list[Contour], plane: Plane) -> list[float]:
    """Return the metres from the plane's point to each piece of land, 0 if it contains it."""
    metres: list[float] = shapely.distance(contours.to_polygons(found, plane), _ORIGIN).tolist()
    return metres
