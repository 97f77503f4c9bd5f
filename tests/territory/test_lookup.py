"""What lies where, on the committed file: real places of which anyone can check the answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon

from notifier.territory.geometry import contours, lookup
from notifier.territory.geometry.geometry import UNITS
from notifier.territory.geometry.lookup import TooLargeError
from notifier.territory.reference import communes as reference
from notifier.territory.reference import database

ROWS = st.deferred(
    lambda: st.sampled_from([row[0] for row in database.query("SELECT id FROM contour")])
)
RESTORED = {"15031", "15035", "15047", "15141", "15171"}


def holding(latitude: float, longitude: float) -> set[str]:
    return {mark.code for mark in lookup.communes_within(latitude, longitude, 150) if mark.holds}


@pytest.mark.parametrize(
    ("place", "latitude", "longitude", "commune"),
    [
        ("the lion of Belfort", 47.6365, 6.8648, "90010"),
        ("Notre-Dame de Paris", 48.8530, 2.3499, "75056"),
        ("the basilica of Fourvière", 45.7623, 4.8227, "69123"),
        ("the Vieux-Port of Marseille", 43.2961, 5.3699, "13055"),
        ("the citadel of Ajaccio", 41.9175, 8.7400, "2A004"),
        ("Bastia, place Saint-Nicolas", 42.7003, 9.4507, "2B033"),
        ("Pointe-à-Pitre, place de la Victoire", 16.2380, -61.5330, "97120"),
        ("Fort-de-France, La Savane", 14.6030, -61.0680, "97209"),
        ("Cayenne, place des Palmistes", 4.9390, -52.3300, "97302"),
        ("Saint-Denis de La Réunion, jardin de l'État", -20.8870, 55.4500, "97411"),
        ("Mamoudzou, the town hall", -12.7806, 45.2279, "97611"),
    ],
)
def test_a_place_that_everybody_knows(
    place: str, latitude: float, longitude: float, commune: str
) -> None:
    assert holding(latitude, longitude) == {commune}, place


def test_the_former_15141_is_all_of_its_five_communes() -> None:
    marks = lookup.communes_within(45.15, 2.98, 150)
    assert {mark.code for mark in marks if mark.holds} == RESTORED
    assert {mark.distance_m for mark in marks if mark.holds} == {0}


def test_a_commune_that_merged_since_the_source_was_drawn_lies_in_its_heir() -> None:
    # 93059 Pierrefitte-sur-Seine joined Saint-Denis in 2025.
    assert holding(48.9650, 2.3610) == {"93066"}


def test_a_neighbour_within_reach_is_named_with_its_distance() -> None:
    """Westwards through Delle: the closer the border, the closer the neighbour."""
    (delle,) = contours.contours_of("90033")
    y = 47.51 * UNITS
    seen = []
    for step in range(400):
        x = 7.0 * UNITS - step * 10
        marks = lookup.communes_within(y / UNITS, x / UNITS, 150)
        if not delle.polygon().contains(Point(x, y)):
            break
        seen.append([mark.distance_m for mark in marks if not mark.holds])
    distances = [min(others) for others in seen if others]
    assert len(distances) > 10
    assert distances == sorted(distances, reverse=True)
    assert all(away <= 150 for away in distances)


def test_the_nearest_commune_of_a_point_at_sea_and_of_one_far_away() -> None:
    off_ouessant = lookup.nearest_commune(48.46, -5.30)
    assert off_ouessant is not None
    assert off_ouessant.code == "29155"
    assert not off_ouessant.holds
    assert 10_000 < off_ouessant.distance_m < 20_000
    assert lookup.nearest_commune(47.0, -30.0) is None


def test_the_nearest_is_the_nearest_of_all() -> None:
    found = lookup.nearest_commune(46.2, 6.9)
    assert found is not None
    assert lookup.communes_within(46.2, 6.9, found.distance_m + 1)[0].code == found.code
    assert lookup.communes_within(46.2, 6.9, found.distance_m - 1) == []


@settings(deadline=None, max_examples=150)
@given(ROWS, st.floats(200, 6_000))
def test_the_shares_of_a_circle_inland_add_up_and_fall_to_those_it_touches(
    row: int, radius: float
) -> None:
    (found,) = database.query("SELECT min_x, max_x, min_y, max_y FROM contour WHERE id = ?", row)
    latitude, longitude = (found[2] + found[3]) / 2 / UNITS, (found[0] + found[1]) / 2 / UNITS
    marks = lookup.communes_in_circle(latitude, longitude, radius)
    shares = [mark.share or 0 for mark in marks]
    doubled = any(mark.code in RESTORED for mark in marks)
    assert all(0 < share <= 1 for share in shares)
    # Less at the coast and abroad; a trace more where the source's own borders cross.
    assert doubled or sum(shares) <= 1.001
    touched = {mark.code for mark in lookup.communes_within(latitude, longitude, radius * 1.001)}
    assert {mark.code for mark in marks} <= touched
    assert [m.distance_m for m in marks] == sorted(m.distance_m for m in marks)


def test_an_area_drawn_along_a_commune_is_hers() -> None:
    (delle,) = contours.contours_of("90033")
    ring = [(x / UNITS, y / UNITS) for x, y in delle.polygon().exterior.coords]
    (_, marks) = lookup.communes_in_polygons([[ring]])
    shares = {mark.code: mark.share for mark in marks}
    assert shares["90033"] == pytest.approx(1)
    assert sum(share or 0 for share in shares.values()) == pytest.approx(1)


def test_half_of_france_is_too_wide() -> None:
    with pytest.raises(TooLargeError):
        lookup.communes_in_polygons([[[(0, 45), (5, 45), (5, 48), (0, 48)]]])
    with pytest.raises(ValueError, match="enclose nothing"):
        lookup.communes_in_polygons([[[(0, 45), (5, 45), (0, 45)]]])


def test_adjoining_communes() -> None:
    names = {"90043", "90045", "90046", "90056", "90063", "90096"}
    assert set(lookup.adjacent_codes("90033")) == names
    assert lookup.adjacent_codes("29155") == []  # Ouessant is an island
    assert RESTORED - {"15031"} <= set(lookup.adjacent_codes("15031"))
    assert lookup.adjacent_codes("97701") == []


@settings(deadline=None, max_examples=100)
@given(ROWS)
def test_who_adjoins_is_adjoined(row: int) -> None:
    code = contours.commune_code(row)
    for other in lookup.adjacent_codes(code):
        assert code in lookup.adjacent_codes(other)
        assert reference.commune_by_code(other) is not None


@settings(deadline=None, max_examples=500)
@given(ROWS, st.floats(0, 1), st.floats(0, 1))
def test_a_communes_own_interior_point_finds_it(row: int, right: float, up: float) -> None:
    (found,) = (c for c in contours.contours_of(contours.commune_code(row)) if c.id == row)
    land = found.polygon()
    x = found.min_x + right * (found.max_x - found.min_x)
    y = found.min_y + up * (found.max_y - found.min_y)
    if not land.contains(Point(x, y)):
        x, y = land.representative_point().coords[0]
    assert set(found.communes) <= holding(y / UNITS, x / UNITS)


Ring = list[tuple[float, float]]


def ring(*corners: tuple[float, float]) -> Ring:
    """Corners as hundredths of a degree east and north of Delle."""
    return [(6.999 + x / 100, 47.508 + y / 100) for x, y in corners]


@pytest.mark.parametrize(
    "polygons",
    [
        pytest.param([[ring((-1, -1), (9, -1), (9, 9), (8, 9), (8, 0), (-1, 0))]], id="an angle"),
        pytest.param(
            [
                [ring((-20, -1), (-19, -1), (-19, 0))],
                [ring((1, -1), (2, -1), (2, 1), (2, 1), (1, 1))],
            ],
            id="two parts far from each other",
        ),
        pytest.param(
            [[ring((-9, -9), (9, -9), (9, 9), (-9, 9)), ring((-8, -8), (8, -8), (8, 8), (-8, 8))]],
            id="around a hole",
        ),
        pytest.param(
            [
                [ring((-1, -1), (9, -1), (9, 0), (-1, 0))],
                [ring((8, -1), (9, -1), (9, 9), (8, 9))],
            ],
            id="an angle of two that overlap",
        ),
        pytest.param(
            [[ring((-4, -4), (1, -4), (1, 4), (-4, 4))], [ring((0, -3), (5, -3), (5, 3), (0, 3))]],
            id="two that cross",
        ),
    ],
)
def test_the_middle_of_an_area_lies_in_it(polygons: list[list[Ring]]) -> None:
    (latitude, longitude), marks = lookup.communes_in_polygons(polygons)
    middle = Point(longitude, latitude)
    assert any(Polygon(outer, holes).contains(middle) for outer, *holes in polygons)
    assert all(mark.share for mark in marks if mark.holds)


@pytest.mark.parametrize(
    "rings",
    [
        # Nearly as much turns one way as the other: the centre of gravity would be in Montbéliard.
        pytest.param([ring((-4, -4), (4, 4), (4, -4), (-4, 4.1))], id="a bow tie"),
        pytest.param([ring((-4, -4), (0, 0), (4, 4), (4, -4), (0, 0), (-4, 5))], id="by its knot"),
        pytest.param(
            [ring((-4, -4), (1, -4), (1, 4), (-4, 4)), ring((0, -3), (5, -3), (5, 3), (0, 3))],
            id="two rings of one polygon that overlap",
        ),
    ],
)
def test_an_area_whose_sides_cross_is_not_guessed_at(rings: list[Ring]) -> None:
    with pytest.raises(ValueError, match="cross"):
        lookup.communes_in_polygons([rings])


def test_a_comb_of_a_thousand_teeth_is_not_measured() -> None:
    teeth = [(turn / 250, 100.0 if turn % 2 else -100.0) for turn in range(995)]
    comb = [ring(*teeth, (4, -101), (-1, -101))]
    with pytest.raises(TooLargeError):
        lookup.communes_in_polygons([comb])


def test_a_comb_whose_teeth_lie_apart_is_not_measured_either() -> None:
    teeth = [[ring((at / 62, -100), (at / 62 + 0.004, 100), (at / 62, 100))] for at in range(249)]
    with pytest.raises(TooLargeError):
        lookup.communes_in_polygons(teeth)


def test_a_lattice_is_not_measured_either() -> None:
    """Few corners as they are drawn, but each of its bars cuts each other one: 6,400 holes."""
    bars = [turn / 8 for turn in range(80)]
    upright = [[ring((x, 0), (x + 0.06, x / 100), (x + 0.06, 10), (x, 10))] for x in bars]
    lying = [[ring((0, y), (10, y), (10, y + 0.06), (0, y + 0.06))] for y in bars]
    with pytest.raises(TooLargeError):
        lookup.communes_in_polygons([*upright, *lying])
