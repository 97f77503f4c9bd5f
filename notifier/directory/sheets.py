"""Tables that a spreadsheet opens: what it would compute is defused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

# A spreadsheet computes what begins so (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Cell = str | int | float | None


def to_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a table as UTF-8 with its mark, its cells apart by semicolons."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_written(_defused(cell)) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def to_xlsx(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a table as a workbook with one sheet."""
    # 0.2 s of processor that no process spends as it starts.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append([_defused(cell) for cell in header])
    for row in rows:
        sheet.append([_defused(cell) for cell in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _defused(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _written(cell: Cell) -> Cell:
    """Write a number as a French spreadsheet reads it."""
    return str(cell).replace(".", ",") if isinstance(cell, float) else cell
