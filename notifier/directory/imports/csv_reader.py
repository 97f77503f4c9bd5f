"""Read a CSV file as spreadsheets write it into cells with their line numbers."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from notifier.directory.imports.encodings import AmbiguousEncodingError, decode
from notifier.directory.names import fold
from notifier.mailbox import strip_invisible
from notifier.unreadable import describe_os_error

COLUMNS = ("code_commune", "fonction", "rang", "nom", "prenom", "mobile", "courriel")
COMMUNE_NAME = "commune"
"""An optional column; it tells a commune code from the postal code with the same digits."""
_KNOWN = (*COLUMNS, COMMUNE_NAME)
_EXPECTED_HEADER = ";".join(COLUMNS)
_AS_CSV = "dans le tableur, choisissez « Enregistrer sous », « CSV UTF-8 »"
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_SEPARATOR = re.compile(r"\s*\"?sep=(?P<sign>[^\n])[^\n]*\n", re.IGNORECASE)
_DELIMITERS = ";,\t"


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
class RawRow:
    """The cells of one row by column name, or the fault for which they cannot be told apart."""

    line: int
    cells: dict[str, str]
    fault: str = ""


@dataclass(frozen=True)
class Sheet:
    """A file whose header has been read: the rows below it, and notes on it in French."""

    rows: Iterator[RawRow]
    notes: tuple[str, ...]


def read_sheet(path: Path) -> Sheet:
    """Read the file's rows, without the empty ones.

    Raises FileRefused, saying in French what to do, when the file cannot be read, is not text, or
    lacks a column.
    """
    text, encoding = _read_text(path)
    skipped = 0
    if declared := _SEPARATOR.match(text):
        delimiter = declared["sign"]
        skipped = declared[0].count("\n")
        text = text[declared.end() :]
    else:
        first = text.lstrip("\n ").split("\n", 1)[0]
        delimiter = max(_DELIMITERS, key=first.count)
    rows = _split_rows(text, delimiter, skipped)
    header: list[str] = []
    notes = [f"fichier lu comme un CSV ({encoding}) : vérifiez les accents"] if encoding else []
    for line, cells, fault in rows:
        if fault:
            raise FileRefused(Fault(line, (fault,)))
        header = _read_header(cells, line)
        if ignored := [cell or "(sans nom)" for cell in cells if _column_name(cell) not in _KNOWN]:
            plural = "s" if len(ignored) > 1 else ""
            notes.append(f"colonne{plural} en trop, ignorée{plural} : {', '.join(ignored)}")
        break
    return Sheet(_raw_rows(rows, header), tuple(notes))


def _split_rows(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str], str]]:
    """Yield the line, the cells and the fault of every row that is not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    next_line = 1
    try:
        for cells in reader:
            line, next_line = next_line, reader.line_num + 1
            cells = [strip_invisible(unicodedata.normalize("NFC", cell)) for cell in cells]
            if any(cells):
                yield line + skipped, cells, ""
    except csv.Error:
        # The reader cannot tell where the next row begins: what follows stays unread.
        fault = "guillemets mal placés ou jamais refermés : la suite du fichier est illisible"
        yield next_line + skipped, [], fault


def _raw_rows(rows: Iterator[tuple[int, list[str], str]], header: list[str]) -> Iterator[RawRow]:
    for line, cells, fault in rows:
        surplus, lacking = cells[len(header) :], header[len(cells) :]
        # Spreadsheets leave the last empty cell out, or add one; anything else may have shifted.
        if not fault and (any(surplus) or sum(name in _KNOWN for name in lacking) > 1):
            fault = f"{len(cells)} cellules au lieu de {len(header)}"
        cells += [""] * len(lacking)
        yield RawRow(line, {} if fault else dict(zip(header, cells, strict=False)), fault)


def _read_header(cells: list[str], line: int) -> list[str]:
    """Return the column names in order. Raises FileRefused naming those that are missing."""
    while cells and not cells[-1]:
        cells.pop()
    columns = [_column_name(cell) for cell in cells]
    reasons = []
    if missing := [name for name in COLUMNS if name not in columns]:
        reasons.append(f"colonne manquante : {', '.join(missing)}")
    if repeated := [name for name in _KNOWN if columns.count(name) > 1]:
        reasons.append(f"colonne présente deux fois : {', '.join(repeated)}")
    if reasons:
        raise FileRefused(Fault(line, (*reasons, f"l’en-tête attendu est {_EXPECTED_HEADER}")))
    return columns


def _column_name(cell: str) -> str:
    """Return the column's name: "Code commune" is code_commune, "Prénom" prenom."""
    return fold(cell.replace("_", " ")).replace(" ", "_")


def _read_text(path: Path) -> tuple[str, str]:
    """Return the file's text, and the name of its encoding if it is an unusual one."""
    try:
        content = path.read_bytes()
    except IsADirectoryError:
        raise _refused(f"« {path} » est un dossier : donnez le fichier CSV lui-même") from None
    except OSError as error:
        raise _refused(f"le fichier « {path} » {describe_os_error(error)}") from None
    if content.startswith(b"PK\x03\x04"):
        raise _refused(f"« {path} » est un classeur de tableur, pas un CSV : {_AS_CSV}")
    try:
        text, encoding = decode(content)
    except AmbiguousEncodingError:
        raise _refused(
            f"« {path} » n’est pas en UTF-8, et son encodage ne se devine pas : {_AS_CSV}"
        ) from None
    if _BINARY.search(text):
        raise _refused(f"« {path} » n’est pas un fichier texte : {_AS_CSV}")
    if not text.strip():
        raise _refused(f"le fichier « {path} » est vide : il y faut l’en-tête {_EXPECTED_HEADER}")
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def _refused(reason: str) -> FileRefused:
    return FileRefused(Fault(None, (reason,)))
