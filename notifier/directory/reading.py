"""A contact file as a spreadsheet writes it, turned into cells with their line numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("code_commune", "fonction", "rang", "nom", "prenom", "mobile", "courriel")
COMMUNE_NAME = "commune"
"""A column that a file may have besides: it tells a code from the postal code with its number."""
_HEADER = ";".join(COLUMNS)
_AS_CSV = "dans le tableur, choisissez « Enregistrer sous », « CSV UTF-8 »"
_NEVER_IN_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


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


def read_rows(path: Path) -> Iterator[RawRow]:
    """The rows below the header, empty ones left out.

    Raises FileRefused, saying in French what to do, when the file cannot be read, is no text, or
    has another header.
    """
    text = _text(path)
    first = text.lstrip().split("\n", 1)[0]
    delimiter = ";" if first.count(";") >= first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not header:
                header = _header(cells, line)
            elif len(cells) != len(header):
                yield RawRow(line, {}, f"{len(cells)} cellules au lieu de {len(header)}")
            else:
                yield RawRow(line, dict(zip(header, cells, strict=True)))
    except csv.Error:
        # The reader cannot tell where the next row begins: what follows stays unread.
        yield RawRow(
            begins,
            {},
            "guillemets mal placés ou jamais refermés : la suite du fichier est illisible",
        )


def _header(cells: list[str], line: int) -> list[str]:
    """The header's names, in its order. Raises FileRefused naming what is missing or in surplus."""
    reasons = []
    if missing := [name for name in COLUMNS if name not in cells]:
        reasons.append(f"colonne manquante : {', '.join(missing)}")
    known = (*COLUMNS, COMMUNE_NAME)
    if surplus := [name or "(sans nom)" for name in cells if name not in known]:
        reasons.append(f"colonne en trop : {', '.join(surplus)}")
    if twice := [name for name in known if cells.count(name) > 1]:
        reasons.append(f"colonne présente deux fois : {', '.join(twice)}")
    if reasons:
        raise FileRefused(Fault(line, (*reasons, f"l’en-tête attendu est {_HEADER}")))
    return cells


def _text(path: Path) -> str:
    """The file's text: UTF-8, or else the Latin-1 of Windows spreadsheets."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise _refused(f"le fichier « {path} » n’existe pas") from None
    except IsADirectoryError:
        raise _refused(f"« {path} » est un dossier : donnez le fichier CSV lui-même") from None
    except OSError as error:
        raise _refused(f"le fichier « {path} » est illisible ({error.strerror})") from None
    if content.startswith(b"PK\x03\x04"):
        raise _refused(f"« {path} » est un classeur de tableur, pas un CSV : {_AS_CSV}")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused(f"« {path} » est en UTF-16 : {_AS_CSV}")
    text = _decoded(content)
    if text is None or _NEVER_IN_TEXT.search(text):
        raise _refused(f"« {path} » n’est pas un fichier texte : {_AS_CSV}")
    if not text.strip():
        raise _refused(f"le fichier « {path} » est vide : il y faut l’en-tête {_HEADER}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(content: bytes) -> str | None:
    # cp1252 is Latin-1 with the signs (’ œ €) that Windows adds where Latin-1 has none.
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _refused(reason: str) -> FileRefused:
    return FileRefused(Fault(None, (reason,)))
