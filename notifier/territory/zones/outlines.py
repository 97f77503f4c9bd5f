"""Outlines of communes as GeoJSON, to be drawn on a page; what lies where is asked elsewhere.

Those of a département are simplified together, so that neighbours still share their borders; those
around one commune are as exact as the file has them. Communes whose contours no source gives are
left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any

import shapely
from shapely import Polygon

from notifier.territory import grammar
from notifier.territory.geometry import contours
from notifier.territory.geometry.geometry import UNITS
from notifier.territory.reference.database import active_file
from notifier.territory.resolve import adjacent_communes, commune_by_code, communes_in

_TOLERANCE = 300
"""In grid units, 300 m: a third of what is seen of a département on a screen."""
_DECIMALS = 4
"""Of a degree: ten metres."""
_KEPT = 16
"""Départements kept in memory, up to 400 kB each."""


@cache
def outlines_version() -> str:
    """Return what changes when the contours do: part of the address under which they are kept."""
    return sha256(active_file().read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=_KEPT)
def departement_outlines(departement: str) -> bytes:
    """Return the communes of a département as a GeoJSON FeatureCollection; maybe none."""
    return _to_json(outlines_of([one.code for one in communes_in(departement)], _TOLERANCE))


def commune_outlines(code: str) -> bytes:
    """Return a commune and its neighbours as a GeoJSON FeatureCollection, the commune first."""
    return _to_json(outlines_of([code, *(one.code for one in adjacent_communes(code))]))


def outlines_of(codes: Iterable[str], tolerance: int = 0) -> list[dict[str, Any]]:
    """Return a GeoJSON feature for each commune that has contours, in the order of the codes.

    `tolerance`, in grid units of about a metre: how much of a border may be cut off.
    """
    land = {code: contours.contours_of(code) for code in codes}
    pieces = list({piece.id: piece for found in land.values() for piece in found}.values())
    polygons = contours.to_polygons(pieces)
    if tolerance and len(polygons):
        polygons = shapely.coverage_simplify(polygons, tolerance)
    drawn = {piece.id: _rings(one) for piece, one in zip(pieces, polygons, strict=True)}
    return [
        _feature(code, [drawn[piece.id] for piece in found])
        for code, found in land.items()
        if found
    ]


def _feature(code: str, polygons: Sequence[Any]) -> dict[str, Any]:
    commune = commune_by_code(code)
    return {
        "type": "Feature",
        "id": code,
        "properties": {
            "code": code,
            "name": grammar.with_apostrophes(commune.name) if commune else code,
        },
        "geometry": {"type": "MultiPolygon", "coordinates": polygons},
    }


def _rings(polygon: Polygon) -> list[list[list[float]]]:
    return [
        (shapely.get_coordinates(ring) / UNITS).round(_DECIMALS).tolist()
        for ring in shapely.get_rings(polygon)
    ]


def _to_json(features: Sequence[dict[str, Any]]) -> bytes:
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()
