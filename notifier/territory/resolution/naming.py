"""What a commune's name says when read by itself, however it is written.

What the name is in all of France comes first. What may be meant by it (an old name, a spelling of
La Poste, a slip) counts only inside the reach of the other clues: the communes of the postal code,
those that share one with the code's, or those of the point.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from notifier.territory.reference import communes as reference
from notifier.territory.resolution.decoration import Plain, undecorated
from notifier.territory.resolution.evidence import Evidence, count, listing
from notifier.territory.resolution.names import closest, normalise

# From this length on, what a field of so many characters left of a name is still recognisable.
_SHORTEST_CUT = 18
# How many readings of a name are held against all names around: each takes some milliseconds.
_TRIED = 2


def recognised(name: str) -> Plain:
    """The name with the least taken off that some commune bears or bore; else just its key."""
    found = (plain for plain in _undecorated(name) if _is_borne(plain.key))
    return next(found, Plain(normalise(name)))


def read_name(given: str, plain: Plain, inside: frozenset[str]) -> Evidence:
    """A name, as `recognised`: whoever bears it; else whoever of `inside` it may mean.

    `inside` is the reach of the other clues (empty when none gives one). A close match counts only
    if nobody in France bears the name, and no other commune of these départements comes near it.
    """
    if not plain.key:
        return Evidence("name", given, frozenset(), f"« {given} » n’est pas un nom de commune.")
    bearers = reference.bearers(plain.key)
    everywhere = frozenset(bearer.commune for bearer in bearers)
    codes = frozenset(code for code in everywhere if _fits(code, plain))
    if meant := _called_otherwise(given, inside, codes):
        says = f"« {given} » est, pour La Poste ou autrefois, le nom de {listing(meant)}."
        return Evidence("name", given, codes | meant, says)
    if codes:
        says = f"« {given} » est porté par {count(codes)} : {listing(codes)}."
        if {bearer.kind for bearer in bearers} <= {"deleguee", "associee", "ancien"}:
            says += " C’est un nom de commune déléguée, associée ou ancienne."
        return Evidence("name", given, codes, says)
    if everywhere:
        says = (
            f"« {given} » : le numéro donné avec le nom n’est pas celui de {listing(everywhere)}."
        )
        return Evidence("name", given, frozenset(), says, hints=everywhere)
    return _nearly(given, plain, inside)


def _undecorated(name: str) -> Iterator[Plain]:
    return undecorated(name, reference.departement_named)


def _is_borne(key: str) -> bool:
    return bool(reference.bearers(key) or reference.other_bearers(key))


def _fits(code: str, plain: Plain) -> bool:
    """Whether every number written with the name is the commune's."""
    return all(_is_number_of(number, code) for number in plain.numbers)


def _is_number_of(number: str, code: str) -> bool:
    if len(number) < 5:
        departement = reference.departement_of(code)
        return number == departement or (number == "20" and departement in ("2A", "2B"))
    former = {entry.commune for entry in reference.former_codes(number)}
    return number == code or code in former | reference.served_by(number)


def _called_otherwise(
    given: str, inside: frozenset[str], bearers: frozenset[str]
) -> frozenset[str]:
    """The communes of `inside` that bore the name before 2019, or that La Poste writes so.

    Nobody where a commune of these départements is among today's `bearers`: that one is meant.
    """
    if not inside or bearers & inside:
        return frozenset()
    departements = {reference.departement_of(code) for code in inside}
    if any(reference.departement_of(code) in departements for code in bearers):
        return frozenset()
    for plain in _undecorated(given):
        meant = reference.other_bearers(plain.key) & inside
        if meant := frozenset(code for code in meant if _fits(code, plain)):
            return meant
    return frozenset()


def _nearly(given: str, plain: Plain, inside: frozenset[str]) -> Evidence:
    """The one commune of `inside` that a misspelt or cut name is close to; nobody without it."""
    says = f"Aucune commune ne porte le nom « {given} »."
    former = reference.other_bearers(plain.key)
    nobody = Evidence("name", given, frozenset(), says, hints=former)
    neighbourhood: dict[str, frozenset[str]] = {}
    for departement in sorted({reference.departement_of(code) for code in inside}):
        for known, codes in reference.names_in(departement).items():
            neighbourhood[known] = neighbourhood.get(known, frozenset()) | codes
    for candidate in islice(_undecorated(given), _TRIED) if inside else ():
        meant = closest(candidate.key, neighbourhood) or _cut(candidate.key, neighbourhood)
        if meant is not None:
            if meant not in inside or not _fits(meant, candidate):
                return nobody
            says += f" Un seul nom voisin s’en approche : {listing([meant])}."
            return Evidence("name", given, frozenset({meant}), says)
    return nobody


def _cut(key: str, bearers: dict[str, frozenset[str]]) -> str | None:
    """The commune whose name a field too short for it cut off, if there is only one."""
    if len(key) < _SHORTEST_CUT:
        return None
    meant = {code for known, codes in bearers.items() if known.startswith(key) for code in codes}
    return meant.pop() if len(meant) == 1 else None
