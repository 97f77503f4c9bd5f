"""The contours of the committed file: surveyed anew, packed and unpacked, whole."""

import sqlite3
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon

from notifier.territory.build.contours import WITHOUT_CONTOURS, dissolve
from notifier.territory.build.quality import QualityReport, measure_quality
from notifier.territory.geometry import contours
from notifier.territory.reference import communes as reference
from notifier.territory.reference import database


@pytest.fixture
def opened() -> Iterator[sqlite3.Connection]:
    connection = database.connect(database.PACKAGED_FILE)
    yield connection
    connection.close()


@cache
def packaged_survey() -> QualityReport:
    connection = database.connect(database.PACKAGED_FILE)
    try:
        return measure_quality(connection)
    finally:
        connection.close()


def test_every_commune_of_the_metropole_and_the_five_departements_overseas_has_contours() -> None:
    rows = database.query("SELECT id, shared_by FROM contour")
    with_contours = {
        c for row, shared in rows for c in (shared or contours.commune_code(row)).split()
    }
    without = {c.departement for c in reference.all_communes() if c.code not in with_contours}
    assert without == WITHOUT_CONTOURS
    assert packaged_survey().communes == len(with_contours) == 34_875
    assert packaged_survey().shared == 5


def test_the_mosaic_has_no_border_with_two_communes_on_one_side_and_no_empty_ring() -> None:
    found = packaged_survey()
    assert found.duplicated == set()
    assert found.degenerate == []


def test_overlaps_and_gaps_are_those_that_the_source_has() -> None:
    """The source's own lines cross in 150 places (0.2 km² in all), once within one commune."""
    found = packaged_survey()
    assert found.self_crossing == ["67226"]
    assert len(found.overlapping) <= 150
    # Llívia is Spain's; the others are ponds of the bay of Veys and of the lagoon of Berre.
    (llivia, *ponds) = found.gaps
    assert llivia[0] == pytest.approx(12.9e6, rel=0.02)
    assert (llivia[1], llivia[2]) == pytest.approx((42.466, 1.982), abs=0.01)
    assert [pytest.approx(pond[1:], abs=0.01) for pond in ponds] == [
        (49.309, -1.229),
        (43.510, 5.118),
    ]
    assert all(pond[0] < 110_000 for pond in ponds)


def test_a_survey_sees_an_overlap_a_crossing_and_a_gap() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(contours.SCHEMA)
    far = 400
    pieces = {
        # Four communes round an empty square of 400 units; two more that lie over each other.
        "90001": [(0, 0), (0, 3 * far), (3 * far, 3 * far), (2 * far, 2 * far), (far, 2 * far)],
        "90002": [
            *[(0, 0), (far, 2 * far), (far, far), (2 * far, far), (2 * far, 2 * far)],
            *[(3 * far, 3 * far), (3 * far, 0)],
        ],
        "90003": [(9000, 0), (9000, 400), (9400, 400), (9400, 0)],
        "90004": [(9200, 200), (9200, 600), (9600, 600), (9600, 200)],
    }
    for code, ring in pieces.items():
        connection.executemany(
            "INSERT INTO contour VALUES (?, ?, ?, ?, ?, ?, ?)",
            contours.to_rows(code, [Polygon(ring)], ""),
        )
    found = measure_quality(connection)
    assert found.overlapping == [("90003", "90004")]
    assert found.self_crossing == []
    (gap,) = found.gaps
    east, north = 1.11, 1.11
    assert gap[0] == pytest.approx(far * far * east * north, rel=0.02)
    connection.close()


def test_dissolving_leaves_the_outer_border_and_the_hole() -> None:
    hole = [(1, 1), (2, 1), (2, 2), (1, 2)]
    left = Polygon([(0, 0), (0, 3), (1, 3), (1, 2), (1, 1), (1, 0)])
    right = Polygon([(1, 0), (1, 1), (2, 1), (2, 2), (1, 2), (1, 3), (4, 3), (4, 0)])
    (land,) = dissolve([left, right])
    assert land.equals(Polygon([(0, 0), (0, 3), (4, 3), (4, 0)], [hole]))
    assert not land.exterior.is_ccw
    beyond = Polygon([(9, 0), (9, 1), (10, 1)])
    assert len(dissolve([left, right, beyond])) == 2


def triangle(x: int, y: int, size: int) -> list[tuple[int, int]]:
    return [(x, y), (x, y + size), (x + size, y)]


corners = st.tuples(st.integers(-18_000_000, 17_000_000), st.integers(-9_000_000, 8_000_000))


@given(corners, st.sampled_from([9, 900, 90_000, 900_000]), st.integers(0, 3))
def test_what_is_packed_is_unpacked(at: tuple[int, int], size: int, holes: int) -> None:
    outer = triangle(*at, size)
    rings = [triangle(at[0] + 1 + n, at[1] + 1, 1) for n in range(holes)]
    (left, right, low, high), packed = contours.pack(Polygon(outer, rings))
    unpacked = contours.unpack(packed, left, low)
    assert [[tuple(corner) for corner in ring.tolist()] for ring in unpacked] == [outer, *rings]
    assert (left, right, low, high) == (at[0], at[0] + size, at[1], at[1] + size)


def test_a_row_number_gives_its_commune_back() -> None:
    for commune in reference.all_communes():
        assert contours.commune_code(contours.row_id(commune.code, 7)) == commune.code


def test_the_boxes_in_the_tree_are_those_of_the_rings(opened: sqlite3.Connection) -> None:
    some = opened.execute("SELECT * FROM contour WHERE id % 37 = 0").fetchall()
    assert len(some) > 500
    for row in some:
        contour = contours.Contour(*row)
        left, low, right, high = contour.polygon().bounds
        assert contour.box == (left, right, low, high)
