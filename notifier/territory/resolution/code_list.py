"""Read a list of INSEE codes: every commune is affected, not one of them as with other clues.

Each code is read by itself, then compared with the point or the area. A code that is unknown,
excluded by another clue or also a postal code puts no doubt on the others. But one that can only be
a postal code does, unless a position confirms the others: whoever sends one by mistake sends them
all as postal codes. A list that holds all communes of a département means them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from notifier.territory.reference import communes as reference
from notifier.territory.resolution.evidence import (
    MAX_LISTED,
    Evidence,
    format_communes,
    is_unconfirmed,
    read_insee,
    with_postal_doubt,
)


@dataclass(frozen=True, slots=True)
class CodeList:
    """What the codes say together with the other clues."""

    readings: list[Evidence]
    """The list as one clue, then each code that is in doubt as its own, at most twelve."""
    confirmed: tuple[str, ...]
    """Current communes of the codes without doubt, in the order given."""
    is_contradicted: bool
    """Whether another clue excludes one of the communes, or a postal code may be meant."""
    is_complete: bool
    """Whether every code is confirmed."""


def read_code_list(codes: Sequence[str], others: Sequence[Evidence]) -> CodeList:
    """Read the codes as INSEE codes, current or former, and compare each with the `others`."""
    point_communes = frozenset[str]().union(*(o.communes or () for o in others if o.proves_alone))
    readings = [read_insee(code, "", point_communes) for code in dict.fromkeys(codes)]
    is_placed = any(other.speaks for other in others)
    known = [r for r in readings if _is_one_commune(r) and (r.proves_alone or is_placed)]
    is_postal = not is_placed and any(reading.hints for reading in readings)
    whole = _whole_departements(known)
    unconfirmed = [r for r in known if not _codes(r) <= whole and is_unconfirmed(r, others)]
    admitted = [r for r in known if all(o.admits(code) for o in others for code in _codes(r))]
    allowed = [reading for reading in admitted if reading not in unconfirmed]
    doubtful = [
        with_postal_doubt(reading) if reading in unconfirmed else reading
        for reading in readings
        if reading not in allowed
    ]
    confirmed = () if is_postal else _unique_codes(allowed)
    listed = Evidence(
        "communes", _format_given(codes), frozenset(_unique_codes(known)), _explain(known)
    )
    return CodeList(
        readings=[listed, *doubtful[:MAX_LISTED]],
        confirmed=confirmed,
        is_contradicted=len(allowed) < len(known),
        is_complete=bool(confirmed) and not doubtful,
    )


def _whole_departements(known: Sequence[Evidence]) -> frozenset[str]:
    """Return the communes of each département of which the list holds all: no postal codes."""
    named = frozenset(_unique_codes(known))
    departements = {reference.departement_of(code) for code in named}
    every = map(reference.codes_in, departements)
    return frozenset[str]().union(*(communes for communes in every if communes <= named))


def _is_one_commune(reading: Evidence) -> bool:
    return len(_codes(reading)) == 1


def _codes(reading: Evidence) -> frozenset[str]:
    return reading.communes or frozenset()


def _unique_codes(readings: Iterable[Evidence]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for reading in readings for code in _codes(reading)))


def _format_given(codes: Sequence[str]) -> str:
    rest = len(codes) - MAX_LISTED
    return ", ".join(codes[:MAX_LISTED]) + (f" et {rest} de plus" if rest > 0 else "")


def _explain(known: Sequence[Evidence]) -> str:
    named = _unique_codes(known)
    if not named:
        return "Aucun des codes donnés ne désigne une commune pour certain."
    return f"Les codes donnés désignent : {format_communes(named)}."
