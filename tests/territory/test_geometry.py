"""Planes and areas as drawn, against shapes whose answers anyone can work out by hand."""

from __future__ import annotations

from math import isclose, sqrt

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from notifier.territory.geometry.geometry import (
    UNITS,
    Box,
    TooComplexError,
    interior_point,
    plane_at,
    union_of,
)

Ring = list[tuple[float, float]]


def square(left: float, low: float, side: float) -> Ring:
    right, high = left + side, low + side
    return [(left, low), (right, low), (right, high), (left, high), (left, low)]


def square_degrees(polygons: list[list[Ring]]) -> float:
    return float(union_of(polygons).area) / UNITS**2


def test_a_degree_of_latitude_and_of_longitude_in_metres() -> None:
    # Lengths of a degree on WGS 84 at 45 degrees, as printed in any table of geodesy.
    plane = plane_at(45.0, 3.0)
    assert isclose(plane.kx * UNITS, 78_847, rel_tol=1e-4)
    assert isclose(plane.ky * UNITS, 111_132, rel_tol=1e-4)


@pytest.mark.parametrize(
    ("box", "units_east", "units_north"),
    [
        ((-10, 10, -10, 10), 0, 0),
        ((30, 40, -10, 10), 30, 0),
        ((-40, -30, -60, -40), 30, 40),
        ((-1, 1, 50, 60), 0, 50),
    ],
)
def test_how_far_a_box_is(box: Box, units_east: float, units_north: float) -> None:
    plane = plane_at(0.0, 0.0)
    east, north = units_east * plane.kx, units_north * plane.ky
    assert plane.box_distance(box) == pytest.approx(sqrt(east**2 + north**2))


@pytest.mark.parametrize(
    ("polygons", "covered"),
    [
        ([[square(0, 0, 10)]], 100),
        ([[square(0, 0, 10)], [square(20, 0, 10)]], 200),
        ([[square(0, 0, 10)], [square(5, 5, 10)]], 175),
        ([[square(0, 0, 10)], [square(2, 2, 3)]], 100),
        ([[square(0, 0, 10)], [square(0, 0, 10)]], 100),
        ([[square(0, 0, 10)], [square(10, 0, 10)]], 200),
        ([[square(0, 0, 10)], [square(0, 0, 5)], [square(5, 5, 5)], [square(9, 9, 2)]], 103),
        # A ring inside another of its polygon is a hole, whichever way it turns or comes first.
        ([[square(0, 0, 10), square(2, 2, 6)]], 64),
        ([[square(0, 0, 10), square(2, 2, 6)[::-1]]], 64),
        ([[square(2, 2, 6), square(0, 0, 10)]], 64),
        ([[square(0, 0, 10), square(2, 2, 6), square(3, 3, 1)]], 65),
        ([[square(0, 0, 10), square(20, 0, 10)]], 200),
        # A hole is filled by what another polygon covers of it, and by no more.
        ([[square(0, 0, 10), square(2, 2, 6)], [square(2, 2, 3)]], 73),
        # What surrounds nothing takes nothing away.
        ([[square(0, 0, 10), [(1, 1), (2, 2), (1, 1)]], [square(3, 3, 0)]], 100),
    ],
)
def test_the_area_of_several_squares(polygons: list[list[Ring]], covered: float) -> None:
    assert isclose(square_degrees(polygons), covered)


whole = st.integers(0, 30)
squares = st.tuples(whole, whole, st.integers(1, 20))


@given(st.lists(squares, min_size=1, max_size=6))
def test_no_ground_is_counted_twice_and_none_lost(given_squares: list[tuple[int, ...]]) -> None:
    covered = {
        (x, y)
        for left, low, side in given_squares
        for x in range(left, left + side)
        for y in range(low, low + side)
    }
    assert isclose(square_degrees([[square(*numbers)] for numbers in given_squares]), len(covered))


@pytest.mark.parametrize(
    "rings",
    [
        pytest.param([[(0, 0), (10, 10), (10, 0), (0, 10.1)]], id="a bow tie"),
        pytest.param([[(0, 0), (10, 10), (10, 0), (0, 10)]], id="one whose lobes cancel out"),
        pytest.param([[(0, 0), (5, 5), (0, 10), (10, 10), (5, 5), (10, 0)]], id="by its knot"),
        pytest.param([square(0, 0, 10), square(5, 5, 10)], id="two rings that overlap"),
        pytest.param([square(0, 0, 10), square(0, 0, 10)], id="one ring twice"),
        pytest.param([[(0, 0), (9, 0), (5, 0), (5, 5)]], id="a side that goes back on itself"),
        pytest.param([[(n * 7 % 101 / 10, n * n % 97 / 10) for n in range(900)]], id="a scribble"),
    ],
)
def test_rings_that_cross_are_refused(rings: list[Ring]) -> None:
    with pytest.raises(ValueError, match="cross"):
        union_of([rings])


@pytest.mark.parametrize("polygons", [[], [[]], [[square(3, 3, 0)]], [[[(0, 0), (1, 1)]], []]])
def test_what_encloses_nothing_is_refused(polygons: list[list[Ring]]) -> None:
    with pytest.raises(ValueError, match="enclose nothing"):
        union_of(polygons)


def comb(teeth: int, step: float, *, lying: bool = False) -> list[Ring]:
    points = [(step * n, 100.0 * (n % 2)) for n in range(teeth)]
    ring = [*points, (step * teeth, -20.0), (0.0, -20.0)]
    return [[(y, x) for x, y in ring] if lying else ring]


def test_what_nobody_drew_is_refused() -> None:
    """Each side of the one crosses nearly every side of the other: a quarter of a million."""
    with pytest.raises(TooComplexError):
        union_of([comb(490, 0.1), comb(490, 0.1, lying=True)])


def test_circles_in_a_heap_are_one_area() -> None:
    circle = shapely.Point(5, 47).buffer(0.1, quad_segs=9)
    one = [list(circle.exterior.coords)]
    assert isclose(square_degrees([one] * 27), circle.area)


@pytest.mark.parametrize(
    "polygons",
    [
        pytest.param([[square(0, 0, 10)]], id="a square"),
        pytest.param([[square(0, 0, 10), square(1, 1, 8)]], id="around a hole"),
        pytest.param([[square(0, 0, 1)], [square(9, 9, 1)]], id="two parts"),
        pytest.param([[[(0, 0), (9, 0), (9, 1), (1, 1), (1, 9), (0, 9)]]], id="an angle"),
    ],
)
def test_the_middle_lies_in_the_area(polygons: list[list[Ring]]) -> None:
    surface = union_of(polygons)
    assert surface.contains(shapely.Point(interior_point(surface)))
