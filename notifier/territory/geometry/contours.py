"""Contours as stored in the file: packed, unpacked, found by bounding box or by commune.

One row is one connected piece of land, in an R*Tree over its bounding box. The row id gives the
commune (`row_id`); only land that several communes share, because no source divides it, lists its
codes.
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
from notifier.territory.reference.database import query

SCHEMA = """
CREATE VIRTUAL TABLE contour USING rtree_i32(
    id, min_x, max_x, min_y, max_y, +shared_by TEXT, +rings BLOB);
"""
_COLUMNS = "SELECT id, min_x, max_x, min_y, max_y, shared_by, rings FROM contour"
_MAX_PIECES = 1000
"""Row ids reserved for each commune's pieces of land."""
# Corsica in a number: no current code begins with 20 or 96.
_CORSICA_DIGITS = {"2A": "20", "2B": "96"}
_CORSICA_LETTERS = {digits: letters for letters, digits in _CORSICA_DIGITS.items()}
# Little-endian steps of two or of four bytes, by the letter that stands before them.
_DTYPES = {"h": "<i2", "i": "<i4"}


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
        """The code of the commune, or the codes of those that share the land."""
        return tuple(self.shared_by.split()) if self.shared_by else (commune_code(self.id),)

    @property
    def box(self) -> Box:
        """The bounding box, in grid units."""
        return self.min_x, self.max_x, self.min_y, self.max_y

    def corners(self) -> list[NDArray[np.int64]]:
        """Return the rings, the outer one first and none closed."""
        return unpack(self.rings, self.min_x, self.min_y)

    def polygon(self) -> Polygon:
        """Return the land as a polygon on the grid."""
        return cast(Polygon, to_polygons([self])[0])


def row_id(code: str, piece: int) -> int:
    """Return the row id of a commune's piece of land. Raises `ValueError` beyond the thousandth."""
    if piece >= _MAX_PIECES:
        raise ValueError(f"la commune {code} a plus de {_MAX_PIECES} morceaux de terre")
    return int(_CORSICA_DIGITS.get(code[:2], code[:2]) + code[2:]) * _MAX_PIECES + piece


def commune_code(row_number: int) -> str:
    """Return the code of the commune that a row id belongs to."""
    digits = f"{row_number // _MAX_PIECES:05d}"
    return _CORSICA_LETTERS.get(digits[:2], digits[:2]) + digits[2:]


def contours_in_box(box: Box) -> list[Contour]:
    """Return the pieces of land whose bounding box intersects this one."""
    found = query(f"{_COLUMNS} WHERE max_x >= ? AND min_x <= ? AND max_y >= ? AND min_y <= ?", *box)
    return [Contour(*row) for row in found]


def contours_of(code: str) -> list[Contour]:
    """Return the pieces of land of a commune; empty if no source gives its contours."""
    # The tree finds a row at once by its number, but walks all of it for a range of numbers.
    by_number = (query(f"{_COLUMNS} WHERE id = ?", row_id(code, piece)) for piece in count())
    found = [Contour(*row[0]) for row in takewhile(bool, by_number)]
    # Shared land stands under one of its communes only.
    return found or [Contour(*row) for row in query(f"{_COLUMNS} WHERE instr(shared_by, ?)", code)]


def to_polygons(found: Sequence[Contour], plane: Plane = GRID) -> NDArray[np.object_]:
    """Return the pieces of land as shapely polygons, projected onto a plane."""
    unpacked = [contour.corners() for contour in found]
    rings = [ring for piece in unpacked for ring in piece]
    if not rings:
        return np.array([], dtype=object)
    ring_of_corner = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    piece_of_ring = np.repeat(np.arange(len(unpacked)), [len(piece) for piece in unpacked])
    corners = plane.to_metres(np.concatenate(rings))
    closed = cast("NDArray[np.object_]", shapely.linearrings(corners, indices=ring_of_corner))
    return cast("NDArray[np.object_]", shapely.polygons(closed, indices=piece_of_ring))


def pack(land: Polygon) -> tuple[tuple[int, int, int, int], bytes]:
    """Return the bounding box of a polygon on the grid, and its rings as steps between corners.

    One letter (h: steps of two bytes, i: of four; upper case for the few polygons with holes, where
    the number of rings and their lengths come first), then the steps, the first from the box's
    corner. Little-endian.
    """
    rings = [np.rint(shapely.get_coordinates(r)[:-1]).astype(int) for r in shapely.get_rings(land)]
    corners = np.concatenate(rings)
    left, low = corners.min(axis=0).tolist()
    right, high = corners.max(axis=0).tolist()
    steps = np.diff(corners, axis=0, prepend=[[left, low]]).ravel()
    lengths = [len(rings), *map(len, rings)] if len(rings) > 1 else []
    numbers = np.concatenate([np.array(lengths, dtype=int), steps])
    letter = "h" if (numbers == numbers.astype(_DTYPES["h"])).all() else "i"
    packed = numbers.astype(_DTYPES[letter]).tobytes()
    return (left, right, low, high), (letter.upper() if lengths else letter).encode() + packed


def unpack(packed: bytes, left: int, low: int) -> list[NDArray[np.int64]]:
    """Return the rings that `pack` packed, the outer one first and none closed.

    `left` and `low` are the corner of their bounding box.
    """
    letter = chr(packed[0])
    numbers = np.frombuffer(packed, dtype=_DTYPES[letter.lower()], offset=1)
    several = 0 if letter.islower() else int(numbers[0])
    steps = numbers[1 + several if several else 0 :].reshape(-1, 2)
    corners = np.array((left, low)) + steps.cumsum(axis=0, dtype=np.int64)
    return np.split(corners, numbers[1:several].cumsum()) if several else [corners]


def to_rows(
    code: str, pieces: Iterable[Polygon], shared_by: str
) -> list[tuple[int | float | str | bytes | None, ...]]:
    """Return the rows to insert for a commune's land; `shared_by` lists the codes that share it."""
    packed = [pack(piece) for piece in pieces]
    return [
        (row_id(code, at), *box, shared_by or None, rings) for at, (box, rings) in enumerate(packed)
    ]
