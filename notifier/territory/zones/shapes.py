"""Read what somebody drew: a GeoJSON polygon or multipolygon, or a point with a radius in metres.

What is drawn decides who reads an alert, so everything doubtful is refused, in French, with what to
do about it: degrees swapped or projected, sides that cross, an area outside France or larger than
any département. The stored form is the GeoJSON geometry; a circle is a Point with the member
`radius_m`, which GeoJSON allows (RFC 7946, 6.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, pi
from typing import Any, TypeAlias

import numpy as np
import shapely
from shapely import Polygon

from notifier.territory.geometry.geometry import (
    UNITS,
    Polygons,
    Surface,
    interior_point,
    plane_at,
)

MIN_RADIUS_M = 10
"""Less than what a satellite receiver errs by contains nothing."""
_MIN_KM2 = pi * (MIN_RADIUS_M / 1000) ** 2 * 0.999
MAX_POSITIONS = 2_000
"""Corners of an area; every incident near it reads all of them, a few milliseconds."""
_DECIMALS = 6
"""Of a degree: a tenth of a metre."""
MAX_KM2 = 11_000
"""Just above the largest département of metropolitan France, the Gironde."""
_MAX_KM2_IN_GUYANE = 90_000
_GUYANE = (-54.7, 2.0, -51.5, 6.0)
"""Least longitude and latitude, greatest longitude and latitude."""


class ShapeError(ValueError):
    """What was drawn cannot be used; the message, in French, says why and what to do."""


@dataclass(frozen=True, slots=True)
class Circle:
    """Everything within a distance of a point; degrees in WGS 84, metres on the ground."""

    latitude: float
    longitude: float
    radius_m: float

    @property
    def km2(self) -> float:
        """Its surface in square kilometres."""
        return pi * (self.radius_m / 1000) ** 2

    @property
    def centre(self) -> tuple[float, float]:
        """Its centre: latitude, longitude."""
        return self.latitude, self.longitude

    def to_geojson(self) -> dict[str, Any]:
        """Return the stored form."""
        return {
            "type": "Point",
            "coordinates": [self.longitude, self.latitude],
            "radius_m": self.radius_m,
        }


@dataclass(frozen=True)
class Area:
    """A polygon or several, in degrees (WGS 84), longitude first; overlaps count once."""

    polygons: Polygons

    @cached_property
    def surface(self) -> Surface:
        """What they cover, in the contours' grid units."""
        return shapely.transform(
            shapely.union_all([_to_polygon(rings) for rings in self.polygons]),
            lambda degrees: degrees * UNITS,
        )

    @cached_property
    def centre(self) -> tuple[float, float]:
        """A point in it: latitude, longitude."""
        x, y = interior_point(self.surface)
        return y / UNITS, x / UNITS

    @property
    def km2(self) -> float:
        """Its surface in square kilometres, exact to a few parts in a hundred."""
        metres = shapely.transform(self.surface, plane_at(*self.centre).to_metres)
        return float(metres.area) / 1e6

    def to_geojson(self) -> dict[str, Any]:
        """Return the stored form."""
        if len(self.polygons) == 1:
            return {"type": "Polygon", "coordinates": self.polygons[0]}
        return {"type": "MultiPolygon", "coordinates": self.polygons}


Shape: TypeAlias = Circle | Area


def load_shape(stored: Any) -> Shape:
    """Return the shape in its stored form, without checking it again."""
    if stored["type"] == "Point":
        longitude, latitude = stored["coordinates"]
        return Circle(latitude, longitude, stored["radius_m"])
    coordinates = stored["coordinates"]
    return Area([coordinates] if stored["type"] == "Polygon" else coordinates)


def read_shape(given: Any) -> Shape:
    """Return the shape of a GeoJSON geometry, checked for itself; `land.py` checks where it lies.

    Raises `ShapeError`.
    """
    if not isinstance(given, dict):
        raise ShapeError("il faut une géométrie GeoJSON, avec « type » et « coordinates »")
    kind = given.get("type")
    coordinates = given.get("coordinates")
    match kind:
        case "Point":
            shape: Shape = _read_circle(coordinates, given.get("radius_m"))
        case "Polygon":
            shape = _read_area([coordinates])
        case "MultiPolygon":
            shape = _read_area(coordinates)
        case _:
            raise ShapeError(
                f"« {kind} » ne dessine pas un territoire : il faut Polygon, MultiPolygon, ou "
                "Point avec « radius_m » (rayon en mètres)"
            )
    _refuse_size(shape)
    return shape


def _to_polygon(rings: Sequence[Sequence[Sequence[float]]]) -> Polygon:
    """Return the polygon of an outer ring and its holes, in degrees."""
    # Of arrays: shapely takes three times as long over lists.
    outer, *holes = (np.array(ring) for ring in rings)
    return Polygon(outer, holes)


def _read_circle(position: Any, radius: Any) -> Circle:
    longitude, latitude = _read_position(position)
    if not _is_number(radius):
        raise ShapeError("un point demande un rayon en mètres : « radius_m »")
    if radius < MIN_RADIUS_M:
        raise ShapeError(
            f"rayon de {radius:g} m : il en faut au moins {MIN_RADIUS_M}, "
            "la précision d’une position par satellite"
        )
    return Circle(latitude, longitude, float(radius))


def _read_area(polygons: Any) -> Area:
    if not isinstance(polygons, list) or not polygons:
        raise ShapeError("« coordinates » est vide ou n’est pas une liste de polygones")
    read = [_read_rings(rings) for rings in polygons]
    count = sum(len(ring) for rings in read for ring in rings)
    if count > MAX_POSITIONS:
        raise ShapeError(
            f"{count} sommets : {MAX_POSITIONS} suffisent ; simplifier le tracé (à 10 m près) "
            "avant de l’importer"
        )
    for at, rings in enumerate(read, start=1):
        _refuse_invalid(_to_polygon(rings), at if len(read) > 1 else 0)
    return Area(read)


def _read_rings(rings: Any) -> list[list[list[float]]]:
    if not isinstance(rings, list) or not rings:
        raise ShapeError("un polygone est une liste d’anneaux, le contour d’abord, puis les trous")
    read = []
    for ring in rings:
        if not isinstance(ring, list):
            raise ShapeError("un anneau est une liste de positions [longitude, latitude]")
        positions = [list(_read_position(position)) for position in ring]
        if len(positions) < 4 or positions[0] != positions[-1]:
            raise ShapeError(
                "un anneau a au moins quatre positions, et la dernière répète la première : "
                "le fichier est peut-être coupé"
            )
        read.append(positions)
    return read


def _read_position(position: Any) -> tuple[float, float]:
    """Return longitude and latitude; an altitude is dropped."""
    if not isinstance(position, list) or len(position) not in (2, 3):
        raise ShapeError("une position s’écrit [longitude, latitude], en degrés")
    if not all(_is_number(number) for number in position):
        raise ShapeError(f"position illisible : {str(position)[:60]}")
    longitude, latitude = (round(float(number), _DECIMALS) for number in position[:2])
    if abs(longitude) > 180 or abs(latitude) > 180:
        raise ShapeError(
            f"la position {longitude:g} ; {latitude:g} est en mètres d’une projection (Lambert 93 "
            "peut-être) : exporter en longitude et latitude, WGS 84 (EPSG:4326)"
        )
    if abs(latitude) > 90:
        raise ShapeError(
            f"{latitude:g} n’est pas une latitude : longitude et latitude sont-elles échangées ? "
            "En GeoJSON, la longitude vient d’abord"
        )
    return longitude, latitude


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _refuse_invalid(polygon: Polygon, number: int) -> None:
    which = f"polygone {number} : " if number else ""
    if not polygon.is_valid:
        reason = shapely.is_valid_reason(polygon)
        _, _, where = reason.partition("[")
        place = ""
        if where:
            longitude, latitude = where.rstrip("]").split()[:2]
            place = f" près de la longitude {float(longitude):.5f}, latitude {float(latitude):.5f}"
        raise ShapeError(
            f"{which}le tracé se croise, se touche lui-même ou a un trou hors de son contour"
            f"{place} : le corriger dans l’outil qui l’a dessiné"
        )
    if not polygon.area:
        raise ShapeError(f"{which}le tracé n’entoure rien")


def _refuse_size(shape: Shape) -> None:
    if shape.km2 < _MIN_KM2:
        raise ShapeError("le tracé n’entoure rien, ou presque rien")
    latitude, longitude = shape.centre
    west, south, east, north = _GUYANE
    in_guyane = west <= longitude <= east and south <= latitude <= north
    if shape.km2 > (_MAX_KM2_IN_GUYANE if in_guyane else MAX_KM2):
        raise ShapeError(
            f"{shape.km2:.0f} km² : plus qu’un département ; donner les communes, ou plusieurs "
            "zones"
        )
