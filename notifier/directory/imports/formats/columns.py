"""Tell by its columns which list a table is, and name those that it lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from notifier.directory.imports.table import Fault, FileRefused, Table, TableRow, column_name


@dataclass(frozen=True)
class Columns:
    """The columns of a format, by the names that `column_name` gives; first those it needs."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    synonyms: dict[str, str] = field(default_factory=dict)
    """Names in other editions of the same list."""
    expected: str = ""
    """The header as an example, for whoever has to write one."""
    instead_of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns by name, each with those of the needed ones that may be missing beside it."""

    def name(self, cell: str) -> str:
        """Return a header's cell as the name that this format knows."""
        found = column_name(cell)
        return self.synonyms.get(found, found)

    def missing(self, found: Collection[str]) -> list[str]:
        """Return which needed columns are not among those found."""
        spared = {name for one in found for name in self.instead_of.get(one, ())}
        return [name for name in self.needed if name not in found and name not in spared]

    @property
    def known(self) -> tuple[str, ...]:
        """Every column that is read."""
        return (*self.needed, *self.optional)


@dataclass(frozen=True)
class CellsRow:
    """The cells of one row by column name, or the fault for which they cannot be told apart."""

    line: int
    cells: dict[str, str]
    fault: str = ""


def read_header(columns: Columns, row: TableRow, *, notes: list[str]) -> list[str]:
    """Return the column names in order, and note those that are not read.

    Raises FileRefused naming the columns that are missing or doubled.
    """
    if row.fault:
        raise FileRefused(Fault(row.line, (row.fault,)))
    cells = list(row.cells)
    while cells and not cells[-1]:
        cells.pop()
    found = [columns.name(cell) for cell in cells]
    reasons = []
    if missing := columns.missing(found):
        reasons.append(f"colonne manquante : {', '.join(missing)}")
    if repeated := [name for name in columns.known if found.count(name) > 1]:
        reasons.append(f"colonne présente deux fois : {', '.join(repeated)}")
    if reasons:
        expected = columns.expected or ";".join(columns.needed)
        raise FileRefused(Fault(row.line, (*reasons, f"l’en-tête attendu est {expected}")))
    ignored = [
        cell or "(sans nom)"
        for cell, name in zip(cells, found, strict=True)
        if name not in columns.known
    ]
    if ignored and columns.expected:
        plural = "s" if len(ignored) > 1 else ""
        notes.append(f"colonne{plural} en trop, ignorée{plural} : {', '.join(ignored)}")
    return found


def rows_below(table: Table, columns: Columns, header: Sequence[str]) -> Iterator[CellsRow]:
    """Yield the rows below the header; one whose cells may have shifted has a fault instead."""
    for row in table.rows:
        cells = list(row.cells)
        surplus, lacking = cells[len(header) :], header[len(cells) :]
        fault = row.fault
        # Spreadsheets leave the last empty cell out, or add one; anything else may have shifted.
        if not fault and (any(surplus) or sum(name in columns.known for name in lacking) > 1):
            fault = f"{len(cells)} cellules au lieu de {len(header)}"
        cells += [""] * len(lacking)
        named = {} if fault else dict(zip(header, cells, strict=False))
        yield CellsRow(row.line, named, fault)
