"""Codes for a whole département: NUTS 3 (Eurostat), ISO 3166-2, the COG's own."""

from __future__ import annotations

import re

# What the COG's codes are called, those of communes too.
LISTS_OF_COG = {"insee", "code insee", "cog", "fr-insee"}
# Regions of Eurostat's NUTS, as of 2016 and before, and their départements in the order of the
# last digit of the code (regulations (EC) 1059/2003 and (EU) 2016/2066, annex I).
_REGIONS = (
    ("FR10", "FR10", "75 77 78 91 92 93 94 95"),
    ("FRB0", "FR24", "18 28 36 37 41 45"),
    ("FRC1", "FR26", "21 58 71 89"),
    ("FRC2", "FR43", "25 39 70 90"),
    ("FRD1", "FR25", "14 50 61"),
    ("FRD2", "FR23", "27 76"),
    ("FRE1", "FR30", "59 62"),
    ("FRE2", "FR22", "02 60 80"),
    ("FRF1", "FR42", "67 68"),
    ("FRF2", "FR21", "08 10 51 52"),
    ("FRF3", "FR41", "54 55 57 88"),
    ("FRG0", "FR51", "44 49 53 72 85"),
    ("FRH0", "FR52", "22 29 35 56"),
    ("FRI1", "FR61", "24 33 40 47 64"),
    ("FRI2", "FR63", "19 23 87"),
    ("FRI3", "FR53", "16 17 79 86"),
    ("FRJ1", "FR81", "11 30 34 48 66"),
    ("FRJ2", "FR62", "09 12 31 32 46 65 81 82"),
    ("FRK1", "FR72", "03 15 43 63"),
    ("FRK2", "FR71", "01 07 26 38 42 69 73 74"),
    ("FRL0", "FR82", "04 05 06 13 83 84"),
    ("FRM0", "FR83", "2A 2B"),
)
# Overseas a region is one département, and its code ends in a zero.
_OVERSEAS = dict(enumerate(("971", "972", "973", "974", "976"), start=1))
_NUTS = {
    f"{region}{digit}": departement
    for now, before, departements in _REGIONS
    for region in (now, before)
    for digit, departement in enumerate(departements.split(), start=1)
} | {
    f"{region}{digit}0": departement
    for region in ("FRY", "FRA", "FR9")
    for digit, departement in _OVERSEAS.items()
    if (region, digit) != ("FR9", 5)
}
_EVERY = frozenset(_NUTS.values())
_LISTS_OF_NUTS = {"nuts", "nuts3", "nuts 3", "nuts-3", "nuts_3"}
_LISTS_OF_ISO = {"iso3166-2", "iso 3166-2", "iso-3166-2"}


def departement_of_code(name: str, code: str) -> str | None:
    """Return the département for which a code of this list stands as a whole, or None."""
    listed, given = name.strip().lower(), code.strip().upper()
    if listed in _LISTS_OF_NUTS:
        return _NUTS.get(given)
    if listed in _LISTS_OF_ISO:
        given = re.sub(r"^FR-", "", given)
    elif listed not in LISTS_OF_COG:
        return None
    return given if given in _EVERY else None
