"""Contours as the file keeps them: packed, unpacked, found by box or by commune.

One row is one connected piece of land, in an R*Tree over its box. The row's number says whose it
is (`number`); only land that several communes share, because no source divides it yet, lists them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count, takewhile
from typing import NamedTuple, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from notifier.territory.geometry.geometry import GRID, Box, Plane
from notifier.territory.reference.database import rows

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
# Little-endian steps of two or of four bytes, by the letter that stands before them.
_STEPS = {"h": "<i2", "i": "<i4"}


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

    def corners(self) -> list[NDArray[np.int64]]:
        """Its rings, the outer one first and none closed."""
        return unpack(self.rings, self.min_x, self.min_y)

    def polygon(self) -> Polygon:
        """The land, on the grid."""
        return cast(Polygon, polygons([self])[0])


def number(code: str, piece: int) -> int:
    """The row number of a commune's piece of land. Raises `ValueError` beyond the thousandth."""
    if piece >= _PIECES:
        raise ValueError(f"la commune {code} a plus de {_PIECES} morceaux de terre")
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


def polygons(found: Sequence[Contour], plane: Plane = GRID) -> NDArray[np.object_]:
    """The pieces of land as shapely polygons, as they are seen on a plane."""
    unpacked = [contour.corners() for contour in found]
    rings = [ring for piece in unpacked for ring in piece]
    if not rings:
        return np.array([], dtype=object)
    ring_of_corner = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    piece_of_ring = np.repeat(np.arange(len(unpacked)), [len(piece) for piece in unpacked])
    corners = plane.seen(np.concatenate(rings))
    closed = cast("NDArray[np.object_]", shapely.linearrings(corners, indices=ring_of_corner))
    return cast("NDArray[np.object_]", shapely.polygons(closed, indices=piece_of_ring))


def pack(land: Polygon) -> tuple[tuple[int, int, int, int], bytes]:
    """The box of a polygon on the grid, and its rings as steps from corner to corner.

    A letter (h: steps of two bytes, i: of four; a capital before the few polygons with holes: then
    the number of rings and their lengths come first), the steps; the first starts at the box's
    corner. Little-endian.
    """
    rings = [np.rint(shapely.get_coordinates(r)[:-1]).astype(int) for r in shapely.get_rings(land)]
    corners = np.concatenate(rings)
    left, low = corners.min(axis=0).tolist()
    right, high = corners.max(axis=0).tolist()
    steps = np.diff(corners, axis=0, prepend=[[left, low]]).ravel()
    lengths = [len(rings), *map(len, rings)] if len(rings) > 1 else []
    numbers = np.concatenate([np.array(lengths, dtype=int), steps])
    letter = "h" if (numbers == numbers.astype(_STEPS["h"])).all() else "i"
    packed = numbers.astype(_STEPS[letter]).tobytes()
    return (left, right, low, high), (letter.upper() if lengths else letter).encode() + packed


def unpack(packed: bytes, left: int, low: int) -> list[NDArray[np.int64]]:
    """The rings that `pack` packed, the outer one first and none closed; `left` and `low` are the
    corner of their box."""
    letter = chr(packed[0])
    numbers = np.frombuffer(packed, dtype=_STEPS[letter.lower()], offset=1)
    several = 0 if letter.islower() else int(numbers[0])
    steps = numbers[1 + several if several else 0 :].reshape(-1, 2)
    corners = np.array((left, low)) + steps.cumsum(axis=0, dtype=np.int64)
    return np.split(corners, numbers[1:several].cumsum()) if several else [corners]


def rows_of(
    code: str, pieces: Iterable[Polygon], shared_by: str
) -> list[tuple[int | float | str | bytes | None, ...]]:
    """The rows to insert for a commune's land; `shared_by` lists the codes if several share it."""
    packed = [pack(piece) for piece in pieces]
    return [
        (number(code, at), *box, shared_by or None, rings) for at, (box, rings) in enumerate(packed)
    ]
