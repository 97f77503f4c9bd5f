"""Tell whether a point outside every commune lies at sea or in a neighbouring country.

A code may be that of a commune whose waters a point lies in, but hardly of one whose frontier it
lies beyond. The outlines follow foreign coasts to about a kilometre; inside France they mean
nothing, because the contours have answered there already. Only countries near French land matter.
"""

from __future__ import annotations

import shapely
from shapely import MultiPolygon, Point, Polygon

# Longitude, latitude. Drawn by hand from the coasts' well-known capes, ports and mouths.
_NORTH_AND_EAST = [
    *[(2.545, 51.095), (2.75, 51.17), (3.37, 51.38), (4.0, 52.0), (8.5, 54.0), (16.0, 54.0)],
    # Liguria and Tuscany, from Genoa to Ventimiglia.
    *[(16.0, 44.0), (10.2, 43.9), (8.95, 44.40), (8.47, 44.30), (8.16, 43.94), (7.78, 43.80)],
    *[
        (7.67, 43.775),
        (7.605, 43.783),
        (7.53, 43.782),
        (7.3, 44.3),
        (6.0, 46.0),
        (6.0, 48.0),
        (3.0, 50.0),
        (2.4, 50.9),
    ],
]
_MONACO = [(7.408, 43.722), (7.428, 43.726), (7.442, 43.746), (7.44, 43.755), (7.41, 43.74)]
_SPAIN = [
    *[(-1.775, 43.35), (-1.787, 43.372), (-1.79, 43.395), (-1.98, 43.325), (-2.7, 43.42)],
    *[(-9.5, 43.8), (-9.5, 36.5), (0.0, 38.0), (3.33, 42.30), (3.17, 42.434), (2.5, 42.7)],
    *[(0.0, 43.0)],
]
_SARDINIA = [(8.1, 40.8), (8.4, 40.9), (9.15, 41.27), (9.40, 41.31), (9.9, 40.8), (9.0, 40.0)]
_JERSEY = [(-2.26, 49.16), (-2.0, 49.16), (-2.0, 49.27), (-2.26, 49.27)]
_SURINAME = [
    *[(-53.98, 5.95), (-53.98, 5.74), (-54.03, 5.5), (-53.9, 5.0), (-54.4, 2.3), (-57.0, 2.3)],
    (-57.0, 6.1),
]
_BRAZIL = [(-51.63, 4.15), (-51.5, 4.45), (-50.0, 2.0), (-54.6, 1.5), (-54.6, 2.2), (-52.0, 3.4)]
_COUNTRIES = MultiPolygon(
    [
        Polygon(outline)
        for outline in (_NORTH_AND_EAST, _MONACO, _SPAIN, _SARDINIA, _JERSEY, _SURINAME, _BRAZIL)
    ]
)
shapely.prepare(_COUNTRIES)


def is_abroad(latitude: float, longitude: float) -> bool:
    """Return whether a point that is in no commune lies on foreign land rather than at sea."""
    return bool(_COUNTRIES.intersects(Point(longitude, latitude)))
