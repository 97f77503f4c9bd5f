"""Read an operator's file of territories: a table of communes, or GeoJSON contours and sites.

A table (CSV in any usual dialect, or a workbook) has a row for each commune: `code_commune`, or
`commune` where there is no other, and if wanted its name as `commune`, `organisation`
(epci:246300701), `du`, `au`. A GeoJSON feature has the properties `nom`, and if wanted
`organisation`, `type` (lieu or contour), `rayon_m` of a point, `du`, `au`. Without `type` a point
is a site and a polygon a contour. The file says all of an organisation's communes, or all of its
contours and sites.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from notifier.directory.imports.formats.columns import Columns, read_header, rows_below
from notifier.directory.imports.table import Fault, FileRefused, Table, refused
from notifier.directory.imports.text_table import read_text_table
from notifier.directory.imports.values import (
    ambiguous_code_question,
    name_mismatch,
    normalise_commune_code,
    read_date,
    shortened,
    successor_of,
    unknown_commune_reason,
)
from notifier.directory.imports.workbook import is_workbook, read_workbook
from notifier.directory.models import OrganisationRef, ZoneKind
from notifier.directory.organisations import OrganisationError, read_ref
from notifier.directory.zones.store import NewZone
from notifier.territory.resolve import commune_by_code
from notifier.territory.zones.land import communes_touching
from notifier.territory.zones.shapes import ShapeError, read_shape
from notifier.unreadable import describe_os_error

OF_TABLE = (ZoneKind.COMMUNE,)
OF_GEOJSON = (ZoneKind.POLYGON, ZoneKind.SITE)
_CODE, _NAME = "code_commune", "commune"
_SYNONYMS = {
    "code_insee": _CODE,
    "insee": _CODE,
    "organisme": "organisation",
    "debut": "du",
    "fin": "au",
}
_EXPECTED = "organisation;code_commune;commune;du;au"
_OTHERS = ("organisation", "du", "au")
_COLUMNS = Columns((_CODE,), (_NAME, *_OTHERS), _SYNONYMS, _EXPECTED)
# Where `commune` is the only column about it, it holds the code.
_SHORT = Columns((_CODE,), _OTHERS, {**_SYNONYMS, _NAME: _CODE}, _EXPECTED)
_MAX_BYTES = 64 * 1024 * 1024
_MAX_NAME = 100
_KINDS = {"lieu": ZoneKind.SITE, "site": ZoneKind.SITE, "contour": ZoneKind.POLYGON}
_POINT = "Point"


@dataclass(frozen=True)
class ZoneFile:
    """The zones of a file, by organisation, and what its reader should know, in French."""

    kinds: Sequence[ZoneKind]
    """Those that it says all of."""
    zones: dict[OrganisationRef, list[NewZone]]
    notes: tuple[str, ...] = ()

    @property
    def has_starts(self) -> bool:
        """Whether any zone says itself from when it holds."""
        return any(zone.starts_on for zones in self.zones.values() for zone in zones)


@dataclass
class _Draft:
    """A row or a feature: its zone without dates, or why there is none, and cells still unread."""

    line: int | None
    label: str
    owner: str
    starts_on: str
    ends_on: str
    zone: NewZone | None = None
    reasons: list[str] = field(default_factory=list)

    def fault(self) -> Fault:
        """Return its faults as one, named by its line or its label."""
        if self.line is not None:
            return Fault(self.line, tuple(self.reasons))
        return Fault(None, (f"{self.label} : {' ; '.join(self.reasons)}",))


def read_zone_file(path: Path, target: OrganisationRef | None = None) -> ZoneFile:
    """Read a file; `target` is whose zones they are where the file does not say.

    Raises FileRefused with every fault at once, in French.
    """
    return parse_zones(_read_content(path), path, target)


def parse_zones(content: bytes, path: Path, target: OrganisationRef | None = None) -> ZoneFile:
    """Read what a file holds, as `read_zone_file`; `path` only names it."""
    notes: list[str] = []
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        kinds: Sequence[ZoneKind] = OF_GEOJSON
        drafts = _read_geojson(content, path)
    else:
        kinds = OF_TABLE
        drafts = _read_table(content, path, notes)
    zones = _collect(drafts, target)
    if not zones:
        raise refused(f"« {path} » ne contient aucune zone")
    return ZoneFile(kinds, zones, tuple(notes))


def _read_content(path: Path) -> bytes:
    try:
        if path.is_file() and path.stat().st_size > _MAX_BYTES:
            raise refused(f"« {path} » dépasse 64 Mo : ce n’est pas une liste de territoires")
        return path.read_bytes()
    except OSError as error:
        raise refused(f"le fichier « {path} » {describe_os_error(error)}") from None


def _collect(
    drafts: Iterable[_Draft], target: OrganisationRef | None
) -> dict[OrganisationRef, list[NewZone]]:
    """Return the zones by organisation. Raises FileRefused with every fault of every draft."""
    found: dict[OrganisationRef, list[NewZone]] = {}
    faults = []
    for draft in drafts:
        owner = _read_owner(draft, target)
        zone = _dated(draft)
        if owner and zone and not draft.reasons:
            others = found.setdefault(owner, [])
            if any(other.identity == zone.identity and _meet(other, zone) for other in others):
                draft.reasons.append(f"« {zone.name} » y est déjà pour la même période")
            others.append(zone)
        if draft.reasons:
            faults.append(draft.fault())
    if faults:
        raise FileRefused(*faults)
    return found


def _read_owner(draft: _Draft, target: OrganisationRef | None) -> OrganisationRef | None:
    if not draft.owner:
        if target is None and draft.zone:
            draft.reasons.append("organisation manquante : la donner ici, ou à la commande")
        return target
    try:
        owner = read_ref(draft.owner)
    except OrganisationError as error:
        draft.reasons.append(str(error))
        return None
    if target not in (None, owner):
        draft.reasons.append(f"cette zone est de {owner}, le fichier est donné pour {target}")
    return owner


def _dated(draft: _Draft) -> NewZone | None:
    starts_on = read_date("du", draft.starts_on, draft.reasons)
    ends_on = read_date("au", draft.ends_on, draft.reasons)
    if starts_on and ends_on and ends_on < starts_on:
        draft.reasons.append(f"la fin ({ends_on:%d/%m/%Y}) précède le début ({starts_on:%d/%m/%Y})")
    return draft.zone and replace(draft.zone, starts_on=starts_on, ends_on=ends_on)


def _meet(one: NewZone, other: NewZone) -> bool:
    """Return whether the periods of two zones have a day in common."""
    return (one.starts_on or date.min) <= (other.ends_on or date.max) and (
        other.starts_on or date.min
    ) <= (one.ends_on or date.max)


def _read_table(content: bytes, path: Path, notes: list[str]) -> Iterator[_Draft]:
    table = _open_table(content, path)
    header_row = next(table.rows, None)
    if header_row is None:
        raise refused(f"« {path} » est vide : il y faut l’en-tête {_EXPECTED}")
    notes += table.notes
    columns = _COLUMNS if _has_code(header_row.cells) else _SHORT
    header = read_header(columns, header_row, notes=notes)
    for row in rows_below(table, columns, header):
        cells = row.cells
        owner, starts_on, ends_on = (cells.get(column, "") for column in _OTHERS)
        draft = _Draft(row.line, "", owner, starts_on, ends_on)
        if row.fault:
            draft.reasons.append(row.fault)
        else:
            draft.zone = _commune_zone(cells, row.line, draft.reasons, notes)
        yield draft


def _has_code(cells: Sequence[str]) -> bool:
    return _CODE in {_COLUMNS.name(cell) for cell in cells}


def _open_table(content: bytes, path: Path) -> Table:
    if is_workbook(content):
        return read_workbook(
            content,
            str(path),
            lambda cells: bool({_CODE, _NAME} & {_COLUMNS.name(cell) for cell in cells}),
        )
    return read_text_table(content, str(path))


def _commune_zone(
    cells: Mapping[str, str], line: int, reasons: list[str], notes: list[str]
) -> NewZone | None:
    """Return the zone of a commune by its code; of the one that took its place, with a note."""
    written, name = cells[_CODE], cells.get(_NAME, "")
    code = normalise_commune_code(written)
    if commune_by_code(code) is None:
        heir = commune_by_code(successor_of(code))
        if heir is None:
            reasons.append(unknown_commune_reason(written))
            return None
        notes.append(f"ligne {line} : {code} n’est plus une commune, {heir.label} l’a remplacée")
        code = heir.code
    elif name and (mismatch := name_mismatch(code, name)):
        reasons.append(mismatch)
    elif not name and (question := ambiguous_code_question(code)):
        notes.append(f"ligne {line} : {question}, rien à faire")
    return NewZone(ZoneKind.COMMUNE, code)


def _read_geojson(content: bytes, path: Path) -> Iterator[_Draft]:
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise refused(f"« {path} » n’est pas du JSON lisible : {error}") from None
    for number, feature in enumerate(_features(document, path), 1):
        given: Mapping[str, Any] = _object(_object(feature).get("properties"))
        name = " ".join(_text(given.get("nom") or given.get("name")).split())
        label = f"zone n° {number}" + (f" (« {shortened(name)} »)" if name else "")
        owner, starts_on, ends_on = (_text(given.get(one)) for one in _OTHERS)
        draft = _Draft(None, label, owner, starts_on, ends_on)
        geometry = _object(feature).get("geometry")
        draft.zone = _drawn_zone(name, geometry, given, draft.reasons)
        yield draft


def _features(document: Any, path: Path) -> Sequence[Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "Feature":
        return [document]
    features = document.get("features") if kind == "FeatureCollection" else None
    if not isinstance(features, list):
        raise refused(f"« {path} » n’est pas du GeoJSON : il faut une FeatureCollection")
    return features


def _drawn_zone(
    name: str, geometry: Any, given: Mapping[str, Any], reasons: list[str]
) -> NewZone | None:
    if not name:
        reasons.append("la propriété « nom » manque")
    if len(name) > _MAX_NAME:
        reasons.append(f"nom de {len(name)} signes : {_MAX_NAME} au plus")
    is_point = isinstance(geometry, dict) and geometry.get("type") == _POINT
    stated = _text(given.get("type")).lower()
    kind = _KINDS.get(stated or ("lieu" if is_point else "contour"))
    if kind is None:
        reasons.append(f"type « {shortened(stated)} » : écrire lieu ou contour")
    if is_point:
        geometry = {**geometry, "radius_m": given.get("rayon_m", geometry.get("radius_m"))}
    try:
        shape = read_shape(geometry)
        communes_touching(shape)
    except ShapeError as error:
        reasons.append(str(error))
        return None
    return NewZone(kind, name, shape.to_geojson()) if kind else None


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
