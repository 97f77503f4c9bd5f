"""References, states and tables of foreign messages, without a service."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.alerting.policy.current import categories
from notifier.intake.correlation.status import derive_status
from notifier.intake.formats.detect import Endpoint, detect_endpoint
from notifier.intake.formats.eda import _read_polygons
from notifier.intake.formats.message import (
    Effect,
    Phase,
    adapted_reference,
    possible_references,
    sequence_at,
)
from notifier.intake.formats.tables import TablesError, load_tables, tables
from notifier.intake.models import Distribution
from notifier.intake.schema.clickable import LINK
from notifier.intake.schema.reference import REFERENCE, is_short_reference
from notifier.intake.schema.vocabulary import Status
from tests.intake import messages as m

NUMBERS = st.text(st.sampled_from("aB1._-/ é"), min_size=1, max_size=70)
START = datetime(2026, 11, 22, 3, tzinfo=UTC)


@given(NUMBERS)
def test_an_adapted_reference_is_always_one(number: str) -> None:
    adapted = adapted_reference(number)
    assert REFERENCE.fullmatch(adapted)
    assert not LINK.search(adapted)


@given(NUMBERS, NUMBERS)
def test_two_numbers_never_meet(one: str, other: str) -> None:
    assert (adapted_reference(one) == adapted_reference(other)) == (one == other)


@pytest.mark.parametrize(
    ("number", "reference"),
    [
        ("CORG90-2026-1", "CORG90-2026-1"),
        ("fr.health.samu440.DRFR15", "fr/health/samu440/DRFR15"),
        ("2.49.0-1", "2.49.0-1"),
        ("DRFR15690240430050", "DRFR15690240430050"),
        ("d350c9d2-9d76-4568-b0b7-a747ffadc949", "d350c9d2-9d76-4568-b0b7-a747ffadc949"),
    ],
)
def test_a_reference_stays_readable(number: str, reference: str) -> None:
    assert adapted_reference(number) == reference


@pytest.mark.parametrize(
    "given",
    ["Jean Dupont 06 12 34 56 78", "Dupont\tivre", "Hélène", "urn:oid:1.2", "a/1", "203.0.113.7",
     "Mme-DUPONT-Jeanne-viol", "0899-70-00-00-57448", "0899.70.00.00", "jeanne.dupont.viol",
     "USGS-earthquakes-us2010apcd.6.20100831T000925.496Z", "x" * 70],
)  # fmt: skip
def test_of_what_a_mayor_may_not_read_nothing_is_kept_but_a_reference_of_ours(given: str) -> None:
    adapted = adapted_reference(given)
    assert is_short_reference(adapted)
    assert len(adapted) == len("AM-B7K2-M4T9-C3X8-D6W5")
    assert possible_references(given) >= {adapted}
    assert adapted_reference(adapted) == adapted


def test_later_is_a_greater_sequence_that_both_databases_hold() -> None:
    assert sequence_at(START) < sequence_at(START + timedelta(seconds=1))
    assert sequence_at(datetime(2080, 1, 1, tzinfo=UTC)) < 2**31


def row(
    second: int, effect: Effect, *, exercise: bool | None = False, **resources: Phase
) -> Distribution:
    return Distribution(
        effect=effect,
        exercise=exercise,
        resources=resources,
        sent_at=START + timedelta(seconds=second),
    )


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ([], Status.ENGAGED),
        ([row(1, Effect.OPENS), row(2, Effect.CANCELS)], Status.CANCELLED),
        ([row(1, Effect.OPENS), row(2, Effect.CANCELS), row(3, Effect.OPENS)], Status.ENGAGED),
        ([row(1, Effect.OPENS), row(2, Effect.CLOSES)], Status.CLOSED),
        ([row(1, Effect.RESOURCES, a=Phase.ON_SCENE, b=Phase.ON_THE_WAY)], Status.ON_SCENE),
        ([row(1, Effect.RESOURCES, a=Phase.OVER, b=Phase.ON_THE_WAY)], Status.ENGAGED),
        (
            [row(1, Effect.RESOURCES, a=Phase.ON_SCENE), row(2, Effect.RESOURCES, a=Phase.OVER)],
            Status.CLOSED,
        ),
        ([row(1, Effect.CANCELS, exercise=True), row(2, Effect.OPENS)], Status.ENGAGED),
        ([row(1, Effect.OPENS), row(2, Effect.CANCELS, exercise=True)], Status.ENGAGED),
    ],
)
def test_the_state_does_not_depend_on_the_order_of_arrival(
    rows: list[Distribution], status: Status
) -> None:
    for order in itertools.permutations(rows):
        assert derive_status(order, exercise=False) is status


def test_every_line_of_the_tables_names_a_category() -> None:
    lines = tables().categories.all_lines()
    assert [line for line in lines if categories().get(line[1]) is None] == []


def test_a_faulty_table_is_named_with_its_keys(tmp_path: Path) -> None:
    (tmp_path / "severity.toml").write_text(
        'default = "grave"\n[risks]\n[victims]\n[reporting]\n[emsi_scale]\n[emsi_casualties]\n'
        "[guess]\n",
        encoding="utf-8",
    )
    with pytest.raises(TablesError) as refused:
        load_tables(tmp_path)
    assert "severity.toml: default" in str(refused.value)
    assert "severity.toml: guess" in str(refused.value)


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("C09.03.00", "C09.03.00"),
        ("C09.03.42", "C09.03.00"),
        ("C09.77.42", "C09.00.00"),
        ("c09", "C09.00.00"),
        ("C99.01.01", None),
        ("", None),
        ("C01.01.01.01", "C01.01.01"),
    ],
)
def test_the_closest_category(code: str, known: str | None) -> None:
    found = categories().closest(code)
    assert (found.code if found else None) == known


@pytest.mark.parametrize(
    ("body", "endpoint"),
    [
        (m.cap("A1"), Endpoint.CAP),
        (m.xml(m.case("a.b.c.d")), Endpoint.EDXL),
        (m.written(m.envelope(m.case("a.b.c.d"))), Endpoint.EDXL),
        (b'{"reference": "R1"}', Endpoint.NATIVE),
        (b"<broken", Endpoint.EDXL),
        (b"nothing", Endpoint.NATIVE),
    ],
)
def test_a_file_finds_its_endpoint(body: bytes, endpoint: Endpoint) -> None:
    assert detect_endpoint(body) is endpoint


GML = (
    '<gml:Polygon xmlns:gml="http://www.opengis.net/gml" srsName="EPSG:{srs}"><gml:exterior>'
    "<gml:LinearRing><gml:posList>47.50 6.98 47.50 7.01 47.52 7.01 47.50 6.98</gml:posList>"
    "</gml:LinearRing></gml:exterior></gml:Polygon>"
)


def test_a_sketch_is_an_area() -> None:
    triangle = [[6.98, 47.50], [7.01, 47.50], [7.01, 47.52], [6.98, 47.50]]
    assert _read_polygons(GML.format(srs=4326)) == [[triangle]]


def test_the_parts_of_a_sketch_add_up_and_only_an_interior_is_a_hole() -> None:
    """A danger zone drawn within its perimeter is no hole in it."""

    def ring(side: str, far: int) -> str:
        corners = f"0 0 0 {far} {far} {far} {far} 0 0 0"
        return f"<{side}><LinearRing><posList>{corners}</posList></LinearRing></{side}>"

    def member(*rings: str) -> str:
        return f"<surfaceMember><Polygon>{''.join(rings)}</Polygon></surfaceMember>"

    pierced = member(ring("exterior", 9), ring("interior", 2), ring("interior", 1))
    polygons = _read_polygons(
        f"<MultiSurface>{pierced}{member(ring('exterior', 5))}</MultiSurface>"
    )
    assert [[max(map(max, ring)) for ring in rings] for rings in polygons] == [[9, 2, 1], [5]]


@pytest.mark.parametrize(
    "sketch", [GML.format(srs=2154), "croquis", "<Polygon>", "<Polygon><posList>1 2 x</posList>"]
)
def test_a_sketch_of_another_kind_is_none(sketch: str) -> None:
    assert _read_polygons(sketch) == []
