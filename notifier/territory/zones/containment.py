"""Say whether an incident lies in a shape, or that nobody can know.

Whoever answers for a shape is told about what happens in it, so a doubt is `UNKNOWN` and never
"inside": the wrong site is the wrong recipient. An incident of which only the commune is known is
in no site, however small the commune.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import shapely
from shapely import Point

from notifier.territory.geometry.geometry import UNITS, Polygons, plane_at, union_of
from notifier.territory.resolution.position import REACH_M
from notifier.territory.zones.shapes import Circle, Shape

_PRECISE = "exact"
_UNCERTAINTY_M = {_PRECISE: 0, "street": REACH_M["street"]}
"""How far from its point an incident may be, by the precision that its source states."""


class Containment(StrEnum):
    """How an incident lies to a shape."""

    INSIDE = "inside"
    """It is in it; or its own area reaches it."""
    OUTSIDE = "outside"
    UNKNOWN = "unknown"
    """No position, or one that is too uncertain to tell."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where an incident is, as far as it is known; degrees in WGS 84."""

    latitude: float | None = None
    longitude: float | None = None
    uncertainty_m: float = 0
    """How far from the point it may be."""
    radius_m: float = 0
    """How far its own area reaches around it."""
    polygons: Polygons = ()
    """Its own area, as a GeoJSON MultiPolygon has it."""

    @classmethod
    def of(cls, location: Mapping[str, Any]) -> Position | None:
        """Return the position in what a source said of the place (the fields of `Location`).

        None where it said none that can be used: a point known to the town only is none, nor is
        0 ; 0, which software sends that has no position.
        """
        latitude, longitude = location.get("latitude"), location.get("longitude")
        precision = location.get("precision") or _PRECISE
        polygons = location.get("polygon") or ()
        usable = (latitude or longitude) and precision in _UNCERTAINTY_M
        if latitude is None or longitude is None or not usable:
            return cls(polygons=polygons) if polygons else None
        radius_m = location.get("radius_m") or 0
        return cls(latitude, longitude, _UNCERTAINTY_M[precision], radius_m, polygons)


def locate(shape: Shape, position: Position | None) -> Containment:
    """Return whether an incident at a position is in a shape, by its point or by its own area."""
    if position is None:
        return Containment.UNKNOWN
    by_point = contains(
        shape,
        position.latitude,
        position.longitude,
        uncertainty_m=position.uncertainty_m,
        radius_m=position.radius_m,
    )
    if by_point is Containment.INSIDE or not position.polygons:
        return by_point
    by_area = overlaps(shape, position.polygons)
    return by_point if by_area is Containment.UNKNOWN else by_area


def contains(
    shape: Shape,
    latitude: float | None,
    longitude: float | None,
    *,
    uncertainty_m: float = 0,
    radius_m: float = 0,
) -> Containment:
    """Return whether an incident at a point is in a shape; its border belongs to it.

    `uncertainty_m` is how far the incident may be from the point, `radius_m` how far its own area
    reaches around it. Degrees in WGS 84. Without a point: `UNKNOWN`.
    """
    if latitude is None or longitude is None:
        return Containment.UNKNOWN
    outside_m = _distance_m(shape, latitude, longitude)
    if outside_m + uncertainty_m <= radius_m:
        return Containment.INSIDE
    if outside_m - uncertainty_m > radius_m:
        return Containment.OUTSIDE
    return Containment.UNKNOWN


def overlaps(shape: Shape, polygons: Polygons) -> Containment:
    """Return whether an incident's own area, drawn as polygons, reaches a shape.

    In degrees, longitude first, as a GeoJSON MultiPolygon has them. `UNKNOWN` when they are no
    polygons.
    """
    try:
        affected = union_of(polygons)
    except (ValueError, TypeError, IndexError):
        return Containment.UNKNOWN
    if isinstance(shape, Circle):
        plane = plane_at(shape.latitude, shape.longitude)
        metres = shapely.distance(shapely.transform(affected, plane.to_metres), Point(0, 0))
        reached = bool(metres <= shape.radius_m)
    else:
        reached = bool(shapely.intersects(shape.surface, affected))
    return Containment.INSIDE if reached else Containment.OUTSIDE


def _distance_m(shape: Shape, latitude: float, longitude: float) -> float:
    """Return the metres from a point to a shape; negative inside: how deep."""
    if isinstance(shape, Circle):
        # Between them, so that the metres are neither the one's nor the other's.
        plane = plane_at((latitude + shape.latitude) / 2, (longitude + shape.longitude) / 2)
        x = (longitude - shape.longitude) * plane.kx
        y = (latitude - shape.latitude) * plane.ky
        return float((x * x + y * y) ** 0.5) * UNITS - shape.radius_m
    plane = plane_at(latitude, longitude)
    surface = shapely.transform(shape.surface, plane.to_metres)
    point = Point(0, 0)
    metres = float(shapely.distance(shapely.boundary(surface), point))
    return -metres if shapely.intersects(surface, point) else metres
