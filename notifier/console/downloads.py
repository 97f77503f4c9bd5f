"""Answers that a browser saves as a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from notifier.directory.sheets import Cell, to_csv, to_xlsx

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def table_answer(
    header: Sequence[str], rows: Iterable[Sequence[Cell]], name: str, file_format: str
) -> HttpResponse:
    """Send a table as XLSX where that is asked for, else as CSV; `name` without its ending."""
    if file_format == "xlsx":
        return file_answer(to_xlsx(name[:31], header, rows), f"{name}.xlsx", XLSX)
    return file_answer(to_csv(header, rows), f"{name}.csv", "text/csv; charset=utf-8")


def file_answer(content: bytes, name: str, content_type: str) -> HttpResponse:
    """Send a file under a name of ASCII letters."""
    disposition = f'attachment; filename="{name}"'
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": disposition}
    )
