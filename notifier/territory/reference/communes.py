"""The communes of the file and the look-ups by code, name and postal code.

`data/communes.sqlite` is written by `build.py`; `file.py` opens it, here it is only asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from notifier.territory.reference import overseas
from notifier.territory.reference.database import rows

KINDS = ("actuelle", "deleguee", "associee", "arrondissement")
_CODE = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{3}")


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of today's official code (COG), or one of the overseas collectivities."""

    code: str
    name: str
    departement: str
    time_zone: str
    """IANA name of its legal time."""
    phone_region: str
    """ISO region for `phonenumbers`: GP for 0690…, FR in the metropole."""

    @property
    def label(self) -> str:
        """How the commune is shown to a person: "Delle (90033)"."""
        return f"{self.name} ({self.code})"


@dataclass(frozen=True, slots=True)
class FormerCode:
    """A code that is no current commune's, and the commune it lies in today."""

    code: str
    commune: str
    kind: str
    """deleguee, associee or arrondissement (living codes of the COG), or ancien (gone)."""
    name: str
    """The name under this code, empty when the source does not give it."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """A commune that bears, or bore, a name."""

    commune: str
    kind: str
    """actuelle, deleguee, associee, arrondissement, ancien, or court (official name shortened);
    in the file also jadis (before 2019) and poste (La Poste's own spelling)."""


def tidy_code(given: str) -> str | None:
    """An INSEE code as the COG writes it: "2a004" -> "2A004", "1033" -> "01033"; None if no code.

    Spreadsheets turn 01033 into the number 1033; four digits can be nothing else.
    """
    code = "".join(given.split()).upper()
    if len(code) == 4:
        code = f"0{code}"
    return code if _CODE.fullmatch(code) else None


@lru_cache(maxsize=4096)
def commune_by_code(code: str) -> Commune | None:
    """The current commune under exactly this code; None for old codes and codes of nobody."""
    found = rows("SELECT code, name, departement FROM commune WHERE code = ?", code)
    return _commune(found[0]) if found else None


def former_codes(code: str) -> list[FormerCode]:
    """Where a code that is not a current commune's lies today (several entries after a split)."""
    found = rows("SELECT code, commune, kind, name FROM former_code WHERE code = ?", code)
    return [FormerCode(*row) for row in found]


def confused_with_postal(former: list[FormerCode]) -> bool:
    """Whether an old code is dead and the same number is other communes' postal code today.

    INSEE's code 75012 has meant nothing since 1968, but Paris is written 75012 every day.
    """
    today = {entry.commune for entry in former}
    return any(entry.kind == "ancien" and served_by(entry.code) - today for entry in former)


def departement_of(code: str) -> str:
    """The département of an INSEE code: "90033" -> "90", "2A004" -> "2A", "97105" -> "971".

    A known old code counts where its commune lies today (02285 Escaufourt is in the Nord, "59"),
    unless it may as well be a postal code (75012, once Boulogne-Billancourt). A lost leading zero
    and lower case are forgiven. "" when `code` is no INSEE code at all.
    """
    tidy = tidy_code(code)
    if tidy is None:
        return ""
    if current := commune_by_code(tidy):
        return current.departement
    former = former_codes(tidy)
    if (
        former
        and not confused_with_postal(former)
        and (today := commune_by_code(former[0].commune))
    ):
        return today.departement
    return departement_written_in(tidy)


def departement_written_in(digits: str) -> str:
    """The département that the first characters of a code or a postal code name.

    Postal codes of Corsica still begin with 20: up to 201 is Corse-du-Sud.
    """
    if digits.startswith("20"):
        return "2A" if digits < "20200" else "2B"
    return digits[:3] if digits.startswith(("97", "98")) else digits[:2]


def all_communes() -> Iterator[Commune]:
    """Every current commune, in the order of the codes."""
    yield from map(_commune, rows("SELECT code, name, departement FROM commune ORDER BY code"))


def communes_in(departement: str) -> list[Commune]:
    """The current communes of a département ("90", "2A", "971"), in the order of the codes."""
    # Every current code begins with its département's: the table's own order finds them.
    found = rows(
        "SELECT code, name, departement FROM commune"
        " WHERE code BETWEEN ? AND ? AND departement = ? ORDER BY code",
        *(departement, f"{departement}999", departement),
    )
    return [_commune(row) for row in found]


def bearers(key: str) -> list[Bearer]:
    """Who bears the name with this key (see `names.normalise`), or bore it since 2019."""
    found = rows(
        "SELECT DISTINCT commune, coalesce(kind, 'actuelle') FROM name"
        " WHERE key = ? AND coalesce(kind, '') NOT IN ('jadis', 'poste')",
        key,
    )
    return [Bearer(*row) for row in found]


def other_bearers(key: str) -> frozenset[str]:
    """The communes that bore the name before 2019, wholly or in part, or that La Poste writes so.

    There are thousands, many of them the names of other communes today: they mean something only
    beside another clue.
    """
    found = rows("SELECT commune FROM name WHERE key = ? AND kind IN ('jadis', 'poste')", key)
    return frozenset(row[0] for row in found)


def departement_named(key: str) -> str | None:
    """The code of the département whose name has this key, or None."""
    found = rows("SELECT code FROM departement WHERE key = ?", key)
    return found[0][0] if found else None


def parts_of(code: str, key: str) -> frozenset[str]:
    """Today's communes on the land that `code` covered when it bore the name `key`.

    15141 as "Neussargues en Pinatelle" covered five of today's communes; under its present name
    it is one of them.
    """
    found = rows(
        "SELECT commune FROM name WHERE key = ? AND code = ?"
        " AND coalesce(kind, '') NOT IN ('jadis', 'poste')",
        *(key, code),
    )
    return frozenset(row[0] for row in found)


def served_by(postal_code: str) -> frozenset[str]:
    """Codes of the communes that a postal code serves; empty for one not in the list (CEDEX)."""
    found = rows("SELECT commune FROM postal WHERE postal_code = ?", postal_code)
    return frozenset(row[0] for row in found)


def rivals_of(code: str) -> frozenset[str]:
    """The communes that the same number serves as a postal code, without the code's own.

    Every eleventh commune's code is the postal code of others: 90100 is Vauthiermont and, written
    on an envelope, Delle.
    """
    served = served_by(code)
    return served and served - {code} - {former.commune for former in former_codes(code)}


def postal_codes_of(code: str) -> frozenset[str]:
    """The postal codes that the list knows for a current commune."""
    found = rows("SELECT postal_code FROM postal WHERE commune = ?", code)
    return frozenset(row[0] for row in found)


def names_in(departement: str) -> dict[str, frozenset[str]]:
    """Every name key borne or once borne in a département, with the codes that bear it.

    Walks the whole table (a few milliseconds): an index for this rare question would cost a third
    of the file.
    """
    found: dict[str, set[str]] = {}
    everyone = rows("SELECT key, commune FROM name WHERE commune GLOB ? || '*'", departement)
    for key, code in everyone:
        found.setdefault(key, set()).add(code)
    return {key: frozenset(codes) for key, codes in found.items()}


def vintage() -> dict[str, str]:
    """What the file says of itself: vintage, origin, licence, counts."""
    return dict(rows("SELECT key, value FROM meta"))


def counts() -> dict[str, int]:
    """How many of each kind the COG holds, and how many communes have contours ("contours")."""
    said = vintage()
    found = {kind: int(said[f"count_{kind}"]) for kind in KINDS}
    alone = rows("SELECT count(DISTINCT id / 1000) FROM contour WHERE shared_by IS NULL")[0][0]
    shared = rows("SELECT shared_by FROM contour WHERE shared_by IS NOT NULL")
    found["contours"] = alone + len({code for (codes,) in shared for code in codes.split()})
    return found


def _commune(row: tuple[str, str, str]) -> Commune:
    code, name, departement = row
    zone = overseas.time_zone(code, departement)
    return Commune(code, name, departement, zone, overseas.phone_region(departement))
