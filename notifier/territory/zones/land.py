"""Find the communes under a shape, from the contours, and refuse a shape that has none.

Contours and drawn lines differ by metres even where both follow one border, so "touches" may be
asked for with a margin, and "covers" always forgives `MARGIN_M`.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import shapely
from shapely import Point

from notifier.territory.geometry import contours
from notifier.territory.geometry.contours import Contour
from notifier.territory.geometry.geometry import Plane, Surface, plane_at
from notifier.territory.reference import overseas
from notifier.territory.zones.departements import departement_by_code
from notifier.territory.zones.shapes import Circle, Shape, ShapeError

MARGIN_M = 150
"""99 in 100 borders of the contours lie within 128 m of IGN's (`data/LICENCE.md`)."""
_QUADRANT_SEGMENTS = 32


def communes_touching(shape: Shape, margin_m: float = 0) -> tuple[str, ...]:
    """Return the INSEE codes of the communes under a shape or within a margin of it, ordered.

    Raises `ShapeError`, in French, where there is none.
    """
    plane = plane_at(*shape.centre)
    surface = _to_metres(shape, plane)
    if margin_m:
        surface = surface.buffer(margin_m)
    return tuple(sorted(_pieces_under(shape, surface, plane)))


def communes_covered(shape: Shape) -> tuple[str, ...]:
    """Return the INSEE codes of the communes of which no part lies over `MARGIN_M` outside.

    An incident of which nothing but such a commune is known lies in the shape. Raises `ShapeError`
    like `communes_touching`.
    """
    plane = plane_at(*shape.centre)
    surface = _to_metres(shape, plane).buffer(MARGIN_M)
    shapely.prepare(surface)
    covered = []
    for code, pieces in _pieces_under(shape, surface, plane).items():
        inside = shapely.covers(surface, contours.to_polygons(pieces, plane)).all()
        if inside and len(contours.contours_of(code)) == len(pieces):
            covered.append(code)
    return tuple(sorted(covered))


def _to_metres(shape: Shape, plane: Plane) -> Surface:
    """Return the shape in metres around its own centre."""
    if isinstance(shape, Circle):
        return Point(0, 0).buffer(shape.radius_m, quad_segs=_QUADRANT_SEGMENTS)
    return shapely.transform(shape.surface, plane.to_metres)


def _pieces_under(shape: Shape, surface: Surface, plane: Plane) -> dict[str, list[Contour]]:
    """Return the pieces of land that a surface touches, by the communes that they belong to."""
    bounds = np.array(shapely.bounds(surface)).reshape(2, 2)
    (left, low), (right, high) = plane.to_units(bounds).tolist()
    found = contours.contours_in_box((left, right, low, high))
    shapely.prepare(surface)
    land = contours.to_polygons(found, plane)
    touched = shapely.intersects(surface, land) & ~shapely.touches(surface, land)
    under: dict[str, list[Contour]] = defaultdict(list)
    for contour, touches in zip(found, touched.tolist(), strict=True):
        if touches:
            for code in contour.communes:
                under[code].append(contour)
    if not under:
        raise ShapeError(_off_land(shape))
    return under


def _off_land(shape: Shape) -> str:
    """Say in French why a shape has no commune under it."""
    latitude, longitude = shape.centre
    where = f"latitude {latitude:.5f}, longitude {longitude:.5f}".replace(".", ",")
    if collectivity := overseas.collectivity_at(latitude, longitude):
        found = departement_by_code(collectivity)
        name = found.after_de if found else collectivity
        return (
            f"les contours des communes {name} ne sont pas connus : donner les communes plutôt "
            "qu’un tracé"
        )
    if abs(longitude) <= 90 and _is_land(longitude, latitude):
        return (
            f"hors de France ({where}) : longitude et latitude semblent échangées ; en GeoJSON, la "
            "longitude vient d’abord"
        )
    return f"hors de France ({where}) : aucune commune n’est dessous"


def _is_land(latitude: float, longitude: float) -> bool:
    plane = plane_at(latitude, longitude)
    found = contours.contours_in_box((plane.x, plane.x, plane.y, plane.y))
    return bool(shapely.intersects(contours.to_polygons(found), Point(plane.x, plane.y)).any())
