"""What columns a list has and what each is read as; the cells of single rows as they stand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from notifier.directory.imports.reading import FORMATS, open_table


@dataclass(frozen=True)
class Layout:
    """The columns of a table with what each is read as ("" for nothing), and chosen rows."""

    columns: list[tuple[str, str]]
    cells: dict[int, list[str]] = field(default_factory=dict)
    """By line; of a list in JSON there are none."""


def read_layout(path: Path, form: str, lines: Collection[int]) -> Layout:
    """Return the columns of a list that was read in this form, and the cells of these lines."""
    table = open_table(path, form)
    columns = FORMATS[form].columns
    if table is None:
        return Layout([(name, name) for name in columns.known])
    header, rows = table
    named = [(cell, columns.name(cell)) for cell in header]
    return Layout(
        [(cell, name if name in columns.known else "") for cell, name in named],
        {row.line: row.cells for row in rows if row.line in lines} if lines else {},
    )
