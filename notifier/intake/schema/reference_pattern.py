r"""The shape of a source's references, as its administrator writes it: `CORG90-\d{4}-\d{6}`.

A small subset of regular expressions, matched without backtracking, so that none can hang: single
characters, `\d`, classes, each with a bound. No groups, no alternatives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import ascii_letters, digits

MAX_LENGTH = 60
_ALPHABET = ascii_letters + digits + "._/-"
_ATOM = re.compile(
    r"(?P<one>\\d|\\[._/-]|[A-Za-z0-9_/-]|\[(?P<many>(?:\\d|\\[._/-]|[A-Za-z0-9._/-])+)\])"
    r"(?P<often>\?|\+|\*|\{[0-9]{1,2}(?:,[0-9]{1,2})?\})?"
)
_RANGE = re.compile(r"(?P<digit>\\d)|(?P<from>[A-Za-z0-9])-(?P<to>[A-Za-z0-9])|\\?(?P<lone>.)")


class PatternError(ValueError):
    """An invalid shape; the message is French, for its author."""


@dataclass(frozen=True)
class _Atom:
    characters: str
    least: int
    most: int


class ReferencePattern:
    """A shape of references."""

    def __init__(self, written: str) -> None:
        """Parse it. Raises PatternError, which says what is wrong where, and what to write."""
        self._atoms = list(_parse_atoms(written))
        if not self._atoms:
            raise PatternError("aucun caractère : écrivez par exemple CORG90-\\d{4}-\\d{6}")
        if sum(atom.least for atom in self._atoms) > MAX_LENGTH:
            raise PatternError(f"plus de {MAX_LENGTH} caractères")

    def fits(self, reference: str) -> bool:
        """Return whether the whole reference has this shape."""
        ends = {0}
        for atom in self._atoms:
            ends = {end for start in ends for end in _possible_ends(atom, reference, start)}
        return len(reference) in ends

    @property
    def example(self) -> str:
        """Return a reference of this shape, as short as it allows."""
        made, next_digit = "", 1
        for atom in self._atoms:
            for _ in range(atom.least):
                if digits[1] in atom.characters and len(atom.characters) > 1:
                    made += str(next_digit % 10)
                    next_digit += 1
                else:
                    made += atom.characters[0]
        return made


def _possible_ends(atom: _Atom, reference: str, start: int) -> list[int]:
    """Return where an atom that begins there may end."""
    length = 0
    while length < atom.most and reference[start + length : start + length + 1] in atom.characters:
        if start + length == len(reference):
            break
        length += 1
    return [start + taken for taken in range(atom.least, length + 1)]


def _parse_atoms(written: str) -> list[_Atom]:
    found, at = [], 0
    while at < len(written):
        atom = _ATOM.match(written, at)
        if atom is None:
            raise PatternError(
                f"« {written[at : at + 10]} » n’est pas compris : caractères, \\d (un chiffre), "
                "\\. (un point), [A-F0-9] (l’un de ceux-là), suivis de {4}, {1,6}, ? ou +"
            )
        found.append(_Atom(_parse_characters(atom), *_parse_bounds(atom["often"])))
        at = atom.end()
    return found


def _parse_characters(atom: re.Match[str]) -> str:
    many = atom["many"]
    if many is None:
        return digits if atom["one"] == r"\d" else atom["one"].removeprefix("\\")
    found = ""
    for part in _RANGE.finditer(many):
        if part["digit"]:
            found += digits
        elif part["lone"]:
            found += part["lone"]
        else:
            first, last = part["from"], part["to"]
            between = [c for c in _ALPHABET if first <= c <= last and c.isalnum()]
            if not between:
                raise PatternError(f"« {part[0]} » ne va de rien à rien")
            found += "".join(between)
    return "".join(dict.fromkeys(found))


def _parse_bounds(often: str | None) -> tuple[int, int]:
    if often is None:
        return 1, 1
    if often in "?+*":
        return (1 if often == "+" else 0), (1 if often == "?" else MAX_LENGTH)
    least, _, most = often.strip("{}").partition(",")
    bounds = int(least), int(most or least)
    if bounds[0] > bounds[1] or bounds[1] > MAX_LENGTH:
        raise PatternError(f"{often} : de 0 à {MAX_LENGTH}, le plus petit d’abord")
    return bounds
