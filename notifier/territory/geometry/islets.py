"""Islets that the sources of contours leave out, as circles (`data/islets.csv`).

Simplifying a coast drops what is small: the château d'If, Cordouan, the Mont-Saint-Michel. A circle
is no coastline, but says whose commune the place is; where a source has land, the source counts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from shapely import Point, Polygon

from notifier.territory.geometry.geometry import plane_at

FILE = Path(__file__).resolve().parents[1] / "data" / "islets.csv"
_QUADRANT_SEGMENTS = 6


class Islet(NamedTuple):
    """An islet or an archipelago of one commune."""

    name: str
    commune: str
    latitude: float
    longitude: float
    radius_m: float

    def circle(self) -> Polygon:
        """Return its circle, on the grid."""
        plane = plane_at(self.latitude, self.longitude)
        circle = Point(0, 0).buffer(self.radius_m, quad_segs=_QUADRANT_SEGMENTS)
        return shapely.transform(circle, lambda metres: np.round(plane.to_units(metres)))


def read_islets() -> Iterator[Islet]:
    """Yield every islet of the file."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            place = float(row["latitude"]), float(row["longitude"]), float(row["radius_m"])
            yield Islet(row["name"], row["commune"], *place)


def add_islets(land: dict[str, list[Polygon]]) -> None:
    """Add each islet to its commune, less the land of others there; `land` is by commune code."""
    owners = [code for code, polygons in land.items() for _ in polygons]
    tree = shapely.STRtree([polygon for polygons in land.values() for polygon in polygons])
    for islet in read_islets():
        if islet.commune not in land:
            continue
        circle = islet.circle()
        there = tree.query(circle, predicate="intersects").tolist()
        others = [tree.geometries[at] for at in there if owners[at] != islet.commune]
        mine = land[islet.commune]
        touched = [polygon for polygon in mine if polygon.intersects(circle)]
        joined = shapely.union_all([circle.difference(shapely.union_all(others)), *touched])
        # Corners come to lie where circle and coast cross, off the grid.
        parts = shapely.get_parts(shapely.set_precision(joined, 1))
        land[islet.commune] = [
            *(polygon for polygon in mine if not polygon.intersects(circle)),
            *shapely.orient_polygons(parts, exterior_cw=True),
        ]
