"""Plane geometry on the file's grid, by shapely: units, metres around a point, areas as drawn.

Coordinates are units of a hundred-thousandth of a degree (1.1 m northwards), longitude first. No
file, no names, no rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sin, sqrt
from typing import NamedTuple, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LinearRing, Polygon
from shapely.geometry.base import BaseGeometry

UNITS = 100_000
"""Units in a degree."""

Box = tuple[float, float, float, float]
"""Least x, greatest x, least y, greatest y."""
Corners = NDArray[np.float64]
"""A row a corner: x, then y."""
Surface = BaseGeometry
"""A polygon or several that do not overlap."""
Polygons = Sequence[Sequence[Sequence[Sequence[float]]]]
"""Polygons of rings of positions, longitude first: the `coordinates` of a GeoJSON MultiPolygon."""

_MAX_MEETINGS = 80_000
"""Pairs of sides whose boxes meet, each counted from both: 27 circles of 36 corners that lie on
each other have so many, and what has more could take seconds to untangle."""
# WGS 84: semi-major axis in metres, first eccentricity squared.
_A = 6_378_137.0
_E2 = 0.00669437999014


class TangledError(ValueError):
    """More sides of the polygons may cross than can be untangled in time."""


class Plane(NamedTuple):
    """Metres east and north of a point, true near it and far away good to about a tenth."""

    x: float
    y: float
    """The point, in units."""
    kx: float
    ky: float
    """Metres that one unit measures eastwards and northwards."""

    def seen(self, corners: Corners) -> Corners:
        """Corners in units as metres from the point."""
        metres: Corners = (corners - (self.x, self.y)) * (self.kx, self.ky)
        return metres

    def unseen(self, metres: Corners) -> Corners:
        """Metres from the point as corners in units."""
        corners: Corners = metres / (self.kx, self.ky) + (self.x, self.y)
        return corners

    def around(self, reach: float) -> Box:
        """The box of everything within `reach` metres of the point, in units."""
        dx, dy = reach / self.kx, reach / self.ky
        return self.x - dx, self.x + dx, self.y - dy, self.y + dy

    def box_distance(self, box: Box) -> float:
        """Metres from the point to a box in units, 0 inside."""
        dx = max(box[0] - self.x, 0.0, self.x - box[1]) * self.kx
        dy = max(box[2] - self.y, 0.0, self.y - box[3]) * self.ky
        return sqrt(dx * dx + dy * dy)


GRID = Plane(0.0, 0.0, 1.0, 1.0)
"""The grid itself: nothing is moved or stretched."""


def plane_at(latitude: float, longitude: float) -> Plane:
    """The plane around a point in degrees (WGS 84)."""
    phi = radians(latitude)
    w = 1 - _E2 * sin(phi) ** 2
    unit = radians(1 / UNITS)
    kx, ky = _A * cos(phi) / sqrt(w) * unit, _A * (1 - _E2) / w**1.5 * unit
    return Plane(longitude * UNITS, latitude * UNITS, kx, ky)


def united(polygons: Polygons) -> Surface:
    """Polygons as drawn, in degrees, made one surface in units that counts no ground twice.

    Within one polygon a ring inside another is a hole. Raises `ValueError` where rings cross, come
    back to one of their corners or enclose nothing, and `TangledError`.
    """
    drawn = [np.array(_rings(polygon), dtype=object) for polygon in polygons]
    surfaces = [_one_polygon(rings) for rings in drawn if len(rings)]
    if not surfaces:
        raise ValueError("the rings enclose nothing")
    if len(surfaces) > 1:
        sides = sides_of(surfaces)
        if shapely.STRtree(sides).query(sides).shape[1] > _MAX_MEETINGS:
            raise TangledError
    return shapely.union_all(surfaces)


def inner_point(surface: Surface) -> tuple[float, float]:
    """A point of a surface: its centre of gravity, or one inside where that lies beside it."""
    centre = surface.centroid
    # A crescent's centre and that of two distant parts lie outside.
    point = centre if surface.intersects(centre) else surface.representative_point()
    return point.x, point.y


def sides_of(surfaces: Sequence[Surface]) -> NDArray[np.object_]:
    """Every side of every ring, as a line of its own."""
    # Of several polygons in one, shapely gives no ring.
    rings = shapely.get_rings(shapely.get_parts(np.array(surfaces, dtype=object)))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    within = ring[1:] == ring[:-1]
    ends = np.stack([corners[:-1][within], corners[1:][within]], axis=1)
    return cast("NDArray[np.object_]", shapely.linestrings(ends))


def _rings(polygon: Sequence[Sequence[Sequence[float]]]) -> list[LinearRing]:
    """The rings that surround something; two corners or all in one line do not."""
    rings = []
    for positions in polygon:
        corners = np.array([[p[0] * UNITS, p[1] * UNITS] for p in positions], dtype=np.float64)
        if len(corners) > 2:
            ring = LinearRing(corners)
            if shapely.convex_hull(ring).area:
                rings.append(ring)
    return rings


def _one_polygon(rings: NDArray[np.object_]) -> Surface:
    """What the rings of one polygon enclose, whichever of them comes first."""
    polygon = Polygon(rings[0], rings[1:])
    if polygon.is_valid:
        return polygon
    if not shapely.is_simple(shapely.multilinestrings(rings)):
        raise ValueError("the rings cross")
    surface: Surface = Polygon(rings[0])
    for ring in rings[1:]:
        surface = surface.symmetric_difference(Polygon(ring))
    return surface
