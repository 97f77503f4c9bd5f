"""Read a commune's name by itself, however it is written.

The name as borne anywhere in France comes first. What else may be meant by it (an old name, a
spelling of La Poste, a typing error) counts only among the communes that the other clues make
plausible: those of the postal code, those that share one with the code's, or those of the point.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from notifier.territory.reference import communes as reference
from notifier.territory.resolution.decoration import BareName, bare_names
from notifier.territory.resolution.evidence import Evidence, format_communes, format_count
from notifier.territory.resolution.names import closest_commune, normalise

# From this length on, what a field of so many characters left of a name is still recognisable.
_MIN_TRUNCATED_LENGTH = 18
# How many readings of a name are held against all names around: each takes some milliseconds.
_MAX_FUZZY_CANDIDATES = 2


def recognise(name: str) -> BareName:
    """Return the name with the least removed that some commune has or had; else just its key."""
    found = (plain for plain in _candidates(name) if _is_known(plain.key))
    return next(found, BareName(normalise(name)))


def read_name(given: str, plain: BareName, plausible: frozenset[str]) -> Evidence:
    """Read a recognised name: its communes; else the one of `plausible` that it may mean.

    `plausible` are the communes that the other clues allow (empty when there is none). A close
    match counts only if no commune in France has the name, and no other commune of these
    départements comes near it.
    """
    if not plain.key:
        return Evidence("name", given, frozenset(), f"« {given} » n’est pas un nom de commune.")
    bearers = reference.communes_named(plain.key)
    everywhere = frozenset(bearer.commune for bearer in bearers)
    codes = frozenset(code for code in everywhere if _matches_numbers(code, plain))
    if meant := _match_former_name(given, plausible, codes):
        says = f"« {given} » est, pour La Poste ou autrefois, le nom de {format_communes(meant)}."
        return Evidence("name", given, codes | meant, says)
    if codes:
        says = f"« {given} » est porté par {format_count(codes)} : {format_communes(codes)}."
        if {bearer.kind for bearer in bearers} <= {"deleguee", "associee", "ancien"}:
            says += " C’est un nom de commune déléguée, associée ou ancienne."
        return Evidence("name", given, codes, says)
    if everywhere:
        says = f"« {given} » : le numéro donné avec le nom n’est pas celui de "
        says += f"{format_communes(everywhere)}."
        return Evidence("name", given, frozenset(), says, hints=everywhere)
    return _match_misspelt(given, plain, plausible)


def _candidates(name: str) -> Iterator[BareName]:
    return bare_names(name, reference.departement_by_name)


def _is_known(key: str) -> bool:
    return bool(reference.communes_named(key) or reference.communes_formerly_named(key))


def _matches_numbers(code: str, plain: BareName) -> bool:
    """Return whether every number written with the name belongs to the commune."""
    return all(_is_number_of(number, code) for number in plain.numbers)


def _is_number_of(number: str, code: str) -> bool:
    if len(number) < 5:
        departement = reference.departement_of(code)
        return number == departement or (number == "20" and departement in ("2A", "2B"))
    former = {entry.commune for entry in reference.former_codes(number)}
    return number == code or code in former | reference.communes_by_postal_code(number)


def _match_former_name(
    given: str, plausible: frozenset[str], bearers: frozenset[str]
) -> frozenset[str]:
    """Return the communes of `plausible` with this name before 2019, or in La Poste's spelling.

    None where a commune of these départements has the name today (`bearers`): that one is meant.
    """
    if not plausible or bearers & plausible:
        return frozenset()
    departements = {reference.departement_of(code) for code in plausible}
    if any(reference.departement_of(code) in departements for code in bearers):
        return frozenset()
    for plain in _candidates(given):
        meant = reference.communes_formerly_named(plain.key) & plausible
        if meant := frozenset(code for code in meant if _matches_numbers(code, plain)):
            return meant
    return frozenset()


def _match_misspelt(given: str, plain: BareName, plausible: frozenset[str]) -> Evidence:
    """Match the one commune of `plausible` that a misspelt or truncated name is close to."""
    says = f"Aucune commune ne porte le nom « {given} »."
    former = reference.communes_formerly_named(plain.key)
    nobody = Evidence("name", given, frozenset(), says, hints=former)
    neighbourhood: dict[str, frozenset[str]] = {}
    for departement in sorted({reference.departement_of(code) for code in plausible}):
        for known, codes in reference.names_in_departement(departement).items():
            neighbourhood[known] = neighbourhood.get(known, frozenset()) | codes
    for candidate in islice(_candidates(given), _MAX_FUZZY_CANDIDATES) if plausible else ():
        meant = closest_commune(candidate.key, neighbourhood) or _match_truncated(
            candidate.key, neighbourhood
        )
        if meant is not None:
            if meant not in plausible or not _matches_numbers(meant, candidate):
                return nobody
            says += f" Un seul nom voisin s’en approche : {format_communes([meant])}."
            return Evidence("name", given, frozenset({meant}), says)
    return nobody


def _match_truncated(key: str, bearers: dict[str, frozenset[str]]) -> str | None:
    """Return the commune whose name the field cut off, if there is only one."""
    if len(key) < _MIN_TRUNCATED_LENGTH:
        return None
    meant = {code for known, codes in bearers.items() if known.startswith(key) for code in codes}
    return meant.pop() if len(meant) == 1 else None
