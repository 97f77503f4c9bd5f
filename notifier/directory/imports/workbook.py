"""Read a table from a spreadsheet: XLSX, XLSM, XLSB, XLS, ODS."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from notifier.directory.imports.table import AS_CSV, Table, TableRow, clean_cell, refused

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What a few kilobytes may swell to: a list of every mayor takes 40 MB.
_MAX_UNPACKED_BYTES = 512 * 1024 * 1024


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
            size = sum(part.file_size for part in archive.infolist())
    except zipfile.BadZipFile:
        raise refused(f"« {name} » est un classeur de tableur abîmé : {AS_CSV}") from None
    if size > _MAX_UNPACKED_BYTES:
        raise refused(f"« {name} » est trop grand une fois décompressé : {AS_CSV}")
