"""An operator's file of territories: read whole or refused whole, in French, cell by cell."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from notifier.directory.imports.reading import read_list
from notifier.directory.imports.table import FileRefused
from notifier.directory.models import OrganisationRef, ZoneKind
from notifier.directory.zones.files import read_zone_file
from notifier.directory.zones.store import NewZone
from notifier.territory.zones.epci import epci_by_siren

SAMPLES = Path(__file__).resolve().parents[2] / "config" / "samples" / "conventions"
METROPOLE = OrganisationRef("epci", "246300701")
HEADER = "organisation;code_commune;commune;du;au"
JAUDE = [3.0826, 45.7766]


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
        path = tmp_path / "communes.csv"
        path.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
        return path

    return write


@pytest.fixture
def geojson(tmp_path: Path) -> Callable[..., Path]:
    def write(*features: Any) -> Path:
        path = tmp_path / "lieux.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
        return path

    return write


def point(
    nom: str = "Collège d’exemple", place: list[float] = JAUDE, **more: Any
) -> dict[str, Any]:
    properties = {"nom": nom, "rayon_m": 200, **more}
    geometry = {"type": "Point", "coordinates": place}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def refusal(path: Path, target: OrganisationRef | None = METROPOLE) -> str:
    with pytest.raises(FileRefused) as refused:
        read_zone_file(path, target)
    return str(refused.value)


def commune(code: str, starts_on: date | None = None, ends_on: date | None = None) -> NewZone:
    return NewZone(ZoneKind.COMMUNE, code, None, starts_on, ends_on)


def test_a_table_says_the_communes_of_several_organisations_by_date(
    table: Callable[..., Path],
) -> None:
    found = read_zone_file(
        table(
            "epci:246300701;63113;Clermont-Ferrand;;",
            "epci:246300701;63042;Blanzat;2026-12-01;31/12/2027",
            "police:csp-exemple;1033;Valserhône;;",
        )
    )
    assert found.kinds == (ZoneKind.COMMUNE,)
    assert found.notes == ()
    assert found.zones == {
        METROPOLE: [commune("63113"), commune("63042", date(2026, 12, 1), date(2027, 12, 31))],
        OrganisationRef("police", "csp-exemple"): [commune("01033")],
    }


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("commune", "63113"),
        ("Commune;Du", "63113;"),
        ("Code INSEE,Commune", "63113,Clermont-Ferrand"),
        ("organisme\tinsee\tdébut\tfin", "\t63113\t\t"),
    ],
)
def test_the_organisation_may_be_given_to_the_command(
    table: Callable[..., Path], header: str, row: str
) -> None:
    assert read_zone_file(table(row, header=header), METROPOLE).zones == {
        METROPOLE: [commune("63113")]
    }


def test_a_table_of_windows_is_read_with_its_accents(table: Callable[..., Path]) -> None:
    path = table(";63063;Cébazat;;", encoding="cp1252")
    assert read_zone_file(path, METROPOLE).zones == {METROPOLE: [commune("63063")]}


def test_a_commune_that_merged_is_the_one_that_took_its_place_and_is_said(
    table: Callable[..., Path],
) -> None:
    """93059 Pierrefitte-sur-Seine joined Saint-Denis on 1 January 2025."""
    found = read_zone_file(table(";93059;;;"), METROPOLE)
    assert found.zones == {METROPOLE: [commune("93066")]}
    assert found.notes == (
        "ligne 2 : 93059 n’est plus une commune, Saint-Denis (93066) l’a remplacée",
    )


def test_a_code_that_is_also_a_postal_code_is_said_unless_the_name_tells(
    table: Callable[..., Path],
) -> None:
    """90100 is Vauthiermont; as a postal code, Delle."""
    (note,) = read_zone_file(table(";90100;;;"), METROPOLE).notes
    assert "Vauthiermont" in note
    assert "Delle" in note
    assert read_zone_file(table(";90100;Vauthiermont;;"), METROPOLE).notes == ()
    assert "ne vont pas ensemble" in refusal(table(";90100;Delle;;"))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (";99999;;;", "ligne 2 : code_commune « 99999 » refusé"),
        (";;;;2026-01-01", "ligne 2 : code_commune manquant"),
        (";63113;;le 3 mars;", "ligne 2 : du « le 3 mars »"),
        (";63113;;2026-02-30;", "ligne 2 : du « 2026-02-30 »"),
        (";63113;;2026-12-31;2026-01-01", "la fin (01/01/2026) précède le début (31/12/2026)"),
        ("epci:2463;63113;;;", "neuf chiffres"),
        ("epci:200040715;63113;;;", "est de epci:200040715"),
        (";63113;;;;;x", "cellules au lieu de 5"),
    ],
)
def test_a_wrong_row_is_refused_with_its_line_and_reason(
    table: Callable[..., Path], row: str, says: str
) -> None:
    assert says in refusal(table(row))


def test_every_fault_is_named_at_once(table: Callable[..., Path]) -> None:
    said = refusal(table(";99999;;hier;", ";63113;;;", ";63113;;;"))
    assert said.count("\n") == 1
    assert said.startswith("ligne 2 : ")
    assert "code_commune « 99999 » refusé" in said
    assert "du « hier »" in said
    assert said.splitlines()[1] == "ligne 4 : « 63113 » y est déjà pour la même période"


def test_the_same_commune_may_come_back_later(table: Callable[..., Path]) -> None:
    rows = ";63113;;2020-01-01;2022-12-31", ";63113;;2026-01-01;"
    assert len(read_zone_file(table(*rows), METROPOLE).zones[METROPOLE]) == 2
    assert "même période" in refusal(table(";63113;;2020-01-01;2026-01-01", ";63113;;2026-01-01;"))


@pytest.mark.parametrize(
    ("header", "row", "says"),
    [
        ("organisation;du;au", ";;", "colonne manquante : code_commune"),
        (HEADER, "", "ne contient aucune zone"),
        ("", "", "est vide"),
    ],
)
def test_a_file_without_communes_is_refused(
    table: Callable[..., Path], header: str, row: str, says: str
) -> None:
    assert says in refusal(table(row, header=header))


def test_without_an_organisation_anywhere_the_row_is_refused(table: Callable[..., Path]) -> None:
    assert "organisation manquante" in refusal(table(";63113;;;"), None)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    assert "n’existe pas" in refusal(tmp_path / "absent.csv")
    assert "est un dossier" in refusal(tmp_path)


def test_geojson_holds_sites_and_contours(geojson: Callable[..., Path]) -> None:
    ring = [[3.0, 45.7], [3.1, 45.7], [3.1, 45.8], [3.0, 45.7]]
    contour = {
        "type": "Feature",
        "properties": {"nom": "Secteur  nord", "du": "2026-12-01"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    park = {**contour, "properties": {"nom": "Parc", "type": "lieu", "organisation": "police:x"}}
    found = read_zone_file(geojson(point(), contour), METROPOLE)
    assert found.kinds == (ZoneKind.POLYGON, ZoneKind.SITE)
    shape = {"type": "Point", "coordinates": JAUDE, "radius_m": 200.0}
    assert found.zones[METROPOLE] == [
        NewZone(ZoneKind.SITE, "Collège d’exemple", shape),
        NewZone(ZoneKind.POLYGON, "Secteur nord", contour["geometry"], date(2026, 12, 1)),
    ]
    (park_zone,) = read_zone_file(geojson(park)).zones[OrganisationRef("police", "x")]
    assert park_zone.kind is ZoneKind.SITE


@pytest.mark.parametrize(
    ("feature", "says"),
    [
        (None, "zone n° 1 : la propriété « nom » manque ; il faut une géométrie"),
        ("texte", "la propriété « nom » manque"),
        (point(""), "la propriété « nom » manque"),
        (point("x" * 101), "nom de 101 signes"),
        (point(rayon_m=None), "zone n° 1 (« Collège d’exemple ») : un point demande un rayon"),
        (point(rayon_m="200"), "un point demande un rayon"),
        (point(type="parc"), "type « parc » : écrire lieu ou contour"),
        (point(du="demain"), "du « demain »"),
        (point(organisation="lycée"), "ne désigne pas un organisme"),
        (point(place=[45.7766, 3.0826]), "échangées"),
        (point(place=[11.575, 48.137]), "hors de France"),
        (point(rayon_m=80_000), "plus qu’un département"),
        ({**point(), "geometry": None}, "il faut une géométrie GeoJSON"),
    ],
)
def test_a_wrong_feature_is_refused_by_its_name(
    geojson: Callable[..., Path], feature: Any, says: str
) -> None:
    assert says in refusal(geojson(feature))


def test_two_sites_of_one_name_are_refused(geojson: Callable[..., Path]) -> None:
    assert "zone n° 2 (« Collège d’exemple ») : « Collège d’exemple » y est déjà" in refusal(
        geojson(point(), point(rayon_m=300))
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "n’est pas du JSON lisible"),
        ('{"type": "Topology"}', "il faut une FeatureCollection"),
        ('{"type": "FeatureCollection", "features": {}}', "il faut une FeatureCollection"),
        ('{"type": "FeatureCollection", "features": []}', "ne contient aucune zone"),
        ('{"a": ' * 100_000, "n’est pas du JSON lisible"),
    ],
)
def test_what_is_no_geojson_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "lieux.geojson"
    path.write_text(text, "utf-8")
    assert says in refusal(path)


def test_the_samples_are_read_without_a_remark() -> None:
    """7 communes grow to the 21 of the métropole; the sites lie where they are said to."""
    council = OrganisationRef("partenaire", "conseil-clermont")
    table = read_zone_file(SAMPLES / "territoires.csv")
    packaged = epci_by_siren("246300701")
    assert packaged is not None
    assert table.notes == ()
    assert {zone.name for zone in table.zones[council]} == set(packaged.communes)
    assert sum(zone.starts_on is None for zone in table.zones[council]) == 7
    assert read_zone_file(SAMPLES / "lieux.geojson").notes == ()


def test_the_people_of_the_samples_are_read_without_a_remark() -> None:
    people = read_list(SAMPLES / "contacts.csv")
    assert (people.faults, people.notes) == ([], [])
    assert len({entry.organisation for entry in people.entries}) == 19
    hats = [entry.organisation for entry in people.entries if entry.last_name == "Noisetier"]
    assert len(hats) == 3
