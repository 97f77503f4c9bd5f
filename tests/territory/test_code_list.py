"""Several communes named by their codes: all of them, or those that nothing puts in doubt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.territory.reference.communes import other_communes_by_postal_code
from notifier.territory.resolve import (
    Location,
    Resolution,
    Verdict,
    all_communes,
    communes_in,
    resolve,
)

DELLE = {"latitude": 47.508, "longitude": 6.999}
# Around Delle, and no farther than its neighbours.
AROUND = [[[[6.96, 47.49], [7.03, 47.49], [7.03, 47.53], [6.96, 47.53], [6.96, 47.49]]]]


def several(*codes: str, **clues: Any) -> Resolution:
    return resolve(Location(communes=codes, **clues))


def found(resolution: Resolution) -> list[str]:
    return [commune.code for commune in resolution.communes]


def sure(resolution: Resolution) -> list[str]:
    """Of a doubt, which names no commune otherwise."""
    assert resolution.verdict in (Verdict.CONFLICT, Verdict.UNKNOWN)
    assert resolution.communes == ()
    return [commune.code for commune in resolution.confirmed]


@pytest.mark.parametrize(
    ("codes", "communes"),
    [
        (["90033", "90056"], ["90033", "90056"]),
        (["90056", "90033", "90056"], ["90056", "90033"]),
        (["90033"], ["90033"]),
        (["1033", "2a004"], ["01033", "2A004"]),
        (["75112", "75056", "69383"], ["75056", "69123"]),
        (["38302", "38073", "02285"], ["38073", "59545"]),
    ],
)
def test_every_code_is_read_as_one_alone(codes: list[str], communes: list[str]) -> None:
    resolution = several(*codes)
    assert resolution.verdict is Verdict.CERTAIN
    assert found(resolution) == communes
    assert list(resolution.containing) == list(resolution.communes)
    assert resolution.confirmed == ()


def test_a_code_of_nobody_touches_no_other() -> None:
    doubt = several("90033", "90999", "90056")
    assert doubt.verdict is Verdict.UNKNOWN
    assert sure(doubt) == ["90033", "90056"]
    assert "Aucune commune ne porte le code INSEE 90999" in doubt.clues[1].says


@pytest.mark.parametrize("postal", ["90000", "75012"])
def test_a_postal_code_among_them_puts_all_in_doubt(postal: str) -> None:
    doubt = several("90033", postal)
    assert doubt.verdict is Verdict.UNKNOWN
    assert sure(doubt) == []
    assert "code postal" in doubt.clues[1].says


@pytest.mark.parametrize("codes", [["90100", "90033"], ["90033", "90100"]])
def test_a_code_that_is_others_postal_code_is_asked_and_the_rest_is_told(codes: list[str]) -> None:
    # 90100 is the INSEE code of Vauthiermont and the postal code of Delle.
    doubt = several(*codes)
    assert doubt.verdict is Verdict.CONFLICT
    assert sure(doubt) == ["90033"]
    (asked,) = [clue for clue in doubt.clues if clue.kind == "insee"]
    assert asked.given == "90100"
    assert asked.communes[0] == "90100"
    assert "Vauthiermont (90100)" in asked.says
    assert "Delle (90033)" in asked.says


def test_a_lone_code_of_a_list_is_asked_as_one_outside_of_it() -> None:
    assert sure(several("90100")) == []


# Around Vauthiermont and its neighbours, none of which has the postal code 90100.
NORTH = [[[[6.99, 47.65], [7.06, 47.65], [7.06, 47.70], [6.99, 47.70], [6.99, 47.65]]]]


def test_a_place_confirms_a_code_that_is_others_postal_code() -> None:
    resolution = several("90100", polygon=NORTH)
    assert (resolution.verdict, found(resolution)) == (Verdict.CERTAIN, ["90100"])
    # Over Delle it excludes the code; over both it leaves the question open.
    assert sure(several("90100", "90033", polygon=AROUND)) == ["90033"]
    both = [[[[6.96, 47.48], [7.06, 47.48], [7.06, 47.70], [6.96, 47.70], [6.96, 47.48]]]]
    assert sure(several("90100", "90033", polygon=both)) == ["90033"]


def test_an_area_over_all_of_them_agrees() -> None:
    resolution = several("90033", "90056", polygon=AROUND)
    assert (resolution.verdict, found(resolution)) == (Verdict.CERTAIN, ["90033", "90056"])
    assert {mark.code for mark in resolution.proximities} == {"90033", "90056"}


@pytest.mark.parametrize("place", [{"polygon": AROUND}, {**DELLE, "radius_m": 2_000}, DELLE])
def test_a_commune_beyond_the_area_is_in_doubt_alone(place: dict[str, Any]) -> None:
    doubt = several("90033", "90010", **place)
    assert doubt.verdict is Verdict.CONFLICT
    assert sure(doubt) == ["90033"]
    assert [clue.given for clue in doubt.clues if clue.kind == "insee"] == ["90010"]


def test_a_point_that_proves_nothing_contradicts_nothing() -> None:
    resolution = several("90033", "90056", latitude=0.0, longitude=0.0)
    assert found(resolution) == ["90033", "90056"]


def test_all_of_a_departement() -> None:
    codes = [commune.code for commune in communes_in("90")]
    resolution = several(*codes)
    assert (resolution.verdict, found(resolution)) == (Verdict.CERTAIN, codes)
    (clue,) = resolution.clues
    assert len(clue.communes) == 12
    assert "de plus" in clue.says


FRANCE = st.deferred(lambda: st.sampled_from([commune.code for commune in all_communes()]))
NOBODY = st.from_regex(r"\A90[5-9][0-9]{2}\Z")


@settings(deadline=None, max_examples=150)
@given(st.lists(FRANCE, min_size=1, max_size=8), st.lists(NOBODY, max_size=2))
def test_nobody_is_told_who_was_not_named(known: list[str], unknown: list[str]) -> None:
    resolution = several(*known, *unknown)
    told = [commune.code for commune in (*resolution.communes, *resolution.confirmed)]
    assert set(told) <= set(known)
    if not unknown:
        assert told == [
            code for code in dict.fromkeys(known) if not other_communes_by_postal_code(code)
        ]
        assert (resolution.verdict is Verdict.CERTAIN) == (told == list(dict.fromkeys(known)))
    if resolution.verdict is Verdict.CERTAIN:
        assert resolution.confirmed == ()
    else:
        assert resolution.communes == ()


@settings(deadline=None, max_examples=150)
@given(st.lists(FRANCE, min_size=1, max_size=5), FRANCE)
def test_a_further_commune_never_takes_another_away(known: list[str], further: str) -> None:
    before, after = several(*known), several(*known, further)
    assert {*before.communes, *before.confirmed} <= {*after.communes, *after.confirmed}
