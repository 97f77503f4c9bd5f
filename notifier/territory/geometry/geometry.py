"""Plane geometry on the file's grid, by shapely: units, metres around a point, drawn areas.

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
"""Grid units in a degree."""

Box = tuple[float, float, float, float]
"""Minimum x, maximum x, minimum y, maximum y."""
Corners = NDArray[np.float64]
"""One row per corner: x, then y."""
Surface = BaseGeometry
"""A polygon, or several that do not overlap."""
Polygons = Sequence[Sequence[Sequence[Sequence[float]]]]
"""Polygons of rings of positions, longitude first: the `coordinates` of a GeoJSON MultiPolygon."""

_MAX_EDGE_PAIRS = 80_000
"""Pairs of edges with intersecting boxes, each counted twice; 27 circles of 36 corners on top of
each other have this many, and more could take seconds to unite."""
# WGS 84: semi-major axis in metres, first eccentricity squared.
_A = 6_378_137.0
_E2 = 0.00669437999014


class TooComplexError(ValueError):
    """More edges of the polygons may cross than can be united in reasonable time."""


class Plane(NamedTuple):
    """Metres east and north of a point: exact near it, off by about a tenth far away."""

    x: float
    """The point, in grid units."""
    y: float
    """The point, in units."""
    kx: float
    """Metres per grid unit, eastwards and northwards."""
    ky: float
    """Metres that one unit measures eastwards and northwards."""

    def to_metres(self, corners: Corners) -> Corners:
        """Convert corners in grid units to metres from the point."""
        metres: Corners = (corners - (self.x, self.y)) * (self.kx, self.ky)
        return metres

    def to_units(self, metres: Corners) -> Corners:
        """Convert metres from the point to corners in grid units."""
        corners: Corners = metres / (self.kx, self.ky) + (self.x, self.y)
        return corners

    def box_around(self, reach: float) -> Box:
        """Return the box of everything within `reach` metres of the point, in grid units."""
        dx, dy = reach / self.kx, reach / self.ky
        return self.x - dx, self.x + dx, self.y - dy, self.y + dy

    def box_distance(self, box: Box) -> float:
        """Return the metres from the point to a box in grid units, 0 inside."""
        dx = max(box[0] - self.x, 0.0, self.x - box[1]) * self.kx
        dy = max(box[2] - self.y, 0.0, self.y - box[3]) * self.ky
        return sqrt(dx * dx + dy * dy)


GRID = Plane(0.0, 0.0, 1.0, 1.0)
"""The grid itself: nothing is moved or scaled."""


def plane_at(latitude: float, longitude: float) -> Plane:
    """Return the plane around a point in degrees (WGS 84)."""
    phi = radians(latitude)
    w = 1 - _E2 * sin(phi) ** 2
    unit = radians(1 / UNITS)
    kx, ky = _A * cos(phi) / sqrt(w) * unit, _A * (1 - _E2) / w**1.5 * unit
    return Plane(longitude * UNITS, latitude * UNITS, kx, ky)


def union_of(polygons: Polygons) -> Surface:
    """Unite polygons in degrees into one surface in grid units, with overlaps counted once.

    Within one polygon a ring inside another is a hole. Raises `ValueError` where rings cross,
    return to one of their corners or enclose nothing, and `TooComplexError`.
    """
    drawn = [np.array(_rings(polygon), dtype=object) for polygon in polygons]
    surfaces = [_to_surface(rings) for rings in drawn if len(rings)]
    if not surfaces:
        raise ValueError("the rings enclose nothing")
    if len(surfaces) > 1:
        sides = edges_of(surfaces)
        if shapely.STRtree(sides).query(sides).shape[1] > _MAX_EDGE_PAIRS:
            raise TooComplexError
    return shapely.union_all(surfaces)


def interior_point(surface: Surface) -> tuple[float, float]:
    """Return a point of a surface: its centroid, or a point inside if the centroid is not."""
    centre = surface.centroid
    # A crescent's centre and that of two distant parts lie outside.
    point = centre if surface.intersects(centre) else surface.representative_point()
    return point.x, point.y


def edges_of(surfaces: Sequence[Surface]) -> NDArray[np.object_]:
    """Return every edge of every ring, as a line of its own."""
    # Of several polygons in one, shapely gives no ring.
    rings = shapely.get_rings(shapely.get_parts(np.array(surfaces, dtype=object)))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    within = ring[1:] == ring[:-1]
    ends = np.stack([corners[:-1][within], corners[1:][within]], axis=1)
    return cast("NDArray[np.object_]", shapely.linestrings(ends))


def _rings(polygon: Sequence[Sequence[Sequence[float]]]) -> list[LinearRing]:
    """Return the rings that enclose an area: at least three corners, not all on one line."""
    rings = []
    for positions in polygon:
        corners = np.array([[p[0] * UNITS, p[1] * UNITS] for p in positions], dtype=np.float64)
        if len(corners) > 2:
            ring = LinearRing(corners)
            if shapely.convex_hull(ring).area:
                rings.append(ring)
    return rings


def _to_surface(rings: NDArray[np.object_]) -> Surface:
    """Return what the rings of one polygon enclose, whichever of them comes first."""
    polygon = Polygon(rings[0], rings[1:])
    if polygon.is_valid:
        return polygon
    if not shapely.is_simple(shapely.multilinestrings(rings)):
        raise ValueError("the rings cross")
    surface: Surface = Polygon(rings[0])
    for ring in rings[1:]:
        surface = surface.symmetric_difference(Polygon(ring))
    return surface
