"""Read a table from a spreadsheet: XLSX, XLSM, XLSB, XLS, ODS."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from functools import cache
from typing import IO, Any

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from notifier.directory.imports.table import AS_CSV, Table, TableRow, clean_cell, refused

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What a few kilobytes may swell to: a list of every mayor takes 40 MB.
_MAX_UNPACKED_BYTES = 512 * 1024 * 1024
# A sheet is read as a whole rectangle: one stray cell in the last corner would take 500 GB.
_MAX_CELLS = 10_000_000
# A cell with something in it; one that is only formatted closes itself.
_CELL = re.compile(
    rb"""<(?:\w+:)?c\s(?:[^>]*?\s)?r\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["'][^>]*(?<!/)>"""
)
_CHUNK = 1 << 20
_LONGEST_TAG = 512


def is_workbook(content: bytes) -> bool:
    """Return whether a file begins as those of spreadsheets do."""
    return content.startswith((_ZIP, _OLE))


def read_workbook(content: bytes, name: str, is_header: Callable[[Sequence[str]], bool]) -> Table:
    """Return the rows of the first sheet with a known header, else of the first that is not empty.

    Lines are those that the spreadsheet shows. Dates become ISO dates, whole numbers have no
    decimals. Raises FileRefused, saying in French what to do.
    """
    _refuse_swollen(content, name)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        visible = [s.name for s in book.sheets_metadata if s.visible == SheetVisibleEnum.Visible]
        sheets = {sheet: _rows(book, sheet) for sheet in visible}
    except (CalamineError, OSError, ValueError):
        raise refused(
            f"« {name} » est un classeur de tableur illisible, ou protégé par un mot de passe : "
            f"ôtez le mot de passe, ou {AS_CSV}"
        ) from None
    filled = {sheet: rows for sheet, rows in sheets.items() if rows}
    known = (s for s, rows in filled.items() if any(is_header(row.cells) for row in rows[:5]))
    chosen = next(known, next(iter(filled), ""))
    others = [sheet for sheet in filled if sheet != chosen]
    notes = [f"feuille lue : « {chosen} » ; non lues : {', '.join(others)}"] if others else []
    rows = filled.get(chosen, [])
    return Table(iter(rows), tuple(notes), len(rows))


def _rows(book: CalamineWorkbook, sheet: str) -> list[TableRow]:
    return list(_filled_rows(book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)))


def _filled_rows(grid: list[list[Any]]) -> Iterator[TableRow]:
    for line, values in enumerate(grid, 1):
        cells = [_to_text(value) for value in values]
        if any(cells):
            yield TableRow(line, cells)


def _to_text(value: Any) -> str:
    """Return a cell as a CSV of the same sheet would have it, dates in ISO form."""
    if isinstance(value, str):
        return clean_cell(value)
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _refuse_swollen(content: bytes, name: str) -> None:
    if not content.startswith(_ZIP):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > _MAX_UNPACKED_BYTES:
                raise refused(f"« {name} » est trop grand une fois décompressé : {AS_CSV}")
            for part in (one for one in parts if one.filename.lower().endswith(".xml")):
                with archive.open(part) as file:
                    _refuse_stray_cell(file, name)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise refused(f"« {name} » est un classeur de tableur abîmé : {AS_CSV}") from None


def _refuse_stray_cell(file: IO[bytes], name: str) -> None:
    """Refuse a sheet whose filled cells span too large a rectangle."""
    rows = columns = 0
    rest = b""
    while chunk := file.read(_CHUNK):
        rest += chunk
        for column, row in _CELL.findall(rest):
            rows, columns = max(rows, int(row)), max(columns, _column_number(column))
            if rows * columns > _MAX_CELLS:
                raise refused(
                    f"« {name} » a une cellule remplie loin du tableau "
                    f"({column.decode()}{row.decode()}) : effacez-la, ou {AS_CSV}"
                )
        rest = rest[-_LONGEST_TAG:]


@cache
def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
