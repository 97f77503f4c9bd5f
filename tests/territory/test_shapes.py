"""What somebody drew: read, refused in French, placed on the communes, and asked what is in it."""

from math import asin, cos, degrees, radians, sin, sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.territory.zones.containment import Containment, Position, contains, locate, overlaps
from notifier.territory.zones.land import communes_covered, communes_touching
from notifier.territory.zones.shapes import Area, Circle, ShapeError, load_shape, read_shape

INSIDE, OUTSIDE, UNKNOWN = Containment.INSIDE, Containment.OUTSIDE, Containment.UNKNOWN
# Place de Jaude, Clermont-Ferrand.
JAUDE = (45.7766, 3.0826)
EARTH_M = 6_371_008.8


def square(latitude: float, longitude: float, half: float) -> dict[str, Any]:
    """A square of 2 x `half` degrees around a point."""
    west, east = round(longitude - half, 6), round(longitude + half, 6)
    south, north = round(latitude - half, 6), round(latitude + half, 6)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def circle(latitude: float, longitude: float, radius_m: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude], "radius_m": radius_m}


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great circle on a sphere: independent of our planes, off by half a percent."""
    (a, b), (c, d) = ((radians(x), radians(y)) for x, y in (one, other))
    chord = sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(chord))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "géométrie GeoJSON"),
        ([], "géométrie GeoJSON"),
        ({"type": "LineString", "coordinates": [[3, 45], [4, 46]]}, "LineString"),
        ({"type": "Polygon"}, "liste d’anneaux"),
        ({"type": "Polygon", "coordinates": []}, "liste d’anneaux"),
        ({"type": "Polygon", "coordinates": [[]]}, "au moins quatre"),
        ({"type": "Polygon", "coordinates": [[[3, 45], [3.1, 45], [3.1, 45.1]]]}, "quatre"),
        (
            {"type": "Polygon", "coordinates": [[[3, 45], [3.1, 45], [3.1, 45.1], [3, 45.1]]]},
            "répète la première",
        ),
        ({"type": "MultiPolygon", "coordinates": []}, "vide"),
        ({"type": "MultiPolygon", "coordinates": [[[3, 45]]]}, "position"),
        ({"type": "Point", "coordinates": [3, 45]}, "rayon en mètres"),
        ({"type": "Point", "coordinates": [3, 45], "radius_m": True}, "rayon en mètres"),
        ({"type": "Point", "coordinates": [3, 45], "radius_m": "200"}, "rayon en mètres"),
        ({"type": "Point", "coordinates": [3, 45], "radius_m": float("nan")}, "rayon en mètres"),
        (circle(*JAUDE, 0), "au moins 10"),
        (circle(*JAUDE, -200), "au moins 10"),
        (circle(*JAUDE, 3), "au moins 10"),
        (circle(*JAUDE, 100_000), "plus qu’un département"),
        (square(46.5, 2.5, 1.0), "plus qu’un département"),
        ({"type": "Point", "coordinates": [3, "45"], "radius_m": 50}, "position illisible"),
        ({"type": "Point", "coordinates": [3], "radius_m": 50}, "[longitude, latitude]"),
        ({"type": "Point", "coordinates": None, "radius_m": 50}, "[longitude, latitude]"),
        (
            {"type": "Point", "coordinates": [708_000.0, 6_519_000.0], "radius_m": 50},
            "Lambert 93",
        ),
        ({"type": "Point", "coordinates": [45, 155.5], "radius_m": 50}, "échangées"),
    ],
)
def test_what_is_no_shape_is_refused_in_french(given: Any, says: str) -> None:
    with pytest.raises(ShapeError, match=r".") as refusal:
        read_shape(given)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    "rings",
    [
        # A bow tie.
        [[[3.0, 45.7], [3.1, 45.8], [3.1, 45.7], [3.0, 45.8], [3.0, 45.7]]],
        # A spike: there and back.
        [[[3.0, 45.7], [3.1, 45.7], [3.1, 45.8], [3.2, 45.9], [3.1, 45.8], [3.0, 45.7]]],
        # A hole outside.
        [
            [[3.0, 45.7], [3.1, 45.7], [3.1, 45.8], [3.0, 45.7]],
            [[3.5, 45.7], [3.6, 45.7], [3.6, 45.8], [3.5, 45.7]],
        ],
        # All on one line.
        [[[3.0, 45.7], [3.1, 45.8], [3.2, 45.9], [3.0, 45.7]]],
    ],
)
def test_a_line_that_crosses_itself_or_encloses_nothing_is_refused(rings: Any) -> None:
    with pytest.raises(ShapeError, match=r"se croise|n’entoure rien"):
        read_shape({"type": "Polygon", "coordinates": rings})


def test_the_refusal_says_where_the_sides_cross() -> None:
    bow = [[[3.0, 45.7], [3.1, 45.8], [3.1, 45.7], [3.0, 45.8], [3.0, 45.7]]]
    with pytest.raises(ShapeError, match=r"longitude 3\.05000, latitude 45\.75000"):
        read_shape({"type": "Polygon", "coordinates": bow})


def test_too_many_corners_are_refused() -> None:
    ring = [
        [3 + 0.1 * cos(radians(at / 20)), 45.7 + 0.1 * sin(radians(at / 20))] for at in range(7_200)
    ]
    with pytest.raises(ShapeError, match=r"7201 sommets"):
        read_shape({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})


def test_the_stored_form_reads_back_as_the_same_shape() -> None:
    two = {
        "type": "MultiPolygon",
        "coordinates": [
            square(*JAUDE, 0.01)["coordinates"],
            square(45.9, 3.1, 0.01)["coordinates"],
        ],
    }
    for drawn in (circle(*JAUDE, 250), square(*JAUDE, 0.01), two):
        shape = read_shape(drawn)
        assert shape.to_geojson() == drawn
        assert load_shape(shape.to_geojson()) == shape


def test_a_position_is_kept_to_a_tenth_of_a_metre() -> None:
    shape = read_shape(circle(45.77660000000049, 3.08259999999951, 50))
    assert shape == Circle(45.7766, 3.0826, 50.0)


def test_an_altitude_is_dropped() -> None:
    assert read_shape({"type": "Point", "coordinates": [3.0, 45.0, 400], "radius_m": 50}) == Circle(
        45.0, 3.0, 50.0
    )


@pytest.mark.parametrize(
    ("shape", "commune"),
    [
        (circle(*JAUDE, 200), "63113"),
        (circle(47.6365, 6.8648, 100), "90010"),
        (circle(-20.8870, 55.4500, 300), "97411"),
        (circle(16.2380, -61.5330, 50), "97120"),
        (circle(-12.7806, 45.2279, 50), "97611"),
        (square(45.7623, 4.8227, 0.0005), "69123"),
    ],
)
def test_the_commune_under_a_site_overseas_too(shape: dict[str, Any], commune: str) -> None:
    assert communes_touching(read_shape(shape)) == (commune,)


def test_a_site_on_a_border_touches_both_and_its_margin_finds_the_neighbour() -> None:
    """In Delle, 35 m from Thiancourt."""
    border = (47.5167, 6.9900)
    assert communes_touching(read_shape(circle(*border, 20))) == ("90033",)
    assert communes_touching(read_shape(circle(*border, 20)), margin_m=150) == ("90033", "90096")
    assert communes_touching(read_shape(circle(*border, 200))) == ("90033", "90096")


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        (circle(48.137, 11.575, 500), "hors de France"),
        (circle(0.0, 0.0, 500), "hors de France"),
        (circle(46.0, -8.0, 500), "hors de France"),
        (circle(3.0826, 45.7766, 200), "échangées"),
        (square(3.0826, 45.7766, 0.01), "échangées"),
        (circle(55.4500, -20.8870, 200), "échangées"),
        (circle(-17.5350, -149.5690, 200), "Polynésie française"),
        (circle(46.7800, -56.1700, 200), "Saint-Pierre-et-Miquelon"),
    ],
)
def test_a_shape_outside_france_is_refused(shape: dict[str, Any], says: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        communes_touching(read_shape(shape))
    assert says in str(refusal.value)


def test_a_commune_is_covered_only_as_a_whole() -> None:
    # Delle and Joncherey are smaller than 5 km; Belfort is 20 km away.
    wide = read_shape(circle(47.508, 6.999, 9_000))
    covered = communes_covered(wide)
    assert {"90033", "90056"} <= set(covered)
    assert set(covered) < set(communes_touching(wide))
    assert communes_covered(read_shape(circle(47.508, 6.999, 500))) == ()


def test_a_zone_of_the_size_of_a_departement_is_placed_where_communes_are_densest() -> None:
    """The Pas-de-Calais has 887 communes, and its neighbours as many per square kilometre."""
    assert len(communes_touching(read_shape(circle(50.4, 2.5, 55_000)))) > 1_000


def test_a_commune_with_an_island_outside_is_not_covered() -> None:
    """Marseille's Frioul lies 3 km off: a circle over the town leaves it out."""
    town = read_shape(circle(43.30, 5.42, 9_500))
    assert "13055" in communes_touching(town)
    assert "13055" not in communes_covered(town)


@pytest.mark.parametrize("latitude", [45.7766, -20.887, 4.939, 16.238, 51.0])
@pytest.mark.parametrize("bearing", range(0, 360, 45))
def test_a_radius_is_in_metres_in_every_direction_and_at_every_latitude(
    latitude: float, bearing: int
) -> None:
    site = Circle(latitude, 3.0, 1_000)
    for metres, expected in ((980, INSIDE), (1_020, OUTSIDE)):
        north = degrees(metres * cos(radians(bearing)) / EARTH_M)
        east = degrees(metres * sin(radians(bearing)) / EARTH_M / cos(radians(latitude)))
        assert contains(site, latitude + north, 3.0 + east) is expected


@given(
    st.floats(-25, 51),
    st.floats(-63, 56),
    st.floats(10, 50_000),
    st.floats(-0.4, 0.4),
    st.floats(-0.4, 0.4),
)
def test_a_circle_contains_what_is_within_its_radius(
    latitude: float, longitude: float, radius: float, north: float, east: float
) -> None:
    point = latitude + north, longitude + east
    metres = metres_between((latitude, longitude), point)
    if abs(metres - radius) > 0.01 * max(metres, radius):
        expected = INSIDE if metres < radius else OUTSIDE
        assert contains(Circle(latitude, longitude, radius), *point) is expected


def test_a_place_of_which_only_the_commune_is_known_is_in_no_site() -> None:
    for shape in (Circle(*JAUDE, 50_000), read_shape(square(*JAUDE, 0.5))):
        assert contains(shape, None, None) is UNKNOWN
        assert contains(shape, 45.0, None) is UNKNOWN


@pytest.mark.parametrize("drawn", [circle(*JAUDE, 1_000), square(*JAUDE, 0.01)])
def test_an_uncertain_point_is_inside_only_wherever_it_may_be(drawn: dict[str, Any]) -> None:
    """The square reaches 1,112 m north of its centre and 775 m east of it."""
    site = read_shape(drawn)
    latitude, longitude = JAUDE
    assert contains(site, latitude, longitude, uncertainty_m=500) is INSIDE
    assert contains(site, latitude, longitude, uncertainty_m=5_000) is UNKNOWN
    near = latitude + 0.008  # 890 m
    assert contains(site, near, longitude) is INSIDE
    assert contains(site, near, longitude, uncertainty_m=500) is UNKNOWN
    away = latitude + 0.02  # 2,224 m
    assert contains(site, away, longitude, uncertainty_m=500) is OUTSIDE
    assert contains(site, away, longitude, uncertainty_m=1_500) is UNKNOWN


@pytest.mark.parametrize("drawn", [circle(*JAUDE, 1_000), square(*JAUDE, 0.01)])
def test_an_incident_with_a_radius_of_its_own_reaches_a_site_beside_it(
    drawn: dict[str, Any],
) -> None:
    site = read_shape(drawn)
    away = JAUDE[0] + 0.02, JAUDE[1]  # 2,224 m
    assert contains(site, *away, radius_m=500) is OUTSIDE
    assert contains(site, *away, radius_m=1_500) is INSIDE
    assert contains(site, *away, radius_m=1_300, uncertainty_m=500) is UNKNOWN


def test_a_hole_is_outside() -> None:
    outer = square(*JAUDE, 0.02)["coordinates"][0]
    hole = square(*JAUDE, 0.005)["coordinates"][0]
    ring = read_shape({"type": "Polygon", "coordinates": [outer, hole]})
    assert contains(ring, *JAUDE) is OUTSIDE
    assert contains(ring, JAUDE[0] + 0.01, JAUDE[1]) is INSIDE


def test_overlapping_polygons_count_once() -> None:
    one, other = square(45.77, 3.08, 0.01), square(45.775, 3.08, 0.01)
    both = read_shape(
        {"type": "MultiPolygon", "coordinates": [one["coordinates"], other["coordinates"]]}
    )
    assert isinstance(both, Area)
    assert contains(both, 45.7725, 3.08, uncertainty_m=300) is INSIDE


@pytest.mark.parametrize("drawn", [circle(*JAUDE, 1_000), square(*JAUDE, 0.01)])
def test_an_incident_drawn_as_an_area_reaches_what_it_overlaps(drawn: dict[str, Any]) -> None:
    site = read_shape(drawn)
    assert overlaps(site, [square(*JAUDE, 0.001)["coordinates"]]) is INSIDE
    assert overlaps(site, [square(JAUDE[0] + 0.02, JAUDE[1], 0.015)["coordinates"]]) is INSIDE
    assert overlaps(site, [square(JAUDE[0] + 0.1, JAUDE[1], 0.01)["coordinates"]]) is OUTSIDE
    assert overlaps(site, []) is UNKNOWN


AREA = [square(*JAUDE, 0.001)["coordinates"]]
FAR = [square(JAUDE[0] + 0.1, JAUDE[1], 0.001)["coordinates"]]


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ({"insee": "63113"}, UNKNOWN),
        ({"insee": "63113", "latitude": JAUDE[0], "longitude": JAUDE[1]}, INSIDE),
        ({"latitude": JAUDE[0], "longitude": JAUDE[1], "precision": "exact"}, INSIDE),
        ({"latitude": JAUDE[0], "longitude": JAUDE[1], "precision": "town"}, UNKNOWN),
        ({"latitude": JAUDE[0], "longitude": JAUDE[1], "precision": "street"}, UNKNOWN),
        ({"latitude": 0.0, "longitude": 0.0}, UNKNOWN),
        ({"latitude": JAUDE[0]}, UNKNOWN),
        ({"latitude": 45.9, "longitude": 3.0826}, OUTSIDE),
        ({"latitude": 45.9, "longitude": 3.0826, "precision": "street"}, OUTSIDE),
        ({"latitude": 45.9, "longitude": 3.0826, "radius_m": 20_000}, INSIDE),
        ({"insee": "63113", "polygon": AREA}, INSIDE),
        ({"insee": "63113", "polygon": FAR}, OUTSIDE),
        ({"latitude": 45.9, "longitude": 3.0826, "polygon": AREA}, INSIDE),
        ({"latitude": 45.9, "longitude": 3.0826, "polygon": [[[[3.0, 45.0]]]]}, OUTSIDE),
    ],
)
def test_what_a_source_says_of_the_place_tells_whether_it_is_in_a_site(
    location: dict[str, Any], expected: Containment
) -> None:
    assert locate(Circle(*JAUDE, 300), Position.of(location)) is expected


def test_a_street_is_inside_only_a_zone_that_holds_all_of_it() -> None:
    street = Position.of({"latitude": JAUDE[0], "longitude": JAUDE[1], "precision": "street"})
    assert locate(Circle(*JAUDE, 499), street) is UNKNOWN
    assert locate(Circle(*JAUDE, 501), street) is INSIDE
