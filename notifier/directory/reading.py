"""A contact file as a spreadsheet writes it, turned into cells with their line numbers."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from notifier.directory.encodings import UndecidedError, decoded
from notifier.directory.names import key
from notifier.mailbox import strip_invisible
from notifier.unreadable import describe_os_error

COLUMNS = ("code_commune", "fonction", "rang", "nom", "prenom", "mobile", "courriel")
COMMUNE_NAME = "commune"
"""A column that a file may have besides: it tells a code from the postal code with its number."""
_KNOWN = (*COLUMNS, COMMUNE_NAME)
_HEADER = ";".join(COLUMNS)
_AS_CSV = "dans le tableur, choisissez « Enregistrer sous », « CSV UTF-8 »"
_NEVER_IN_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_SEPARATOR = re.compile(r"\s*\"?sep=(?P<sign>[^\n])[^\n]*\n", re.IGNORECASE)
_DELIMITERS = ";,\t"


@dataclass(frozen=True)
class Fault:
    """Why a file is refused: at a line of it (1 is the header), or as a whole when line is None."""

    line: int | None
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        said = " ; ".join(self.reasons)
        return said if self.line is None else f"ligne {self.line} : {said}"


class FileRefused(Exception):
    """The file holds at least one fault; nothing of it is kept."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


@dataclass(frozen=True)
class RawRow:
    """The cells of one row by column name, or the fault for which they cannot be told apart."""

    line: int
    cells: dict[str, str]
    fault: str = ""


@dataclass(frozen=True)
class Sheet:
    """A file of which the header has been read: the rows below it, and notes in French on it."""

    rows: Iterator[RawRow]
    notes: tuple[str, ...]


def read_sheet(path: Path) -> Sheet:
    """The file's rows, empty ones left out.

    Raises FileRefused, saying in French what to do, when the file cannot be read, is no text, or
    lacks a column.
    """
    text, encoding = _text(path)
    skipped = 0
    if said := _SEPARATOR.match(text):
        delimiter = said["sign"]
        skipped = said[0].count("\n")
        text = text[said.end() :]
    else:
        first = text.lstrip("\n ").split("\n", 1)[0]
        delimiter = max(_DELIMITERS, key=first.count)
    rows = _rows(text, delimiter, skipped)
    header: list[str] = []
    notes = [f"fichier lu comme un CSV ({encoding}) : vérifiez les accents"] if encoding else []
    for line, cells, fault in rows:
        if fault:
            raise FileRefused(Fault(line, (fault,)))
        header = _header(cells, line)
        if ignored := [cell or "(sans nom)" for cell in cells if _column(cell) not in _KNOWN]:
            plural = "s" if len(ignored) > 1 else ""
            notes.append(f"colonne{plural} en trop, ignorée{plural} : {', '.join(ignored)}")
        break
    return Sheet(_by_column(rows, header), tuple(notes))


def _rows(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str], str]]:
    """The line, the cells and the fault of every row that has anything in it."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            cells = [strip_invisible(unicodedata.normalize("NFC", cell)) for cell in cells]
            if any(cells):
                yield line + skipped, cells, ""
    except csv.Error:
        # The reader cannot tell where the next row begins: what follows stays unread.
        fault = "guillemets mal placés ou jamais refermés : la suite du fichier est illisible"
        yield begins + skipped, [], fault


def _by_column(rows: Iterator[tuple[int, list[str], str]], header: list[str]) -> Iterator[RawRow]:
    for line, cells, fault in rows:
        surplus, lacking = cells[len(header) :], header[len(cells) :]
        # Spreadsheets leave the last empty cell out, or add one; anything else may have shifted.
        if not fault and (any(surplus) or sum(name in _KNOWN for name in lacking) > 1):
            fault = f"{len(cells)} cellules au lieu de {len(header)}"
        cells += [""] * len(lacking)
        yield RawRow(line, {} if fault else dict(zip(header, cells, strict=False)), fault)


def _header(cells: list[str], line: int) -> list[str]:
    """The names of the columns, in their order; raises FileRefused naming what is missing."""
    while cells and not cells[-1]:
        cells.pop()
    columns = [_column(cell) for cell in cells]
    reasons = []
    if missing := [name for name in COLUMNS if name not in columns]:
        reasons.append(f"colonne manquante : {', '.join(missing)}")
    if twice := [name for name in _KNOWN if columns.count(name) > 1]:
        reasons.append(f"colonne présente deux fois : {', '.join(twice)}")
    if reasons:
        raise FileRefused(Fault(line, (*reasons, f"l’en-tête attendu est {_HEADER}")))
    return columns


def _column(cell: str) -> str:
    """ "Code commune" is code_commune, "Prénom" prenom."""
    return key(cell.replace("_", " ")).replace(" ", "_")


def _text(path: Path) -> tuple[str, str]:
    """The file's text, and the name of its encoding when it is a rare one."""
    try:
        content = path.read_bytes()
    except IsADirectoryError:
        raise _refused(f"« {path} » est un dossier : donnez le fichier CSV lui-même") from None
    except OSError as error:
        raise _refused(f"le fichier « {path} » {describe_os_error(error)}") from None
    if content.startswith(b"PK\x03\x04"):
        raise _refused(f"« {path} » est un classeur de tableur, pas un CSV : {_AS_CSV}")
    try:
        text, encoding = decoded(content)
    except UndecidedError:
        raise _refused(
            f"« {path} » n’est pas en UTF-8, et son encodage ne se devine pas : {_AS_CSV}"
        ) from None
    if _NEVER_IN_TEXT.search(text):
        raise _refused(f"« {path} » n’est pas un fichier texte : {_AS_CSV}")
    if not text.strip():
        raise _refused(f"le fichier « {path} » est vide : il y faut l’en-tête {_HEADER}")
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def _refused(reason: str) -> FileRefused:
    return FileRefused(Fault(None, (reason,)))
