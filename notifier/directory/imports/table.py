"""What every reader of a list returns: rows of cells with their lines, or why there are none."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from notifier.directory.names import fold
from notifier.mailbox import strip_invisible

AS_CSV = "dans le tableur, choisissez « Enregistrer sous », « CSV UTF-8 »"

_COMPUTING = frozenset("=+-@")


@dataclass(frozen=True)
class Fault:
    """Why a file is refused: in one line (1 is the header), or as a whole if `line` is None."""

    line: int | None
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        said = " ; ".join(self.reasons)
        return said if self.line is None else f"ligne {self.line} : {said}"


class FileRefused(Exception):
    """The file has at least one fault; nothing of it is imported."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


@dataclass(frozen=True)
class TableRow:
    """The cells of one line, without what shows nothing, or the fault that shifted them."""

    line: int
    cells: list[str]
    fault: str = ""


@dataclass(frozen=True)
class Table:
    """A list as a program wrote it: rows that are not empty, the header among the first of them."""

    rows: Iterator[TableRow]
    notes: tuple[str, ...] = ()
    size: int = 0
    """About how many rows there are."""


def refused(reason: str) -> FileRefused:
    """Return the refusal of a file as a whole."""
    return FileRefused(Fault(None, (reason,)))


def clean_cell(text: str) -> str:
    """Return the cell with composed accents and without what shows nothing at its ends.

    An apostrophe before a sign of computing was put there by an export, against spreadsheets.
    """
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    text = composed.strip() if text.isascii() else strip_invisible(composed)
    return text[1:] if text[:1] == "'" and text[1:2] in _COMPUTING else text


def column_name(cell: str) -> str:
    """Return the column's name: "Code commune" is code_commune, "Prénom" prenom."""
    return fold(cell.replace("_", " ")).replace(" ", "_")
