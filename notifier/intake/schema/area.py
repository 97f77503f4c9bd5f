"""An area as dispatch draws it: the coordinates of a GeoJSON Polygon or MultiPolygon (RFC 7946)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, NoReturn

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

MAX_VERTICES = 1_000
_POSITION: dict[str, Any] = {
    "type": "array",
    "items": {"type": "number"},
    "minItems": 2,
    "maxItems": 3,
}
_RING: dict[str, Any] = {"type": "array", "items": _POSITION, "minItems": 4}
_POLYGON: dict[str, Any] = {"type": "array", "items": _RING, "minItems": 1}
_SCHEMA: dict[str, Any] = {
    "anyOf": [_POLYGON, {"type": "array", "items": _POLYGON, "minItems": 1}],
    "description": "Zone : coordinates d’un Polygon ou MultiPolygon GeoJSON, [longitude, latitude] "
    f"en WGS 84, anneaux fermés, {MAX_VERTICES} sommets au plus",
    "examples": [[[[6.99, 47.5], [7.01, 47.5], [7.01, 47.52], [6.99, 47.5]]]],
}

Polygons = list[list[list[list[float]]]]


def closed(ring: list[list[float]]) -> list[list[float]]:
    """Return the ring with its first position repeated at its end, as GeoJSON requires."""
    return ring if ring[:1] == ring[-1:] and len(ring) > 1 else [*ring, *ring[:1]]


def _area(value: object) -> object:
    """Return the polygons, each a list of rings of [longitude, latitude]; None stays None."""
    if value is None:
        return None
    if isinstance(value, dict):
        _refuse("donnez la liste coordinates du GeoJSON, pas l’objet entier")
    polygons = [
        [_read_ring(ring) for ring in _listed(polygon)] for polygon in _split_polygons(value)
    ]
    if not all(polygons):
        _refuse("la zone n’a aucun anneau")
    if sum(len(ring) for rings in polygons for ring in rings) > MAX_VERTICES:
        _refuse(f"plus de {MAX_VERTICES} sommets : simplifiez la zone")
    return polygons


def _split_polygons(value: object) -> Iterator[object]:
    """Return the polygons: the value itself, or each of its parts if it is one level deeper."""
    deep, depth = value, 0
    while isinstance(deep, list) and deep and depth < 5:
        deep, depth = deep[0], depth + 1
    if depth == 4:
        yield from _listed(value)
    else:
        yield value


def _read_ring(value: object) -> list[list[float]]:
    ring = [_read_position(position) for position in _listed(value)]
    if len(ring) < 4 or ring[0] != ring[-1]:
        _refuse("un anneau a au moins quatre positions, la dernière égale à la première")
    return ring


def _read_position(value: object) -> list[float]:
    numbers = _listed(value)
    if len(numbers) not in (2, 3):
        _refuse("une position est [longitude, latitude]")
    longitude, latitude = (_degrees(number) for number in numbers[:2])
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        _refuse("une position est hors du globe : [longitude, latitude] en degrés")
    return [longitude, latitude]


def _degrees(value: object) -> float:
    # JSON's true is an int to Python, but not of type int.
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type] # a number by then
        _refuse("une coordonnée n’est pas un nombre")
    return float(value)  # type: ignore[arg-type] # likewise


def _listed(value: object) -> list[Any]:
    if not isinstance(value, list):
        _refuse("ce n’est pas la liste coordinates d’un Polygon ou MultiPolygon GeoJSON")
    return value


def _refuse(why: str) -> NoReturn:
    raise PydanticCustomError("area", why)


Area = Annotated[Polygons, BeforeValidator(_area), WithJsonSchema(_SCHEMA)]
