"""A sheet as Excel 97 to 2003 stored it (BIFF8 in a compound file): no library here writes one.

Formats: [MS-XLS] and [MS-CFB].
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
# Below this a stream lies elsewhere in the file.
_MIN_STREAM = 4096


def xls(*rows: Sequence[str | float]) -> bytes:
    """A workbook of one sheet."""
    return _compound_file(_workbook(rows))


def _workbook(rows: Sequence[Sequence[str | float]]) -> bytes:
    name = b"\x06\x00Liste1"
    start = len(_bof(5)) + len(_record(0x85, bytes(6) + name)) + len(_record(0x0A))
    cells = b"".join(
        _cell(row, column, value) for row, of in enumerate(rows) for column, value in enumerate(of)
    )
    head = _bof(5) + _record(0x85, struct.pack("<IH", start, 0) + name) + _record(0x0A)
    return head + _bof(0x10) + cells + _record(0x0A)


def _bof(kind: int) -> bytes:
    return _record(0x809, struct.pack("<HHHHII", 0x600, kind, 0, 0x07CC, 0, 6))


def _cell(row: int, column: int, value: str | float) -> bytes:
    where = struct.pack("<HHH", row, column, 0)
    if isinstance(value, str):
        text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
        return _record(0x204, where + text)
    return _record(0x203, where + struct.pack("<d", value))


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _compound_file(stream: bytes) -> bytes:
    """Sector 0: which sector follows which; 1: the directory; from 2 on: the stream."""
    size = max(len(stream), _MIN_STREAM)
    count = -(-size // _SECTOR)
    stream = stream.ljust(count * _SECTOR, b"\x00")
    chain = [_FAT, _END, *range(3, count + 2), _END]
    fat = struct.pack(f"<{_SECTOR // 4}I", *(chain + [_FREE] * (_SECTOR // 4 - len(chain))))
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII", bytes.fromhex("d0cf11e0a1b11ae1"), bytes(16), 0x3E, 3, 0xFFFE, 9,
        6, bytes(6), 0, 1, 1, 0, _MIN_STREAM, _END, 0, _END, 0,
    )  # fmt: skip
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    directory = _entry("Root Entry", 5, 1, _END, 0) + _entry("Workbook", 2, _FREE, 2, size)
    directory += 2 * _entry("", 0, _FREE, 0, 0)
    return header + fat + directory + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    written = (name + "\0").encode("utf-16-le") if name else b""
    return struct.pack(
        "<64sHBBIII16sIQQIQ", written, len(written), kind, 1, _FREE, _FREE, child, bytes(16), 0, 0,
        0, start, size,
    )  # fmt: skip
