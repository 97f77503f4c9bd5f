"""Plane geometry against shapes whose answers anyone can work out by hand."""

from math import inf, isclose, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.territory.geometry import (
    UNITS,
    Surface,
    area,
    centre,
    circle,
    distance,
    holds,
    metres_per_unit,
    overlap,
    turned,
)

FLAT = (1.0, 1.0)


def square(left: float, low: float, side: float) -> Surface:
    right, high = left + side, low + side
    return [([left, right, right, left], [low, low, high, high])]


RING_ROAD = turned([*square(0, 0, 100), *square(40, 40, 20)])


def test_a_degree_of_latitude_and_of_longitude_in_metres() -> None:
    # Lengths of a degree on WGS 84 at 45 degrees, as printed in any table of geodesy.
    east, north = metres_per_unit(45.0)
    assert isclose(east * UNITS, 78_847, rel_tol=1e-4)
    assert isclose(north * UNITS, 111_132, rel_tol=1e-4)


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [(10, 10, True), (50, 50, False), (50, 20, True), (-1, 50, False), (101, 50, False)],
)
def test_a_hole_is_outside(x: float, y: float, inside: bool) -> None:
    assert holds(RING_ROAD, x, y) is inside


def test_distance_to_a_side_to_a_corner_and_out_of_reach() -> None:
    assert distance(square(0, 0, 100), -30, 50, FLAT, 150) == 30
    assert distance(square(0, 0, 100), -30, -40, FLAT, 150) == 50
    assert distance(square(0, 0, 100), -30, 50, (2.0, 1.0), 150) == 60
    assert distance(square(0, 0, 100), -30, 50, FLAT, 29) == inf
    assert distance(RING_ROAD, 50, 50, FLAT, 150) == 10


def test_area_and_centre_count_holes() -> None:
    assert area(RING_ROAD) == 10_000 - 400
    assert centre(RING_ROAD) == pytest.approx((50, 50))
    assert centre(square(3_000_000, 4_000_000, 10)) == pytest.approx((3_000_005, 4_000_005))


def test_a_circle_has_nearly_its_area() -> None:
    assert isclose(area(circle(0, 0, 100, FLAT)), pi * 100**2, rel_tol=0.01)


offsets = st.integers(-120, 120)
sides = st.integers(1, 150)


@given(offsets, offsets, sides, st.booleans())
def test_overlap_of_squares(left: int, low: int, side: int, backwards: bool) -> None:
    other = square(left, low, side)
    if backwards:
        other = [(xs[::-1], ys[::-1]) for xs, ys in other]
    width = max(0, min(100, left + side) - max(0, left))
    height = max(0, min(100, low + side) - max(0, low))
    assert overlap(square(0, 0, 100), other) == pytest.approx(width * height, abs=1e-6)


@given(offsets, offsets, sides)
def test_what_a_hole_leaves_out_of_an_overlap(left: int, low: int, side: int) -> None:
    other = square(left, low, side)
    without = overlap(square(40, 40, 20), other)
    assert overlap(RING_ROAD, other) == pytest.approx(
        overlap(square(0, 0, 100), other) - without, abs=1e-6
    )
    assert overlap(other, RING_ROAD) == pytest.approx(overlap(RING_ROAD, other), abs=1e-6)


def test_an_overlap_with_an_area_that_is_not_convex() -> None:
    # A U open to the north, over a bar that crosses both of its arms.
    letter: Surface = [([0, 30, 30, 20, 20, 10, 10, 0], [0, 0, 30, 30, 10, 10, 30, 30])]
    bar: Surface = [([-5, 35, 35, -5], [20, 20, 25, 25])]
    assert overlap(bar, letter) == pytest.approx(100)
    assert overlap(letter, bar) == pytest.approx(100)
