"""Contours as the file keeps them: packed, unpacked, found by box or by commune.

One row is one connected piece of land, in an R*Tree over its box. The row's number says whose it
is (`number`); only land that several communes share, because no source divides it yet, lists them.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, count, pairwise, takewhile
from typing import NamedTuple

from notifier.territory.file import rows
from notifier.territory.geometry import Box, Surface

SCHEMA = """
CREATE VIRTUAL TABLE contour USING rtree_i32(
    id, min_x, max_x, min_y, max_y, +shared_by TEXT, +rings BLOB);
"""
_COLUMNS = "SELECT id, min_x, max_x, min_y, max_y, shared_by, rings FROM contour"
_PIECES = 1000
"""Row numbers that each commune has for its pieces of land."""
# Corsica in a number: no current code begins with 20 or 96.
_LETTERS = {"2A": "20", "2B": "96"}
_DIGITS = {digits: letters for letters, digits in _LETTERS.items()}
_SHORT = range(-(2**15), 2**15)


class Contour(NamedTuple):
    """A piece of land, still packed."""

    id: int
    min_x: int
    max_x: int
    min_y: int
    max_y: int
    shared_by: str | None
    rings: bytes

    @property
    def communes(self) -> tuple[str, ...]:
        """The codes of the commune, or of those that share the land."""
        return tuple(self.shared_by.split()) if self.shared_by else (code_of(self.id),)

    @property
    def box(self) -> Box:
        """The box around it, in units."""
        return self.min_x, self.max_x, self.min_y, self.max_y

    def surface(self) -> Surface:
        """Its rings, unpacked."""
        return unpack(self.rings, self.min_x, self.min_y)


def number(code: str, piece: int) -> int:
    """The row number of a commune's piece of land. Raises `ValueError` beyond the thousandth."""
    if piece >= _PIECES:
        raise ValueError(f"{code} has more than {_PIECES} pieces of land")
    return int(_LETTERS.get(code[:2], code[:2]) + code[2:]) * _PIECES + piece


def code_of(row_number: int) -> str:
    """The commune of a row number."""
    digits = f"{row_number // _PIECES:05d}"
    return _DIGITS.get(digits[:2], digits[:2]) + digits[2:]


def in_box(box: Box) -> list[Contour]:
    """The pieces of land whose box meets this one."""
    found = rows(f"{_COLUMNS} WHERE max_x >= ? AND min_x <= ? AND max_y >= ? AND min_y <= ?", *box)
    return [Contour(*row) for row in found]


def of_commune(code: str) -> list[Contour]:
    """The pieces of land of a commune; empty for those whose contours no source gives."""
    # The tree finds a row at once by its number, but walks all of it for a range of numbers.
    by_number = (rows(f"{_COLUMNS} WHERE id = ?", number(code, piece)) for piece in count())
    found = [Contour(*row[0]) for row in takewhile(bool, by_number)]
    # Shared land stands under one of its communes only.
    return found or [Contour(*row) for row in rows(f"{_COLUMNS} WHERE instr(shared_by, ?)", code)]


def pack(surface: Sequence[tuple[Sequence[int], Sequence[int]]]) -> tuple[Box, bytes]:
    """The box of a surface, and its rings as steps from vertex to vertex.

    A letter (h: steps of two bytes, i: of four; a capital before the few surfaces of several rings:
    then their number and lengths come first), the steps; the first starts at the box's corner.
    Little-endian.
    """
    xs = [x for ring in surface for x in ring[0]]
    ys = [y for ring in surface for y in ring[1]]
    left, low = min(xs), min(ys)
    steps_x = [b - a for a, b in pairwise([left, *xs])]
    steps_y = [b - a for a, b in pairwise([low, *ys])]
    steps = chain.from_iterable(zip(steps_x, steps_y, strict=True))
    several = len(surface) > 1
    lengths = [len(surface), *(len(ring[0]) for ring in surface)] if several else []
    numbers = [*lengths, *steps]
    letter = "h" if all(n in _SHORT for n in numbers) else "i"
    packed = _little_endian(array(letter, numbers)).tobytes()
    return (left, max(xs), low, max(ys)), (letter.upper() if several else letter).encode() + packed


def unpack(packed: bytes, left: int, low: int) -> Surface:
    """The rings that `pack` packed; `left` and `low` are the corner of their box."""
    letter = chr(packed[0])
    numbers = array(letter.lower())
    numbers.frombytes(packed[1:])
    _little_endian(numbers)
    several = 0 if letter.islower() else numbers[0]
    first = 1 + several if several else 0
    xs = list(accumulate(numbers[first::2], initial=left))
    ys = list(accumulate(numbers[first + 1 :: 2], initial=low))
    if not several:
        return [(xs[1:], ys[1:])]
    ends = pairwise(accumulate(numbers[1:first], initial=1))
    return [(xs[start:end], ys[start:end]) for start, end in ends]


def _little_endian(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def rows_of(
    code: str, pieces: Iterable[Sequence[tuple[Sequence[int], Sequence[int]]]], shared_by: str
) -> list[tuple[int | float | str | bytes | None, ...]]:
    """The rows to insert for a commune's land; `shared_by` lists the codes if several share it."""
    packed = [pack(piece) for piece in pieces]
    return [
        (number(code, at), *box, shared_by or None, rings) for at, (box, rings) in enumerate(packed)
    ]
