"""Write `data/epci.csv` and `data/departements.csv` from a release of Etalab's lists.

The list of EPCI is the DGCL's of the year (`EDITION` in `zones/epci.py`); that of the départements,
INSEE's.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from notifier.territory.build.sources import BadSourceError
from notifier.territory.zones import departements, epci
from notifier.territory.zones.epci import Nature

# How the DGCL shortens the nature; MET69 is the métropole de Lyon, which is no EPCI in law (CGCT
# art. L3611-1) but exercises the powers of one.
_NATURES = {
    "CC": Nature.COMMUNAUTE_DE_COMMUNES,
    "CA": Nature.COMMUNAUTE_D_AGGLOMERATION,
    "CU": Nature.COMMUNAUTE_URBAINE,
    "METRO": Nature.METROPOLE,
    "MET69": Nature.METROPOLE,
}
# What the DGCL's list of 1 January 2026 holds.
_EXPECTED_EPCI, _EXPECTED_MEMBERS = 1_255, 34_871
# INSEE's type of name (TNCC) as the words between "département" and the name.
_ARTICLES = {0: "de ", 1: "d’", 2: "du ", 3: "de la ", 4: "des ", 5: "de l’"}
# INSEE gives no article to these; French does.
_OWN_ARTICLES = {"984": "des ", "987": "de la ", "988": "de la ", "989": "de l’"}


def write_groupings(folder: Path, known: Iterable[str]) -> None:
    """Write both files from an unpacked release; `known` are the codes of today's communes.

    Raises `BadSourceError` when the release is another edition or names an unknown commune.
    """
    groupings = sorted(_read(folder / "data" / "epci.json", "membres"), key=lambda one: one["code"])
    members = [str(member["code"]) for one in groupings for member in one["membres"]]
    found = len(groupings), len(members), len(set(members))
    if found != (_EXPECTED_EPCI, _EXPECTED_MEMBERS, _EXPECTED_MEMBERS):
        raise BadSourceError(f"epci.json: another edition, {found} EPCI, members, communes")
    if strangers := sorted(set(members) - set(known)):
        raise BadSourceError(f"epci.json: unknown communes {strangers[:5]}")
    _write(
        epci.FILE,
        ("siren", "nature", "nom", "communes"),
        (
            (
                one["code"],
                _NATURES[one["type"]].value,
                _typographic(one["nom"]),
                " ".join(sorted(member["code"] for member in one["membres"])),
            )
            for one in groupings
        ),
    )
    _write(
        departements.FILE,
        ("code", "nom", "complement"),
        (
            (
                one["code"],
                _typographic(one["nom"]),
                _OWN_ARTICLES.get(one["code"], _ARTICLES[one["typeLiaison"]])
                + _typographic(one["nom"]),
            )
            for one in sorted(_read(folder / "data" / "departements.json"), key=lambda d: d["code"])
        ),
    )


def _typographic(name: str) -> str:
    return " ".join(name.replace("'", "’").split())


def _read(file: Path, *needed: str) -> list[dict[str, Any]]:
    try:
        records = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadSourceError(f"{file} is not readable as JSON: {error}") from error
    if not isinstance(records, list) or not all(
        {"code", "nom", *needed} <= record.keys() for record in records
    ):
        raise BadSourceError(f"{file} is not a list of names with their codes")
    return records


def _write(file: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, delimiter=";", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    print(f"{file.name}: {file.stat().st_size:,} bytes")
