"""Several communes named by their codes: each is concerned, not one of them as with other clues.

Each code is read as if it stood alone, then held against the point or the area. One that is
nobody's, or that another clue excludes, throws no doubt on the others: those stand on their own
code. But a code that is a postal code does: who sent one by mistake may have sent several, and a
postal code is often the code of another commune.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from notifier.territory.evidence import LISTED, Evidence, listing, read_insee


@dataclass(frozen=True, slots=True)
class Several:
    """What the codes say together with the other clues."""

    readings: list[Evidence]
    """The list as one clue, then each code that is in doubt as its own, twelve at the most."""
    sure: tuple[str, ...]
    """Today's communes of the codes that nothing puts in doubt, in the order given."""
    is_contradicted: bool
    """Whether another clue excludes one of the communes named."""
    is_complete: bool
    """Whether every code is among the sure ones."""


def read_several(codes: Sequence[str], others: Sequence[Evidence]) -> Several:
    """The codes as INSEE codes (current, then old), each set against the `others`."""
    here = frozenset[str]().union(*(o.communes or () for o in others if o.proves_alone))
    readings = [read_insee(code, None, here) for code in dict.fromkeys(codes)]
    is_placed = any(other.speaks for other in others)
    known = [r for r in readings if _names_one(r) and (r.proves_alone or is_placed)]
    allowed = [r for r in known if all(o.admits(code) for o in others for code in _codes(r))]
    doubtful = [reading for reading in readings if reading not in allowed]
    is_postal = any(reading.hints for reading in readings)
    sure = () if is_postal else _each_once(allowed)
    listed = Evidence("communes", _given(codes), frozenset(_each_once(known)), _says(known))
    return Several(
        readings=[listed, *doubtful[:LISTED]],
        sure=sure,
        is_contradicted=len(allowed) < len(known),
        is_complete=bool(sure) and not doubtful,
    )


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
