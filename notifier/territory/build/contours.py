"""Lays the polygons of a source over the communes of the file: one piece of land, its commune(s).

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

from notifier.territory.build.quality import Survey, survey
from notifier.territory.build.sources import BadSourceError, read_polygons
from notifier.territory.geometry import contours
from notifier.territory.geometry.islets import add_islets
from notifier.territory.reference.database import VINTAGE

Box = tuple[int, int, int, int]
"""Least x, greatest x, least y, greatest y."""

# Saint-Pierre-et-Miquelon, Saint-Barthélemy, Saint-Martin and the Pacific stand in no source.
WITHOUT_CONTOURS = {"975", "977", "978", "984", "986", "987", "988", "989"}
_LISTED = 5
# Seas and islets are drawn differently from year to year, and communes merge: of few, not of all.
_LEAST_KEPT, _MOST_RESIZED = 0.25, 0.001
# Sound sources have none; the file of one with a handful still serves better than last year's.
_MOST_WALKED_TWICE = 100


def lay_contours(file: Path, source: Path, origin: str) -> Survey:
    """Replaces the contours in a file of communes and surveys the result.

    The file is no use after an exception: hand in a copy. Raises `BadSourceError` when the source
    names codes of nobody, leaves a commune out, puts one where it is not, or names land twice.
    """
    connection = sqlite3.connect(file)
    try:
        _add_contours(connection, source, origin)
        connection.commit()
        connection.execute("VACUUM")
        found = survey(connection)
    finally:
        connection.close()
    if len(found.walked_twice) > _MOST_WALKED_TWICE:
        raise BadSourceError(
            f"{source} : {len(found.walked_twice)} limites ont deux communes du même côté"
        )
    return found


def _add_contours(connection: sqlite3.Connection, source: Path, origin: str) -> None:
    today = _today(connection)
    given: dict[str, list[Polygon]] = {}
    for code, polygons in read_polygons(source, today.keys()):
        if code in given:
            raise BadSourceError(f"{source} : la commune {code} y est deux fois")
        given[code] = polygons
    before = _boxes(connection)
    land, shared = _assign(connection, source, given, today, set(before))
    add_islets(land)
    connection.execute("DROP TABLE IF EXISTS contour")
    connection.execute(contours.SCHEMA)
    for code in sorted(land):
        try:
            rows = contours.rows_of(code, land[code], shared.get(code, ""))
        except ValueError as error:
            raise BadSourceError(f"{source} : {error}") from error
        connection.executemany("INSERT INTO contour VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    _refuse_displaced(source, before, _boxes(connection))
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('contours', ?)", (origin,))


def _today(connection: sqlite3.Connection) -> dict[str, str]:
    """Current and former codes, each with the current commune of its land."""
    today = dict(connection.execute("SELECT code, commune FROM former_code").fetchall())
    today |= {code: code for (code,) in connection.execute("SELECT code FROM commune")}
    return today


def _assign(
    connection: sqlite3.Connection,
    source: Path,
    given: dict[str, list[Polygon]],
    today: dict[str, str],
    alone: set[str],
) -> tuple[dict[str, list[Polygon]], dict[str, str]]:
    """Each current commune's land, and under which one stands what several share.

    `alone` are the communes that had contours of their own before: they may not share now.
    """
    strangers = sorted(given.keys() - today.keys())
    if strangers:
        raise BadSourceError(f"{source} : codes INSEE inconnus : {_some(strangers)}")
    gathered: dict[str, list[Polygon]] = defaultdict(list)
    members: dict[str, int] = defaultdict(int)
    for code in sorted(given):
        gathered[today[code]] += given[code]
        members[today[code]] += 1
    land = {
        code: dissolved(polygons) if members[code] > 1 else polygons
        for code, polygons in gathered.items()
    }
    shared: dict[str, set[str]] = defaultdict(set)
    hosts = _hosts(connection)
    missing = []
    for (code,) in connection.execute("SELECT code FROM commune ORDER BY code"):
        if land.get(code) or code[:3] in WITHOUT_CONTOURS:
            continue
        host = next((host for host in hosts.get(code, ()) if host in land), None)
        if host and code not in alone:
            shared[host] |= {host, code}
        else:
            missing.append(code)
    if missing:
        raise BadSourceError(
            f"{source} : communes manquantes : {len(missing)} ({_some(missing)}) ; il faut la "
            f"France entière, dans une édition qui n’est pas plus récente que {VINTAGE}"
        )
    return land, {host: " ".join(sorted(codes)) for host, codes in shared.items()}


def dissolved(polygons: Sequence[Polygon]) -> list[Polygon]:
    """The polygons without the borders between them."""
    land = shapely.get_parts(shapely.union_all(polygons))
    return list(shapely.orient_polygons(land, exterior_cw=True))


def _hosts(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """For each commune, the codes under which others once bore its land, by the names they bore."""
    hosts: dict[str, list[str]] = defaultdict(list)
    for commune, code in connection.execute(
        "SELECT DISTINCT commune, code FROM name WHERE code != commune ORDER BY 1, 2"
    ):
        hosts[commune].append(code)
    return hosts


def _boxes(connection: sqlite3.Connection) -> dict[str, Box]:
    """The box around each commune's land; nothing for a file that has no contours yet."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'contour'").fetchone():
        return {}
    found = connection.execute(
        "SELECT id / 1000, min(min_x), max(max_x), min(min_y), max(max_y) FROM contour GROUP BY 1"
    )
    return {contours.code_of(row[0] * 1000): row[1:] for row in found}


def _refuse_displaced(source: Path, before: dict[str, Box], after: dict[str, Box]) -> None:
    """A commune does not move: swapped axes or a wrong column would tell the wrong mayors."""
    kept = {code: _kept(box, after[code]) for code, box in before.items() if code in after}
    displaced = [code for code, share in kept.items() if not share]
    if displaced:
        raise BadSourceError(
            f"{source} : communes loin de leur place : {len(displaced)} "
            f"({_some(sorted(displaced))}) ; axes ou colonnes échangés ?"
        )
    resized = [code for code, share in kept.items() if share < _LEAST_KEPT]
    if len(resized) > len(kept) * _MOST_RESIZED:
        raise BadSourceError(
            f"{source} : communes d’une tout autre étendue : {len(resized)} "
            f"({_some(sorted(resized))}) ; fichier incomplet ?"
        )


def _kept(one: Box, other: Box) -> float:
    """The land that two boxes share, as a part of what either covers; 0 if they do not meet."""
    width = min(one[1], other[1]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[2], other[2])
    if width < 0 or height < 0:
        return 0
    shared = (width + 1) * (height + 1)
    return shared / (_extent(one) + _extent(other) - shared)


def _extent(box: Box) -> int:
    return (box[1] - box[0] + 1) * (box[3] - box[2] + 1)


def _some(codes: Sequence[str]) -> str:
    return ", ".join(codes[:_LISTED]) + (" …" if len(codes) > _LISTED else "")
