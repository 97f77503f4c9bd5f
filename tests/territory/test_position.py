"""Points and areas as clues: what they prove alone, with others, and what they say in French."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import Point

from notifier.territory.geometry import contours
from notifier.territory.geometry.geometry import UNITS
from notifier.territory.reference import communes as reference
from notifier.territory.reference import database
from notifier.territory.resolve import (
    Clue,
    Location,
    Resolution,
    Verdict,
    adjacent_communes,
    resolve,
)

DELLE = {"latitude": 47.508, "longitude": 6.999}
# In Joncherey, 60 m north of Delle.
BORDER = {"latitude": 47.5167, "longitude": 6.9900}
# Two miles off Les Sables-d'Olonne.
SEA = {"latitude": 46.45, "longitude": -1.90}
RANK = {Verdict.CONFLICT: 0, Verdict.UNKNOWN: 0, Verdict.EDGE: 1, Verdict.CERTAIN: 2}


def place(**given: Any) -> Resolution:
    return resolve(Location(**given))


def codes(resolution: Resolution) -> list[str]:
    return [commune.code for commune in resolution.communes]


def point_of(resolution: Resolution) -> Clue:
    (clue,) = [clue for clue in resolution.clues if clue.kind in ("point", "polygon")]
    return clue


def border_point() -> tuple[dict[str, float], str, str]:
    """A point some tens of metres inside one commune (first code) beside another (second)."""
    (delle,) = contours.contours_of("90033")
    for (x1, y1), (x2, y2) in pairwise(delle.polygon().exterior.coords):
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        for dx, dy in ((50, 0), (-50, 0), (0, 50), (0, -50)):
            point = {"latitude": (y + dy) / UNITS, "longitude": (x + dx) / UNITS}
            found = place(**point)
            if not delle.polygon().contains(Point(x + dx, y + dy)) and len(found.communes) == 2:
                first, second = codes(found)
                if second == "90033":
                    return point, first, second
    raise AssertionError("Delle has no such border")


def test_a_point_alone_is_certain_away_from_borders() -> None:
    found = place(**DELLE)
    assert (found.verdict, codes(found)) == (Verdict.CERTAIN, ["90033"])
    assert point_of(found).says == "Le point est à Delle (90033)."
    assert found.proximities[0].holds
    assert found.containing == found.communes


def test_a_point_beside_a_border_names_both_communes_and_marks_the_holder() -> None:
    point, home, neighbour = border_point()
    found = place(**point)
    assert found.verdict is Verdict.EDGE
    assert codes(found) == [home, neighbour]
    assert [c.code for c in found.containing] == [home]
    assert [c.code for c in found.nearby] == [neighbour]
    assert [mark.code for mark in found.proximities] == [home, neighbour]
    assert 0 < found.proximities[1].distance_m <= 150
    assert "À moins de 150 m : Delle (90033) à" in point_of(found).says


def test_a_point_on_the_very_line_is_held_by_both_sides() -> None:
    (delle,) = contours.contours_of("90033")
    found = [
        place(latitude=y / UNITS, longitude=x / UNITS) for x, y in delle.polygon().exterior.coords
    ]
    inland = [one for one in found if len(one.containing) > 1]
    assert len(inland) > 10
    for one in inland:
        assert one.verdict is Verdict.EDGE
        assert "90033" in {commune.code for commune in one.containing}
        assert "sur la limite" in point_of(one).says
    # The rest of the border is Switzerland's, and nobody's beyond it.
    assert all(one.containing for one in found)


def test_a_code_or_a_name_settles_a_border_even_just_outside_its_commune() -> None:
    point, home, neighbour = border_point()
    for code in (home, neighbour):
        found = place(insee=code, **point)
        assert (found.verdict, codes(found)) == (Verdict.CERTAIN, [code])
    assert codes(place(name="Delle", **point)) == ["90033"]


def test_the_postal_code_of_both_leaves_the_border_a_border() -> None:
    point, home, _ = border_point()
    (shared,) = reference.postal_codes_of(home) & reference.postal_codes_of("90033")
    found = place(postal_code=shared, **point)
    assert (found.verdict, codes(found)) == (Verdict.EDGE, [home, "90033"])


def test_a_point_far_from_the_code_is_a_conflict_that_shows_both() -> None:
    found = place(insee="90010", name="Belfort", **DELLE)
    assert (found.verdict, codes(found)) == (Verdict.CONFLICT, [])
    assert point_of(found).communes == ("90033",)
    assert found.containing == ()


def test_a_point_chooses_between_bearers_of_a_name() -> None:
    found = place(name="Sainte-Colombe", latitude=45.5257, longitude=4.8587)
    assert (found.verdict, codes(found)) == (Verdict.CERTAIN, ["69189"])


def test_a_point_confirms_a_misspelt_name() -> None:
    assert codes(place(name="Dele", **DELLE)) == ["90033"]
    assert place(name="Belfor", **DELLE).verdict is Verdict.CONFLICT


def test_a_point_tells_a_postal_code_in_the_place_of_the_code() -> None:
    found = place(insee="90100", **DELLE)
    assert found.verdict is Verdict.CONFLICT
    says = found.clues[0].says
    assert "Vauthiermont (90100)" in says
    assert "La position donnée y désigne Delle (90033)" in says
    assert "à la place du code INSEE" in says
    nobody = place(insee="90000", latitude=47.6365, longitude=6.8648)
    assert nobody.verdict is Verdict.CONFLICT
    assert nobody.clues[0].communes[0] == "90010"
    assert "à la place du code INSEE" in nobody.clues[0].says


def test_a_point_known_to_the_town_proves_nothing_alone_and_contradicts_only_far_away() -> None:
    town = {**DELLE, "precision": "town"}
    alone = place(**town)
    assert (alone.verdict, codes(alone)) == (Verdict.UNKNOWN, [])
    assert point_of(alone).communes[0] == "90033"
    assert "à la ville près" in point_of(alone).says
    assert codes(place(insee="90056", **town)) == ["90056"]  # Joncherey, next to Delle
    assert place(insee="90056", **DELLE).verdict is Verdict.CONFLICT
    assert place(insee="90010", **town).verdict is Verdict.CONFLICT


def test_a_point_known_to_the_street_reaches_further_than_an_exact_one() -> None:
    point, _, _ = border_point()
    exact, street = place(**point, precision="exact"), place(**point, precision="street")
    assert set(codes(exact)) <= set(codes(street))
    assert "500 m" in point_of(street).says


def test_a_radius_names_every_commune_it_touches_with_its_share() -> None:
    found = place(**DELLE, radius_m=2_000)
    assert found.verdict is Verdict.EDGE
    assert codes(found)[0] == "90033"
    shares = {mark.code: mark.share or 0 for mark in found.proximities}
    assert shares["90033"] > 0.5
    assert sum(shares.values()) < 1  # Switzerland begins at the edge of the town
    assert [c.code for c in found.containing] == ["90033"]
    assert "L’étendue touche aussi" in point_of(found).says
    assert codes(place(insee="90056", **DELLE, radius_m=2_000)) == ["90056"]


def test_an_area_names_every_commune_under_it() -> None:
    around = [[[6.98, 47.50], [7.02, 47.50], [7.02, 47.53], [6.98, 47.53], [6.98, 47.50]]]
    found = place(polygon=[around])
    assert found.verdict is Verdict.EDGE
    assert "90033" in codes(found)
    assert all(mark.share for mark in found.proximities)
    assert "Le centre de la zone est à" in point_of(found).says
    assert codes(place(insee="90033", polygon=[around])) == ["90033"]
    assert place(insee="90010", polygon=[around]).verdict is Verdict.CONFLICT


@pytest.mark.parametrize("polygon", [[[]], [[[7, 47]]], [[[7, 47], [8]]], [[[7, 147], [8, 1]]]])
def test_an_area_that_is_none_is_named(polygon: list[list[list[float]]]) -> None:
    assert "n’est pas un polygone lisible" in point_of(place(polygon=[polygon])).says


def test_a_region_concerns_nobody_in_particular() -> None:
    region = [[[0, 45], [5, 45], [5, 48], [0, 48]]]
    found = place(polygon=[region])
    assert found.verdict is Verdict.UNKNOWN
    assert "plus de 1000 communes" in point_of(found).says


def test_a_point_at_sea_names_the_nearest_commune_and_proves_nothing() -> None:
    found = place(**SEA)
    assert (found.verdict, codes(found)) == (Verdict.UNKNOWN, [])
    says = point_of(found).says
    assert "mer ou étranger" in says
    assert "Les Sables-d'Olonne (85194) à" in says
    assert point_of(found).communes == ("85194",)


def test_a_point_just_off_the_shore_agrees_with_its_commune_but_proves_nothing_alone() -> None:
    """Along a parallel off Ouessant, from the land to the open sea."""
    verdicts = []
    for step in range(60):
        point = {"latitude": 48.46, "longitude": -5.08 - step * 0.008}
        with_code = place(insee="29155", **point).verdict
        if place(**point).verdict is Verdict.UNKNOWN:
            verdicts.append(with_code)
    assert verdicts[0] is Verdict.CERTAIN
    assert verdicts[-1] is Verdict.CONFLICT
    assert verdicts == sorted(verdicts, key=RANK.__getitem__, reverse=True)


def test_swapped_coordinates_are_named_and_not_mended() -> None:
    swapped = {"latitude": DELLE["longitude"], "longitude": DELLE["latitude"]}
    alone = place(**swapped)
    assert (alone.verdict, codes(alone)) == (Verdict.UNKNOWN, [])
    assert "échangées" in point_of(alone).says
    assert "Delle (90033)" in point_of(alone).says
    assert point_of(alone).communes == ("90033",)
    assert place(insee="90033", **swapped).verdict is Verdict.CONFLICT


def test_nought_nought_is_no_position() -> None:
    alone = place(latitude=0.0, longitude=0.0)
    assert alone.verdict is Verdict.UNKNOWN
    assert "n’a pas de position" in point_of(alone).says
    assert codes(place(insee="90033", latitude=0.0, longitude=0.0)) == ["90033"]


def test_a_collectivity_without_contours_is_not_contradicted_by_its_own_points() -> None:
    gustavia = {"latitude": 17.896, "longitude": -62.850}
    papeete = {"latitude": -17.537, "longitude": -149.566}
    assert codes(place(insee="97701", **gustavia)) == ["97701"]
    assert codes(place(insee="98735", name="Papeete", **papeete)) == ["98735"]
    assert place(insee="97701", **papeete).verdict is Verdict.CONFLICT
    assert place(insee="90033", **papeete).verdict is Verdict.CONFLICT
    assert place(insee="98735", **DELLE).verdict is Verdict.CONFLICT
    assert place(**papeete).verdict is Verdict.UNKNOWN


def test_land_that_no_source_divides_is_all_of_its_communes() -> None:
    point = {"latitude": 45.15, "longitude": 2.98}
    five = {"15031", "15035", "15047", "15141", "15171"}
    found = place(**point)
    assert found.verdict is Verdict.EDGE
    assert {c.code for c in found.containing} == set(codes(found)) == five
    assert codes(place(insee="15035", **point)) == ["15035"]
    both = place(insee="15141", name="Neussargues en Pinatelle", **point)
    assert {c.code for c in both.containing} == five


def test_the_marks_as_plain_values() -> None:
    plain = json.loads(json.dumps(place(**DELLE, radius_m=500).as_json()))
    assert plain["marks"][0] == {"code": "90033", "holds": True, "distance_m": 0, "share": 1.0}


def test_neighbours_are_communes_of_today() -> None:
    assert "Joncherey" in {commune.name for commune in adjacent_communes("90033")}


@st.composite
def clues(draw: st.DrawFn) -> dict[str, Any]:
    """Clues of a commune and of those around it, so that they agree, nearly agree or contradict."""
    home = contours.commune_code(draw(ROWS))
    around = [home, *(commune.code for commune in adjacent_communes(home))]
    someone = st.sampled_from(around)
    given: dict[str, Any] = {}
    if draw(st.booleans()):
        given["insee"] = draw(someone)
    if draw(st.booleans()):
        given["name"] = names(draw(someone))
    if draw(st.booleans()):
        given["postal_code"] = min(reference.postal_codes_of(draw(someone)), default=None)
    (found, *_) = contours.contours_of(draw(someone))
    given["longitude"] = draw(st.floats(found.min_x, found.max_x)) / UNITS
    given["latitude"] = draw(st.floats(found.min_y, found.max_y)) / UNITS
    given["precision"] = draw(st.sampled_from([None, "exact", "street", "town"]))
    given["radius_m"] = draw(st.sampled_from([0, 0, 300, 3_000]))
    return given


ROWS = st.deferred(
    lambda: st.sampled_from([row[0] for row in database.query("SELECT id FROM contour")])
)


def names(code: str) -> str:
    found = reference.commune_by_code(code)
    assert found is not None
    return found.name


@settings(deadline=None, max_examples=400)
@given(clues())
def test_no_clue_excludes_what_is_certain_or_at_the_edge(given: dict[str, Any]) -> None:
    found = place(**given)
    if found.verdict in (Verdict.CERTAIN, Verdict.EDGE):
        assert found.communes
        assert set(found.containing) <= set(found.communes)
        for kind in ("insee", "name", "postal_code"):
            if given.get(kind):
                alone = place(**{kind: given[kind]})
                allowed = {code for clue in alone.clues for code in clue.communes}
                assert set(codes(found)) <= allowed or len(allowed) == 12
        assert set(codes(found)) <= set(point_of(found).communes) or len(codes(found)) > 12
    else:
        assert found.communes == () and found.containing == ()


@example({"longitude": -0.56358, "latitude": 43.84814, "precision": None, "radius_m": 0})
@example(
    {"postal_code": "50250", "longitude": -1.46736, "latitude": 49.39505, "precision": None,
     "radius_m": 3000}
)  # fmt: skip
@settings(deadline=None, max_examples=300)
@given(clues())
def test_a_clue_that_agrees_with_the_first_commune_never_lowers_the_verdict(
    given: dict[str, Any],
) -> None:
    found = place(**given)
    if not found.communes:
        return
    first = found.communes[0]
    agreeing: list[dict[str, Any]] = [{"name": first.name}]
    # At the edge of a commune whose postal code has the same digits, the code may mean either.
    if reference.communes_by_postal_code(first.code).isdisjoint(codes(found)):
        agreeing.append({"insee": first.code})
    agreeing += [{"postal_code": one} for one in reference.postal_codes_of(first.code)]
    # Another postal code of the same commune, in the place of the one that was given, says less.
    added = [more for more in agreeing if all(given.get(k) in (None, more[k]) for k in more)]
    for more in added:
        again = place(**{**given, **more})
        assert RANK[again.verdict] >= RANK[found.verdict], (more, again)
        assert again.communes[0] == first
