"""An operator's own contours: a small country as a GeoPackage, good, partial, wrong, damaged."""

import gzip
import json
import sqlite3
import struct
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from notifier.territory.build import communes as build
from notifier.territory.build import geojson as geojson_reader
from notifier.territory.build import operator_file as own
from notifier.territory.build.sources import BadSourceError
from notifier.territory.geometry import contours
from notifier.territory.reference import database

Square = tuple[float, float]
"""The south-west corner of a square of a tenth of a degree: longitude, latitude."""

SQUARES: dict[str, Square] = {"90001": (6.9, 47.5), "90003": (7.0, 47.5), "2A004": (8.7, 41.9)}


def record(code: str, name: str, **more: Any) -> dict[str, Any]:
    kind = {"type": "commune-actuelle", "departement": code[:2]}
    return {"code": code, "nom": name, **kind, **more}


TODAY = [
    record("90001", "Hautmont", codesPostaux=["90900"], anciensCodes=["90002"]),
    record("90003", "Basmont", codesPostaux=["90900"]),
    record("2A004", "Ajaccio", codesPostaux=["20000"]),
    record("97701", "Saint-Barthélemy"),
    record("97801", "Saint-Martin"),
]


def wkb(corner: Square) -> bytes:
    """A multipolygon of one square, as a GeoPackage keeps it (little-endian, no envelope)."""
    x, y = corner
    ring = [(x, y), (x + 0.1, y), (x + 0.1, y + 0.1), (x, y + 0.1), (x, y)]
    polygon = struct.pack("<BIII", 1, 3, 1, len(ring))
    polygon += b"".join(struct.pack("<2d", *vertex) for vertex in ring)
    return b"GP\x00\x01" + struct.pack("<i", 4326) + struct.pack("<BII", 1, 6, 1) + polygon


def geopackage(
    path: Path, squares: dict[str, Square], *, column: str = "code_insee", system: int = 4326
) -> Path:
    """A GeoPackage with a layer of communes, and one of départements that must not be taken."""
    connection = sqlite3.connect(path)
    connection.executescript("""
        CREATE TABLE gpkg_spatial_ref_sys (srs_id INTEGER, organization_coordsys_id INTEGER);
        CREATE TABLE gpkg_geometry_columns (
            table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER);
        INSERT INTO gpkg_geometry_columns VALUES
            ('departement', 'geom', 'MULTIPOLYGON', 4326),
            ('chef_lieu', 'geom', 'POINT', 4326), ('la commune', 'forme', 'MULTIPOLYGON', 4326);
        CREATE TABLE departement (fid INTEGER PRIMARY KEY, geom BLOB, code TEXT);
        CREATE TABLE chef_lieu (fid INTEGER PRIMARY KEY, geom BLOB, code TEXT);
        CREATE TABLE "la commune" (fid INTEGER PRIMARY KEY, forme BLOB, nom TEXT, code TEXT);
    """)
    connection.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (4326, ?)", (system,))
    connection.execute(f'ALTER TABLE "la commune" RENAME COLUMN code TO {column}')
    connection.executemany(
        'INSERT INTO "la commune" VALUES (NULL, ?, ?, ?)',
        [(wkb(corner), f"Nom {code}", code) for code, corner in squares.items()],
    )
    connection.commit()
    connection.close()
    return path


@pytest.fixture
def small_country(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A packaged file of five communes with contours, and the path of the operator's own file."""
    counts = {"actuelle": 5, "deleguee": 0, "associee": 0, "arrondissement": 0}
    monkeypatch.setattr(build, "EXPECTED", counts)
    packaged = tmp_path / "packaged.sqlite"
    build.write(build.to_territory(TODAY), TODAY, ["6.0.0"], packaged)
    build.replace_contours(packaged, geopackage(tmp_path / "first.gpkg", SQUARES), "first")
    monkeypatch.setattr(own, "PACKAGED_FILE", packaged)
    return tmp_path / "data" / database.OPERATOR_FILE_NAME


def boxes(path: Path) -> dict[str, tuple[int, ...]]:
    connection = database.connect(path)
    rows = connection.execute("SELECT id, min_x, max_x, min_y, max_y FROM contour").fetchall()
    connection.close()
    return {contours.commune_code(row[0]): row[1:] for row in rows}


def refused(source: Path, target: Path) -> str:
    """The message; the file that serves and its folder must be as before."""
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"the old one")
    with pytest.raises(BadSourceError) as wrong:
        own.build_operator_file(source, target)
    assert target.read_bytes() == b"the old one"
    assert list(target.parent.iterdir()) == [target]
    return str(wrong.value)


def test_layer_and_columns_are_found_by_what_they_hold(small_country: Path, tmp_path: Path) -> None:
    moved = SQUARES | {"90001": (6.85, 47.5)}
    found = own.build_operator_file(
        geopackage(tmp_path / "new.gpkg", moved, column="INSEE_COM"), small_country
    )
    assert (found.communes, found.pieces, found.vertices) == (3, 3, 12)
    assert boxes(small_country)["90001"] == (685_000, 695_000, 4_750_000, 4_760_000)
    assert database.incompatibility(small_country) == ""
    assert list(small_country.parent.iterdir()) == [small_country]


def test_the_end_of_the_name_may_be_in_capitals(small_country: Path, tmp_path: Path) -> None:
    own.build_operator_file(geopackage(tmp_path / "ADMIN_EXPRESS.GPKG", SQUARES), small_country)
    assert set(boxes(small_country)) == set(SQUARES)


def test_an_older_year_is_dissolved_into_today(small_country: Path, tmp_path: Path) -> None:
    older = {**SQUARES, "90002": (6.9, 47.6)}
    own.build_operator_file(geopackage(tmp_path / "older.gpkg", older), small_country)
    assert boxes(small_country)["90001"] == (690_000, 700_000, 4_750_000, 4_770_000)
    assert set(boxes(small_country)) == set(SQUARES)


def test_a_partial_file_is_refused(small_country: Path, tmp_path: Path) -> None:
    partial = {code: square for code, square in SQUARES.items() if code != "2A004"}
    says = refused(geopackage(tmp_path / "partial.gpkg", partial), small_country)
    assert "communes manquantes : 1 (2A004)" in says
    # In a newer edition, communes that have merged since are missing too.
    assert "pas plus récente que COG 2026" in says


def test_swapped_axes_and_another_projection_are_refused(
    small_country: Path, tmp_path: Path
) -> None:
    swapped = {code: (y, x) for code, (x, y) in SQUARES.items()}
    says = refused(geopackage(tmp_path / "swapped.gpkg", swapped), small_country)
    assert "communes loin de leur place : 3 (2A004, 90001, 90003)" in says
    lambert = geopackage(tmp_path / "lambert.gpkg", SQUARES, system=2154)
    assert "EPSG:2154" in refused(lambert, small_country)


def test_a_stranger_a_damaged_file_and_none_are_refused(
    small_country: Path, tmp_path: Path
) -> None:
    more = geopackage(tmp_path / "more.gpkg", {**SQUARES, "90999": (7.2, 47.5)})
    assert "codes INSEE inconnus : 90999" in refused(more, small_country)
    cut = tmp_path / "cut.gpkg"
    cut.write_bytes(more.read_bytes()[:6_000])
    assert "n’est pas un GeoPackage lisible" in refused(cut, small_country)
    assert "n’existe pas" in refused(tmp_path / "none.gpkg", small_country)
    text = tmp_path / "communes.txt"
    text.write_text("code;nom", encoding="utf-8")
    assert "n’est ni un .gpkg" in refused(text, small_country)


def geojson(
    path: Path, squares: dict[str, Square], *, column: str = "code", more: str = ""
) -> Path:
    """Etalab's file: one line, gzipped if its name says so; `more` follows the communes."""
    features = []
    for code, (x, y) in squares.items():
        ring = [[x, y], [x + 0.1, y], [x + 0.1, y + 0.1], [x, y + 0.1], [x, y]]
        several = {"type": "MultiPolygon", "coordinates": [[ring]]}
        geometry = several if code == "90003" else {"type": "Polygon", "coordinates": [ring]}
        properties = {column: code, "nom": f"Nom {code}", "departement": code[:2], "region": "27"}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    text = json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"))
    text = text.removesuffix("]}") + more + "]}"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["communes-5m.geojson", "communes-5m.geojson.gz", "C.GEOJSON"])
def test_etalabs_communes_are_read_as_well(small_country: Path, tmp_path: Path, name: str) -> None:
    moved = SQUARES | {"90001": (6.85, 47.5)}
    found = own.build_operator_file(geojson(tmp_path / name, moved), small_country)
    assert (found.communes, found.pieces, found.vertices) == (3, 3, 12)
    assert boxes(small_country)["90001"] == (685_000, 695_000, 4_750_000, 4_760_000)


def test_the_collectivities_that_etalab_draws_have_their_contours(
    small_country: Path, tmp_path: Path
) -> None:
    more = SQUARES | {"97701": (-62.9, 17.9)}
    own.build_operator_file(geojson(tmp_path / "communes-5m.geojson", more), small_country)
    assert set(boxes(small_country)) == set(more)


def test_features_are_read_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the pieces in which the text comes, and with white space or none between them."""
    source = geojson(tmp_path / "small.geojson", SQUARES)
    pretty = tmp_path / "pretty.json"
    pretty.write_text(json.dumps(json.loads(source.read_text()), indent=2), encoding="utf-8-sig")
    for chunk in (50, 51, 97, 1_000):
        monkeypatch.setattr(geojson_reader, "_CHUNK", chunk)
        for file_ in (source, pretty):
            found = [
                feature["properties"]["code"] for feature in geojson_reader.read_features(file_)
            ]
            assert found == list(SQUARES)


def test_a_feature_without_end_is_not_held_in_memory(
    small_country: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geojson_reader, "_CHUNK", 1_000)
    monkeypatch.setattr(geojson_reader, "_MAX_FEATURE", 10_000)
    endless = geojson(tmp_path / "endless.geojson", SQUARES, more=',{"x":"' + "a" * 100_000)
    assert "n’est pas du JSON" in refused(endless, small_country)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
@pytest.mark.parametrize("name", ["cut.geojson", "cut.geojson.gz"])
def test_a_geojson_that_is_cut_short_is_refused(
    small_country: Path, tmp_path: Path, name: str, share: float
) -> None:
    source = geojson(tmp_path / name, SQUARES)
    whole = source.read_bytes()
    source.write_bytes(whole[: int(len(whole) * share)])
    says = refused(source, small_country)
    assert "coupé" in says
    assert name in says


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (',{"type":"Feature","properties":{"code":90},"geometry":null}', "« code » en texte"),
        (',{"type":"Feature","properties":null,"geometry":null}', "trouvées : aucune"),
        (",17", "« code » en texte"),
        (',{"properties":{"code":"97801"},"geometry":null}', "97801 est illisible"),
        (',{"properties":{"code":"97801"},"geometry":{"type":"Polygon"}}', "97801 est illisible"),
        (
            ',{"properties":{"code":"97801"},"geometry":{"type":"Point","coordinates":[7,47]}}',
            "ni polygone ni multipolygone",
        ),
        (
            ',{"properties":{"code":"97801"},"geometry":'
            + json.dumps({"type": "Polygon", "coordinates": [[[9e5, 6e6], [9e5, 7e6], [8e5, 6e6]]]})
            + "}",
            "hors de ±180",
        ),
        (
            ',{"properties":{"code":"90001"},"geometry":{"type":"Polygon","coordinates":[]}}',
            "90001",
        ),
        (",{oups}", "n’est pas du JSON"),
        ("," + "[" * 100_000, "n’est pas du JSON"),
    ],
)
def test_a_geojson_that_is_none_is_refused(
    small_country: Path, tmp_path: Path, more: str, says: str
) -> None:
    assert says in refused(geojson(tmp_path / "c.geojson", SQUARES, more=more), small_country)


def test_other_properties_a_partial_geojson_and_other_json_are_refused(
    small_country: Path, tmp_path: Path
) -> None:
    renamed = geojson(tmp_path / "renamed.geojson", SQUARES, column="INSEE_COM")
    assert "trouvées : INSEE_COM, nom, departement, region" in refused(renamed, small_country)
    partial = {code: square for code, square in SQUARES.items() if code != "2A004"}
    says = refused(geojson(tmp_path / "partial.geojson", partial), small_country)
    assert "communes manquantes : 1 (2A004)" in says
    other = tmp_path / "other.json"
    other.write_text('{"type": "Topology", "objects": {}}', encoding="utf-8")
    assert "FeatureCollection" in refused(other, small_country)
    text = tmp_path / "text.geojson.gz"
    text.write_text("not gzipped", encoding="utf-8")
    assert "illisible" in refused(text, small_country)
    assert "illisible" in refused(tmp_path / "none.geojson", small_country)


def changed(source: Path, *statements: str) -> Path:
    connection = sqlite3.connect(source)
    connection.executescript(";".join(statements))
    connection.close()
    return source


@pytest.mark.parametrize(
    "geometry", ["NULL", "'GP'", "x'4750'", "x'4750000F00'", "x'4750000E00000000000000'", "1"]
)
def test_a_geometry_that_is_none_is_refused(
    small_country: Path, tmp_path: Path, geometry: str
) -> None:
    source = geopackage(tmp_path / "new.gpkg", SQUARES)
    changed(source, f"UPDATE \"la commune\" SET forme = {geometry} WHERE code_insee = '90003'")  # noqa: S608
    assert "90003" in refused(source, small_country)


def test_a_view_in_the_place_of_a_layer_is_not_read(small_country: Path, tmp_path: Path) -> None:
    source = geopackage(tmp_path / "new.gpkg", SQUARES)
    changed(
        source,
        'ALTER TABLE "la commune" RENAME TO secret',
        'CREATE VIEW "la commune" AS SELECT * FROM secret',
        "UPDATE gpkg_geometry_columns SET table_name = 'la commune' WHERE column_name = 'forme'",
    )
    assert "aucune couche" in refused(source, small_country)
    changed(
        source,
        "ALTER TABLE gpkg_geometry_columns RENAME TO layers",
        "CREATE VIEW gpkg_geometry_columns AS SELECT * FROM layers",
    )
    assert "n’est pas un GeoPackage" in refused(source, small_country)


def test_communes_cut_down_to_a_corner_are_refused(small_country: Path, tmp_path: Path) -> None:
    cut_down = geopackage(tmp_path / "small.gpkg", SQUARES)
    corner = wkb((7.09, 47.59)).hex()
    changed(cut_down, f"UPDATE \"la commune\" SET forme = x'{corner}' WHERE code_insee = '90003'")  # noqa: S608
    assert "communes d’une tout autre étendue : 1 (90003)" in refused(cut_down, small_country)


def test_what_a_file_calls_its_codes_cannot_move_the_cursor(
    small_country: Path, tmp_path: Path
) -> None:
    source = geopackage(tmp_path / "new.gpkg", SQUARES | {"\x1b[2J90\x9b": (7.2, 47.5)})
    assert "codes INSEE inconnus : ?[2J90?" in refused(source, small_country)


def test_a_file_of_another_year_is_left_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tmp_path / database.OPERATOR_FILE_NAME
    monkeypatch.setattr(database, "operator_file", lambda: older)
    assert database.active_file() == database.PACKAGED_FILE
    connection = sqlite3.connect(older)
    connection.execute("CREATE TABLE meta (key TEXT, value TEXT)")
    connection.execute("INSERT INTO meta VALUES ('vintage', 'COG 2025'), ('layout', '3')")
    connection.commit()
    connection.close()
    assert "COG 2025" in database.incompatibility(older)
    assert database.active_file() == database.PACKAGED_FILE
    connection = sqlite3.connect(older)
    connection.execute("UPDATE meta SET value = ? WHERE key = 'vintage'", (database.VINTAGE,))
    connection.commit()
    connection.close()
    assert database.active_file() == older
    older.write_bytes(b"no database at all")
    assert database.active_file() == database.PACKAGED_FILE


def test_the_command_says_vintage_and_counts_and_refuses_in_french() -> None:
    out = StringIO()
    call_command("territory", "info", stdout=out)
    said = out.getvalue().splitlines()
    for line in ("millésime : COG 2026", "communes : 34969", "communes avec contours : 34875"):
        assert line in said
    assert "communes déléguées : 2105" in said
    with pytest.raises(CommandError, match="Rien n’a changé"):
        call_command("territory", "build", "--contours", "absent.gpkg")
