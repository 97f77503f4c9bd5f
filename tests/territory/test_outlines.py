"""Outlines for a map: whole, small enough, and without gaps between neighbours."""

import gzip
import json
from typing import Any

import pytest
import shapely
from shapely.geometry import shape

from notifier.territory.resolve import adjacent_communes, communes_in
from notifier.territory.zones.outlines import (
    commune_outlines,
    departement_outlines,
    outlines_of,
    outlines_version,
)

# The most communes, the most intricate coast, the largest, Corsica, the smallest.
DEPARTEMENTS = ("62", "29", "973", "2A", "90", "976")
MAX_BYTES = 300_000


def features(content: bytes) -> list[dict[str, Any]]:
    document = json.loads(content)
    assert document["type"] == "FeatureCollection"
    found: list[dict[str, Any]] = document["features"]
    return found


@pytest.mark.parametrize("departement", DEPARTEMENTS)
def test_a_departement_holds_each_commune_once_and_is_light(departement: str) -> None:
    content = departement_outlines(departement)
    codes = [one["properties"]["code"] for one in features(content)]
    assert codes == [one.code for one in communes_in(departement)]
    assert len(gzip.compress(content)) <= MAX_BYTES


def test_neighbours_share_their_borders_after_they_were_simplified() -> None:
    before = [shape(one["geometry"]) for one in outlines_of(c.code for c in communes_in("90"))]
    after = [shape(one["geometry"]) for one in features(departement_outlines("90"))]
    assert sum(map(shapely.get_num_coordinates, after)) < sum(
        map(shapely.get_num_coordinates, before)
    )
    # Degrees squared; what lies between two communes, or in both, is no more than rounding.
    land = shapely.union_all(after)
    assert sum(one.area for one in after) == pytest.approx(land.area, rel=1e-4)
    assert land.area == pytest.approx(shapely.union_all(before).area, rel=0.01)
    holes = [shapely.Polygon(ring) for part in shapely.get_parts(land) for ring in part.interiors]
    assert sum(hole.area for hole in holes) < land.area / 10_000


def test_a_commune_comes_first_and_its_neighbours_with_it() -> None:
    codes = [one["properties"]["code"] for one in features(commune_outlines("90033"))]
    assert codes[0] == "90033"
    assert codes[1:] == [one.code for one in adjacent_communes("90033")]


def test_longitude_comes_first() -> None:
    (delle, *_) = features(commune_outlines("90033"))
    west, south, east, north = shape(delle["geometry"]).bounds
    assert west < 6.99 < east
    assert south < 47.51 < north


def test_land_that_no_source_divides_is_drawn_for_each_of_its_communes() -> None:
    from notifier.territory.reference.database import query

    (shared,) = query("SELECT shared_by FROM contour WHERE shared_by IS NOT NULL LIMIT 1")[0]
    codes = shared.split()
    assert [one["id"] for one in outlines_of(codes)] == codes


def test_communes_without_contours_give_an_empty_map() -> None:
    assert features(departement_outlines("987")) == []
    assert features(commune_outlines("98735")) == []


def test_the_version_is_that_of_the_contours() -> None:
    assert len(outlines_version()) == 12
