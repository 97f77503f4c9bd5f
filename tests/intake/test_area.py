"""A point or an area says where as well as a code does; a wrong one is refused in French."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from notifier.intake.schema.area import MAX_VERTICES
from notifier.intake.schema.report import NewReport, Place
from tests.intake.samples import body

SQUARE = [[7.0, 47.5], [7.1, 47.5], [7.1, 47.6], [7.0, 47.6], [7.0, 47.5]]
HOLE = [[7.04, 47.54], [7.06, 47.54], [7.06, 47.56], [7.04, 47.54]]
ELSEWHERE = [[6.0, 47.5], [6.1, 47.5], [6.1, 47.6], [6.0, 47.5]]


def refused(polygon: Any) -> str:
    """What is said of a polygon that is refused."""
    with pytest.raises(ValidationError) as refusal:
        Place.model_validate({"polygon": polygon})
    (error,) = refusal.value.errors()
    assert error["loc"] == ("polygon",)
    assert error["type"] == "area"
    return str(error["msg"])


def test_a_point_alone_is_enough() -> None:
    place = Place.model_validate({"latitude": 47.5, "longitude": 7.0, "precision": "town"})
    assert (place.latitude, place.precision) == (47.5, "town")


@pytest.mark.parametrize("precision", ["Exact", "commune", "", 1])
def test_a_precision_that_is_none_is_refused(precision: Any) -> None:
    with pytest.raises(ValidationError):
        Place.model_validate({"latitude": 47.5, "longitude": 7.0, "precision": precision})


@pytest.mark.parametrize(
    ("polygon", "several"),
    [
        ([SQUARE], [[SQUARE]]),
        ([SQUARE, HOLE], [[SQUARE, HOLE]]),
        ([[SQUARE, HOLE], [ELSEWHERE]], [[SQUARE, HOLE], [ELSEWHERE]]),
        ([[[*vertex, 350.0] for vertex in SQUARE]], [[SQUARE]]),
    ],
)
def test_a_polygon_or_several_become_several(polygon: Any, several: Any) -> None:
    place = Place.model_validate({"polygon": polygon})
    assert place.polygon == several
    assert Place.model_validate(place.model_dump()).polygon == several


@pytest.mark.parametrize(
    ("polygon", "said"),
    [
        ({"type": "Polygon", "coordinates": [SQUARE]}, "pas l’objet entier"),
        ("7.0 47.5", "liste coordinates"),
        ([], "aucun anneau"),
        ([[]], "quatre positions"),
        (SQUARE, "liste coordinates"),
        ([SQUARE[:-1]], "la dernière égale à la première"),
        ([[[7.0, 47.5]] * 3], "quatre positions"),
        ([[[7.0], [7.1], [7.1], [7.0]]], "[longitude, latitude]"),
        ([[[7.0, 97.5], *SQUARE[1:]]], "hors du globe"),
        ([[["7.0", 47.5], *SQUARE[1:]]], "pas un nombre"),
        ([[[True, 47.5], *SQUARE[1:]]], "pas un nombre"),
        ([[[float("nan"), 47.5], *SQUARE[1:]]], "pas un nombre"),
        ([[[[SQUARE]]]], "[longitude, latitude]"),
        ([[*([[7.0, 47.5]] * MAX_VERTICES), [7.0, 47.5]]], "simplifiez"),
    ],
)
def test_an_area_that_is_none_is_refused_in_french(polygon: Any, said: str) -> None:
    assert said in refused(polygon)


def test_what_was_received_before_areas_were_known_is_still_the_same() -> None:
    """The content's fingerprint tells a push that comes again: new fields must not change it."""
    usual = NewReport.model_validate(body())
    assert not {"precision", "polygon"} & usual.canonical()["location"].keys()
    drawn = NewReport.model_validate(body(location={"polygon": [SQUARE]}))
    assert drawn.canonical()["location"]["polygon"] == [[SQUARE]]
