"""Look up communes by code, name and postal code in the local file.

`build/communes.py` writes `data/communes.sqlite`; `database.py` opens it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from notifier.territory.reference import overseas
from notifier.territory.reference.database import query

KINDS = ("actuelle", "deleguee", "associee", "arrondissement")
_CODE = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{3}")


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of the current official code (COG), or one of the overseas collectivities."""

    code: str
    name: str
    departement: str
    time_zone: str
    """IANA name of its legal time."""
    phone_region: str
    """ISO region for `phonenumbers`: GP for 0690…, FR in metropolitan France."""

    @property
    def label(self) -> str:
        """The commune as shown to a person: "Delle (90033)"."""
        return f"{self.name} ({self.code})"


@dataclass(frozen=True, slots=True)
class FormerCode:
    """A code that is no current commune's, and the current commune of its land."""

    code: str
    commune: str
    kind: str
    """One of deleguee, associee, arrondissement (valid codes of the COG), ancien (abolished)."""
    name: str
    """The name under this code, empty when the source does not give it."""


@dataclass(frozen=True, slots=True)
class NamedCommune:
    """A commune that has, or had, a name."""

    commune: str
    kind: str
    """One of actuelle, deleguee, associee, arrondissement, ancien, court (official name shortened);
    in the file also jadis (before 2019) and poste (La Poste's spelling)."""


def normalise_code(given: str) -> str | None:
    """Return an INSEE code as the COG writes it ("2a004" is "2A004", "1033" "01033"), or None.

    Spreadsheets turn 01033 into the number 1033; four digits can be nothing else.
    """
    code = "".join(given.split()).upper()
    if len(code) == 4:
        code = f"0{code}"
    return code if _CODE.fullmatch(code) else None


@lru_cache(maxsize=4096)
def commune_by_code(code: str) -> Commune | None:
    """Return the current commune with exactly this code; None for former and unknown codes."""
    found = query("SELECT code, name, departement FROM commune WHERE code = ?", code)
    return _to_commune(found[0]) if found else None


def former_codes(code: str) -> list[FormerCode]:
    """Return where the land of a former code lies today: several entries after a split."""
    found = query("SELECT code, commune, kind, name FROM former_code WHERE code = ?", code)
    return [FormerCode(*row) for row in found]


def may_be_postal_code(former: list[FormerCode]) -> bool:
    """Return whether an abolished code is also the postal code of other communes today.

    INSEE's code 75012 has meant nothing since 1968, but Paris is written 75012 every day.
    """
    today = {entry.commune for entry in former}
    return any(
        entry.kind == "ancien" and communes_by_postal_code(entry.code) - today for entry in former
    )


def departement_of(code: str) -> str:
    """Return the département of an INSEE code: 90033 is in "90", 2A004 in "2A", 97105 in "971".

    A known former code counts where its commune lies today (02285 Escaufourt is in the Nord, "59"),
    unless it may be a postal code (75012, once Boulogne-Billancourt). A missing leading zero and
    lower case are accepted. "" when `code` is no INSEE code at all.
    """
    # Nearly every code is a current one, written as it should be.
    if current := commune_by_code(code):
        return current.departement
    tidy = normalise_code(code)
    if tidy is None:
        return ""
    if current := commune_by_code(tidy):
        return current.departement
    former = former_codes(tidy)
    if former and not may_be_postal_code(former) and (today := commune_by_code(former[0].commune)):
        return today.departement
    return departement_prefix(tidy)


def departement_prefix(digits: str) -> str:
    """Return the département in the first characters of a code or a postal code.

    Postal codes of Corsica still begin with 20: up to 201 is Corse-du-Sud.
    """
    if digits.startswith("20"):
        return "2A" if digits < "20200" else "2B"
    return digits[:3] if digits.startswith(("97", "98")) else digits[:2]


def all_communes() -> Iterator[Commune]:
    """Yield every current commune, ordered by code."""
    yield from map(_to_commune, query("SELECT code, name, departement FROM commune ORDER BY code"))


def communes_in(departement: str) -> list[Commune]:
    """Return the current communes of a département ("90", "2A", "971"), ordered by code."""
    # Every current code begins with its département's: the table's own order finds them.
    found = query(
        "SELECT code, name, departement FROM commune"
        " WHERE code BETWEEN ? AND ? AND departement = ? ORDER BY code",
        *(departement, f"{departement}999", departement),
    )
    return [_to_commune(row) for row in found]


def codes_in(departement: str) -> frozenset[str]:
    """Return the codes of the current communes of a département ("90", "2A", "971")."""
    found = query(
        "SELECT code FROM commune WHERE code BETWEEN ? AND ? AND departement = ?",
        *(departement, f"{departement}999", departement),
    )
    return frozenset(code for (code,) in found)


@lru_cache(maxsize=128)
def first_commune_in(departement: str) -> Commune | None:
    """Return the first current commune of a département by code: its time zone is the council's."""
    found = query(
        "SELECT code, name, departement FROM commune"
        " WHERE code BETWEEN ? AND ? AND departement = ? ORDER BY code LIMIT 1",
        *(departement, f"{departement}999", departement),
    )
    return _to_commune(found[0]) if found else None


def communes_named(key: str) -> list[NamedCommune]:
    """Return the communes with this name key (see `names.normalise`), today or since 2019."""
    found = query(
        "SELECT DISTINCT commune, coalesce(kind, 'actuelle') FROM name"
        " WHERE key = ? AND coalesce(kind, '') NOT IN ('jadis', 'poste')",
        key,
    )
    return [NamedCommune(*row) for row in found]


def communes_formerly_named(key: str) -> frozenset[str]:
    """Return the communes with the name before 2019, wholly or in part, or in La Poste's spelling.

    There are thousands, many of them the names of other communes today: they mean something only
    beside another clue.
    """
    found = query("SELECT commune FROM name WHERE key = ? AND kind IN ('jadis', 'poste')", key)
    return frozenset(row[0] for row in found)


def departement_by_name(key: str) -> str | None:
    """Return the code of the département whose name has this key, or None."""
    found = query("SELECT code FROM departement WHERE key = ?", key)
    return found[0][0] if found else None


def successors_of(code: str, key: str) -> frozenset[str]:
    """Return today's communes on the land that `code` covered when its name key was `key`.

    15141 as "Neussargues en Pinatelle" covered five of today's communes; under its present name it
    is one of them.
    """
    found = query(
        "SELECT commune FROM name WHERE key = ? AND code = ?"
        " AND coalesce(kind, '') NOT IN ('jadis', 'poste')",
        *(key, code),
    )
    return frozenset(row[0] for row in found)


def communes_by_postal_code(postal_code: str) -> frozenset[str]:
    """Return the codes of the communes that a postal code serves; empty if it is not listed."""
    found = query("SELECT commune FROM postal WHERE postal_code = ?", postal_code)
    return frozenset(row[0] for row in found)


def other_communes_by_postal_code(code: str) -> frozenset[str]:
    """Return the communes that the same number serves as a postal code, without the code's own.

    Every eleventh commune's code is the postal code of others: 90100 is Vauthiermont and, as a
    postal code, Delle.
    """
    served = communes_by_postal_code(code)
    return served and served - {code} - {former.commune for former in former_codes(code)}


def postal_codes_of(code: str) -> frozenset[str]:
    """Return the postal codes that the list has for a current commune."""
    found = query("SELECT postal_code FROM postal WHERE commune = ?", code)
    return frozenset(row[0] for row in found)


def names_in_departement(departement: str) -> dict[str, frozenset[str]]:
    """Return every current or former name key in a département, with the codes that have it.

    Reads the whole table (a few milliseconds): an index for this rare look-up would cost a third of
    the file.
    """
    found: dict[str, set[str]] = {}
    everyone = query("SELECT key, commune FROM name WHERE commune GLOB ? || '*'", departement)
    for key, code in everyone:
        found.setdefault(key, set()).add(code)
    return {key: frozenset(codes) for key, codes in found.items()}


def metadata() -> dict[str, str]:
    """Return what the file says about itself: vintage, origin, licence, counts."""
    return dict(query("SELECT key, value FROM meta"))


def count_by_kind() -> dict[str, int]:
    """Count each kind in the COG, and the communes that have contours ("contours")."""
    said = metadata()
    found = {kind: int(said[f"count_{kind}"]) for kind in KINDS}
    alone = query("SELECT count(DISTINCT id / 1000) FROM contour WHERE shared_by IS NULL")[0][0]
    shared = query("SELECT shared_by FROM contour WHERE shared_by IS NOT NULL")
    found["contours"] = alone + len({code for (codes,) in shared for code in codes.split()})
    return found


def _to_commune(row: tuple[str, str, str]) -> Commune:
    code, name, departement = row
    zone = overseas.time_zone(code, departement)
    return Commune(code, name, departement, zone, overseas.phone_region(departement))
