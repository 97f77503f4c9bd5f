"""Several communes named by their codes: each is concerned, not one of them as with other clues.

Each code is read as if it stood alone, then held against the point or the area. One that is
nobody's, that another clue excludes, or that is others' postal code as well, throws no doubt on
the others: those stand on their own code. But one that can only be a postal code does, unless a
position confirms them: who sent it by mistake sends postal codes. A list that holds all communes of
a département means them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from notifier.territory.reference import communes as reference
from notifier.territory.resolution.evidence import (
    LISTED,
    Evidence,
    doubted,
    is_unconfirmed,
    listing,
    read_insee,
)


@dataclass(frozen=True, slots=True)
class Several:
    """What the codes say together with the other clues."""

    readings: list[Evidence]
    """The list as one clue, then each code that is in doubt as its own, twelve at the most."""
    sure: tuple[str, ...]
    """Today's communes of the codes that nothing puts in doubt, in the order given."""
    is_contradicted: bool
    """Whether another clue excludes one of the communes named, or a postal code may be meant."""
    is_complete: bool
    """Whether every code is among the sure ones."""


def read_several(codes: Sequence[str], others: Sequence[Evidence]) -> Several:
    """The codes as INSEE codes (current, then old), each set against the `others`."""
    here = frozenset[str]().union(*(o.communes or () for o in others if o.proves_alone))
    readings = [read_insee(code, "", here) for code in dict.fromkeys(codes)]
    is_placed = any(other.speaks for other in others)
    known = [r for r in readings if _names_one(r) and (r.proves_alone or is_placed)]
    is_postal = not is_placed and any(reading.hints for reading in readings)
    whole = _whole_departements(known)
    unconfirmed = [r for r in known if not _codes(r) <= whole and is_unconfirmed(r, others)]
    admitted = [r for r in known if all(o.admits(code) for o in others for code in _codes(r))]
    allowed = [reading for reading in admitted if reading not in unconfirmed]
    doubtful = [
        doubted(reading) if reading in unconfirmed else reading
        for reading in readings
        if reading not in allowed
    ]
    sure = () if is_postal else _each_once(allowed)
    listed = Evidence("communes", _given(codes), frozenset(_each_once(known)), _says(known))
    return Several(
        readings=[listed, *doubtful[:LISTED]],
        sure=sure,
        is_contradicted=len(allowed) < len(known),
        is_complete=bool(sure) and not doubtful,
    )


def _whole_departements(known: Sequence[Evidence]) -> frozenset[str]:
    """The communes of each département that the list holds entirely: no postal code among them."""
    named = frozenset(_each_once(known))
    departements = {reference.departement_of(code) for code in named}
    every = [{c.code for c in reference.communes_in(departement)} for departement in departements]
    return frozenset[str]().union(*(communes for communes in every if communes <= named))


def _names_one(reading: Evidence) -> bool:
    return len(_codes(reading)) == 1


def _codes(reading: Evidence) -> frozenset[str]:
    return reading.communes or frozenset()


def _each_once(readings: Iterable[Evidence]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for reading in readings for code in _codes(reading)))


def _given(codes: Sequence[str]) -> str:
    rest = len(codes) - LISTED
    return ", ".join(codes[:LISTED]) + (f" et {rest} de plus" if rest > 0 else "")


def _says(known: Sequence[Evidence]) -> str:
    named = _each_once(known)
    if not named:
        return "Aucun des codes donnés ne désigne une commune pour certain."
    return f"Les codes donnés désignent : {listing(named)}."
