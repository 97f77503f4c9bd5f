"""The coast: islets have their commune, the shore its own, and a code agrees with its waters."""

from __future__ import annotations

from typing import Any

import pytest
import shapely

from notifier.territory.geometry import contours, lookup
from notifier.territory.geometry.abroad import is_abroad
from notifier.territory.geometry.geometry import plane_at
from notifier.territory.geometry.islets import read_islets
from notifier.territory.reference import communes as reference
from notifier.territory.resolve import Location, Resolution, Verdict, resolve

ISLETS = list(read_islets())


def place(**given: Any) -> Resolution:
    return resolve(Location(**given))


def codes(resolution: Resolution) -> list[str]:
    return [commune.code for commune in resolution.communes]


@pytest.mark.parametrize(
    ("where", "latitude", "longitude", "commune"),
    [
        ("the Mont-Saint-Michel, its abbey", 48.6361, -1.5115, "50353"),
        ("the château d'If", 43.2798, 5.3257, "13055"),
        ("Frioul, the port", 43.2790, 5.3060, "13055"),
        ("Chausey, the landing", 48.8707, -1.8243, "50218"),
        ("Chausey, an islet in the east", 48.8736, -1.7668, "50218"),
        ("the lighthouse of Cordouan", 45.5863, -1.1733, "33544"),
        ("fort Boyard", 45.9997, -1.2139, "17004"),
        ("Glénan, the fort Cigogne", 47.7150, -3.9970, "29058"),
        ("Lavezzi, the cemetery", 41.3390, 9.2560, "2A041"),
        ("Brescou", 43.2632, 3.5016, "34003"),
        ("îlet du Gosier", 16.1989, -61.4914, "97113"),
        ("île Royale, off Kourou", 5.2850, -52.5900, "97302"),
        # They were in the contours before, and are.
        ("Porquerolles", 42.9990, 6.2050, "83069"),
        ("Gavrinis", 47.5725, -2.8980, "56106"),
        ("Tatihou", 49.5880, -1.2427, "50562"),
        ("Hœdic", 47.3400, -2.8770, "56085"),
    ],
)
def test_an_islet_that_people_know(
    where: str, latitude: float, longitude: float, commune: str
) -> None:
    found = place(latitude=latitude, longitude=longitude)
    assert (found.verdict, codes(found)) == (Verdict.CERTAIN, [commune]), where
    assert place(insee="90033", latitude=latitude, longitude=longitude).communes == ()


def test_every_islet_is_its_communes_and_takes_no_land_from_another() -> None:
    for islet in ISLETS:
        home = reference.commune_by_code(islet.commune)
        assert home is not None, islet
        held = [
            m.code for m in lookup.communes_within(islet.latitude, islet.longitude, 0) if m.holds
        ]
        assert held == [islet.commune], islet
        left, low, right, high = islet.circle().bounds
        for piece in contours.contours_in_box((left, right, low, high)):
            if piece.communes != (islet.commune,):
                assert not piece.polygon().intersects(islet.circle()), (islet, piece.communes)


def off_les_sables(metres: float) -> dict[str, float]:
    """A point due south-west of the coast of Les Sables-d'Olonne, by its distance to it."""
    start, direction = (46.5100, -1.7700), (-0.7, -0.7)
    plane = plane_at(*start)
    low, high = 0.0, 60_000.0
    for _ in range(40):
        middle = (low + high) / 2
        latitude = start[0] + direction[1] * middle / plane.ky / 100_000
        longitude = start[1] + direction[0] * middle / plane.kx / 100_000
        found = lookup.nearest_commune(latitude, longitude)
        low, high = (middle, high) if found and found.distance_m < metres else (low, middle)
    return {"latitude": latitude, "longitude": longitude}


@pytest.mark.parametrize("metres", [10, 60, 140])
def test_just_off_the_coast_the_commune_is_named(metres: int) -> None:
    found = place(**off_les_sables(metres))
    assert (found.verdict, codes(found)) == (Verdict.CERTAIN, ["85194"])
    says = found.clues[0].says
    assert "hors de toute commune, au bord" in says
    assert "Les Sables-d'Olonne (85194) à" in says


@pytest.mark.parametrize("metres", [170, 2_000, 21_000])
def test_at_sea_nobody_is_named_but_a_commune_s_own_code_agrees(metres: int) -> None:
    point = off_les_sables(metres)
    assert place(**point).verdict is Verdict.UNKNOWN
    assert place(insee="85194", **point).verdict is Verdict.CERTAIN
    assert place(name="Les Sables-d'Olonne", **point).verdict is Verdict.CERTAIN
    for elsewhere in ("90033", "29155", "85191"):  # Delle, Ouessant, La Roche-sur-Yon
        assert place(insee=elsewhere, **point).verdict is Verdict.CONFLICT


def test_beyond_the_territorial_sea_no_code_agrees() -> None:
    assert place(insee="85194", **off_les_sables(24_000)).verdict is Verdict.CONFLICT


def shared_shores() -> list[tuple[dict[str, float], str, str]]:
    """Points in the water within 150 m of two communes, the nearer first: one for some borders."""
    found = []
    for row in ("06088", "64122", "59183", "83069", "14366", "2B033"):
        for piece in contours.contours_of(row):
            for x, y in piece.polygon().exterior.coords:
                for dx, dy in ((40, 40), (-40, 40), (40, -40), (-40, -40)):
                    latitude, longitude = (y + dy) / 100_000, (x + dx) / 100_000
                    marks = lookup.communes_within(latitude, longitude, 150)
                    if len(marks) == 2 and 0 < marks[0].distance_m < marks[1].distance_m:
                        point = {"latitude": latitude, "longitude": longitude}
                        found.append((point, marks[0].code, marks[1].code))
    return found


def test_off_a_shore_of_two_communes_it_is_the_edge_of_both() -> None:
    shores = shared_shores()
    assert len({first for _, first, _ in shores}) > 2
    for point, first, second in shores:
        found = place(**point)
        assert (found.verdict, codes(found)) == (Verdict.EDGE, [first, second])
        assert [c.code for c in found.containing] == [first]
        assert [c.code for c in found.nearby] == [second]
        assert codes(place(insee=second, **point)) == [second]


def test_an_area_whose_middle_is_just_off_the_coast_names_the_commune() -> None:
    point = off_les_sables(80)
    circle = shapely.Point(point["longitude"], point["latitude"]).buffer(0.0003)
    found = place(polygon=[[list(circle.exterior.coords)]])
    assert (found.verdict, codes(found)) == (Verdict.CERTAIN, ["85194"])


@pytest.mark.parametrize(
    ("where", "latitude", "longitude", "abroad"),
    [
        ("Boncourt", 47.495, 7.015, True),
        ("Geneva", 46.204, 6.143, True),
        ("Menton's neighbour Ventimiglia", 43.79, 7.605, True),
        ("Monaco, the rock", 43.7305, 7.4255, True),
        ("Irún", 43.338, -1.789, True),
        ("Llívia", 42.464, 1.981, True),
        ("De Panne", 51.095, 2.60, True),
        ("Saint Helier", 49.187, -2.107, True),
        ("Albina on the Maroni", 5.497, -54.056, True),
        ("off Les Sables", 46.45, -1.90, False),
        ("off Dunkerque", 51.10, 2.40, False),
        ("off Menton", 43.755, 7.50, False),
        ("off Hendaye", 43.400, -1.755, False),
        ("off Cerbère", 42.45, 3.25, False),
        ("off Bonifacio", 41.36, 9.10, False),
        ("off Saint-Denis of Réunion", -20.85, 55.45, False),
        ("off Kourou", 5.25, -52.55, False),
    ],
)
def test_the_sea_and_a_neighbour_are_told_apart(
    where: str, latitude: float, longitude: float, abroad: bool
) -> None:
    assert is_abroad(latitude, longitude) is abroad, where


def test_a_point_kilometres_beyond_the_frontier_contradicts_every_code() -> None:
    # Boncourt, in Switzerland, two kilometres from Delle.
    beyond = {"latitude": 47.490, "longitude": 7.020}
    nearest = lookup.nearest_commune(**beyond)
    assert nearest is not None
    assert 450 < nearest.distance_m < 5_000
    assert place(**beyond).verdict is Verdict.UNKNOWN
    assert place(insee=nearest.code, **beyond).verdict is Verdict.CONFLICT
