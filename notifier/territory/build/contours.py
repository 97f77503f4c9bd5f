"""Replace the contours in a file of communes by the polygons of a source.

A source may be older than the list of communes: polygons of communes that have merged since are
dissolved into today's, and land whose commune was split since, and which no polygon divides, is
shared by all of its parts (15141 since 2025).
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import shapely
from shapely import Polygon

from notifier.territory.build.quality import QualityReport, measure_quality
from notifier.territory.build.sources import BadSourceError, read_polygons
from notifier.territory.geometry import contours
from notifier.territory.geometry.islets import add_islets
from notifier.territory.reference.database import VINTAGE

Box = tuple[int, int, int, int]
"""Minimum x, maximum x, minimum y, maximum y."""

# Saint-Pierre-et-Miquelon, Saint-Barthélemy, Saint-Martin and the Pacific stand in no source.
WITHOUT_CONTOURS = {"975", "977", "978", "984", "986", "987", "988", "989"}
_MAX_LISTED = 5
# Sources draw seas and islets differently from year to year, and communes merge: a few, not all.
_MIN_OVERLAP, _MAX_RESIZED_SHARE = 0.25, 0.001
# Good sources have none; one with a handful still makes a better file than last year's.
_MAX_DUPLICATED = 100


def replace_contours(file: Path, source: Path, origin: str) -> QualityReport:
    """Replace the contours in a file of communes and measure the result.

    The file is unusable after an exception: pass a copy. Raises `BadSourceError` when the source
    has unknown codes, lacks a commune, displaces one, or overlaps.
    """
    connection = sqlite3.connect(file)
    try:
        _add_contours(connection, source, origin)
        connection.commit()
        connection.execute("VACUUM")
        report = measure_quality(connection)
    finally:
        connection.close()
    if len(report.duplicated) > _MAX_DUPLICATED:
        raise BadSourceError(
            f"{source} : {len(report.duplicated)} limites ont deux communes du même côté"
        )
    return report


def _add_contours(connection: sqlite3.Connection, source: Path, origin: str) -> None:
    today = _current_codes(connection)
    given: dict[str, list[Polygon]] = {}
    for code, polygons in read_polygons(source, today.keys()):
        if code in given:
            raise BadSourceError(f"{source} : la commune {code} y est deux fois")
        given[code] = polygons
    before = _bounding_boxes(connection)
    land, shared = _assign(connection, source, given, today, set(before))
    add_islets(land)
    connection.execute("DROP TABLE IF EXISTS contour")
    connection.execute(contours.SCHEMA)
    for code in sorted(land):
        try:
            rows = contours.to_rows(code, land[code], shared.get(code, ""))
        except ValueError as error:
            raise BadSourceError(f"{source} : {error}") from error
        connection.executemany("INSERT INTO contour VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    _refuse_displaced(source, before, _bounding_boxes(connection))
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('contours', ?)", (origin,))


def _current_codes(connection: sqlite3.Connection) -> dict[str, str]:
    """Return current and former codes, each with the current commune of its land."""
    today = dict(connection.execute("SELECT code, commune FROM former_code").fetchall())
    today |= {code: code for (code,) in connection.execute("SELECT code FROM commune")}
    return today


def _assign(
    connection: sqlite3.Connection,
    source: Path,
    given: dict[str, list[Polygon]],
    today: dict[str, str],
    with_contours: set[str],
) -> tuple[dict[str, list[Polygon]], dict[str, str]]:
    """Return each current commune's land, and the owner under which shared land is stored.

    `with_contours` are the communes that had contours of their own before: they may not share now.
    """
    unknown = sorted(given.keys() - today.keys())
    if unknown:
        raise BadSourceError(f"{source} : codes INSEE inconnus : {_format_some(unknown)}")
    gathered: dict[str, list[Polygon]] = defaultdict(list)
    members: dict[str, int] = defaultdict(int)
    for code in sorted(given):
        gathered[today[code]] += given[code]
        members[today[code]] += 1
    land = {
        code: dissolve(polygons) if members[code] > 1 else polygons
        for code, polygons in gathered.items()
    }
    shared: dict[str, set[str]] = defaultdict(set)
    former_owners = _former_owners(connection)
    missing = []
    for (code,) in connection.execute("SELECT code FROM commune ORDER BY code"):
        if land.get(code) or code[:3] in WITHOUT_CONTOURS:
            continue
        owner = next((owner for owner in former_owners.get(code, ()) if owner in land), None)
        if owner and code not in with_contours:
            shared[owner] |= {owner, code}
        else:
            missing.append(code)
    if missing:
        raise BadSourceError(
            f"{source} : communes manquantes : {len(missing)} ({_format_some(missing)}) ; il faut "
            f"la France entière, dans une édition qui n’est pas plus récente que {VINTAGE}"
        )
    return land, {owner: " ".join(sorted(codes)) for owner, codes in shared.items()}


def dissolve(polygons: Sequence[Polygon]) -> list[Polygon]:
    """Return the polygons without the borders between them."""
    land = shapely.get_parts(shapely.union_all(polygons))
    return list(shapely.orient_polygons(land, exterior_cw=True))


def _former_owners(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Return, for each commune, the other codes that once covered its land, by their names."""
    owners: dict[str, list[str]] = defaultdict(list)
    for commune, code in connection.execute(
        "SELECT DISTINCT commune, code FROM name WHERE code != commune ORDER BY 1, 2"
    ):
        owners[commune].append(code)
    return owners


def _bounding_boxes(connection: sqlite3.Connection) -> dict[str, Box]:
    """Return the box around each commune's land; empty for a file that has no contours yet."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'contour'").fetchone():
        return {}
    found = connection.execute(
        "SELECT id / 1000, min(min_x), max(max_x), min(min_y), max(max_y) FROM contour GROUP BY 1"
    )
    return {contours.commune_code(row[0] * 1000): row[1:] for row in found}


def _refuse_displaced(source: Path, before: dict[str, Box], after: dict[str, Box]) -> None:
    """Refuse a source in which communes have moved: swapped axes or a wrong column."""
    overlaps = {code: _overlap(box, after[code]) for code, box in before.items() if code in after}
    displaced = [code for code, share in overlaps.items() if not share]
    if displaced:
        raise BadSourceError(
            f"{source} : communes loin de leur place : {len(displaced)} "
            f"({_format_some(sorted(displaced))}) ; axes ou colonnes échangés ?"
        )
    resized = [code for code, share in overlaps.items() if share < _MIN_OVERLAP]
    if len(resized) > len(overlaps) * _MAX_RESIZED_SHARE:
        raise BadSourceError(
            f"{source} : communes d’une tout autre étendue : {len(resized)} "
            f"({_format_some(sorted(resized))}) ; fichier incomplet ?"
        )


def _overlap(one: Box, other: Box) -> float:
    """Return the shared area of two boxes as a part of their union; 0 if they do not meet."""
    width = min(one[1], other[1]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[2], other[2])
    if width < 0 or height < 0:
        return 0
    shared = (width + 1) * (height + 1)
    return shared / (_area(one) + _area(other) - shared)


def _area(box: Box) -> int:
    return (box[1] - box[0] + 1) * (box[3] - box[2] + 1)


def _format_some(codes: Sequence[str]) -> str:
    return ", ".join(codes[:_MAX_LISTED]) + (" …" if len(codes) > _MAX_LISTED else "")
