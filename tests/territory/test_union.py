"""Several polygons as one: no ground twice, none lost; squares and circles anyone can work out."""

from __future__ import annotations

from math import isclose, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.territory.geometry import Surface, area, circle, holds, overlap, turned
from notifier.territory.union import TangledError, united

FLAT = (1.0, 1.0)


def square(left: float, low: float, side: float) -> Surface:
    right, high = left + side, low + side
    return [([left, right, right, left], [low, low, high, high])]


@pytest.mark.parametrize(
    ("polygons", "covered"),
    [
        ([square(0, 0, 10)], 100),
        ([square(0, 0, 10), square(20, 0, 10)], 200),
        ([square(0, 0, 10), square(5, 5, 10)], 175),
        ([square(0, 0, 10), square(2, 2, 3)], 100),
        ([square(0, 0, 10), square(0, 0, 10)], 100),
        ([square(0, 0, 10), square(10, 0, 10)], 200),
        ([square(0, 0, 10), square(0, 0, 5), square(5, 5, 5), square(9, 9, 2)], 103),
        # A hole is filled by what another polygon covers of it, and by no more.
        ([[*square(0, 0, 10), *square(2, 2, 6)], square(2, 2, 3)], 73),
    ],
)
def test_the_area_of_several_squares(polygons: list[Surface], covered: float) -> None:
    surface = united(polygons)
    assert isclose(area(surface), covered)
    assert isclose(overlap(square(-50, -50, 200), surface), covered)


def test_a_circle_within_another_is_no_hole() -> None:
    wide, small = circle(0, 0, 100, FLAT), circle(10, 10, 20, FLAT)
    assert isclose(area(united([wide, small])), area(wide))
    assert area(wide) < pi * 100**2


whole = st.integers(0, 30)
squares = st.tuples(whole, whole, st.integers(1, 20))


@given(st.lists(squares, min_size=1, max_size=6))
def test_a_point_is_under_one_where_it_is_under_any(given_squares: list[tuple[int, ...]]) -> None:
    polygons = [square(*numbers) for numbers in given_squares]
    surface = united(polygons)
    # No side runs between whole numbers, so that every such point is clearly in or out.
    cells = [(x + 0.5, y + 0.5) for x in range(51) for y in range(51)]
    under_any = [any(holds(polygon, x, y) for polygon in polygons) for x, y in cells]
    assert [holds(surface, x, y) for x, y in cells] == under_any
    assert isclose(area(surface), sum(under_any))


@given(st.tuples(whole, whole), st.integers(5, 25), st.integers(5, 25))
def test_two_circles_are_both_less_what_they_share(
    at: tuple[int, int], first: int, second: int
) -> None:
    one, other = circle(0, 0, first, FLAT), circle(*at, second, FLAT)
    shared = overlap(one, other)
    assert isclose(area(united([one, other])), area(one) + area(other) - shared, rel_tol=1e-6)


def test_a_polygon_alone_is_as_it_was() -> None:
    ring_road = [*square(0, 0, 100), *square(40, 40, 20)]
    assert united([ring_road]) == turned(ring_road)


def test_what_nobody_drew_is_refused() -> None:
    teeth = [100 * (n % 2) for n in range(100)]
    upright: Surface = [([*range(100), 120], [*teeth, -20])]
    lying: Surface = [([*teeth, -20], [*range(100), 120])]
    with pytest.raises(TangledError):
        united([upright, lying])


def test_combs_that_cross_nowhere_are_refused_too() -> None:
    """Each tooth ends at its own height: as many slabs as corners, with all the teeth in each."""

    def comb(at: float) -> Surface:
        teeth = [(at + n / 2, 1000 + n if n % 2 else -n) for n in range(490)]
        return [([x for x, _ in teeth] + [at + 245], [y for _, y in teeth] + [-2000])]

    with pytest.raises(TangledError):
        united([comb(0), comb(0.25)])
