"""Read a table written as text (CSV) by any usual program."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from notifier.directory.imports.encodings import AmbiguousEncodingError, decode
from notifier.directory.imports.table import (
    AS_CSV,
    Table,
    TableRow,
    clean_cell,
    refused,
)

_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_SEPARATOR = re.compile(r"\s*\"?sep=(?P<sign>[^\n])[^\n]*\n", re.IGNORECASE)
_DELIMITERS = ";,\t|"
# Older files of the RNE begin with a title, which has no delimiter.
_MAX_TITLE_LINES = 5


def read_text_table(content: bytes, name: str) -> Table:
    """Return the rows of a text file, whatever its encoding, delimiter and line ends.

    Raises FileRefused, saying in French what to do, when it is not text, or empty.
    """
    text, encoding = _decode(content, name)
    skipped = 0
    if declared := _SEPARATOR.match(text):
        delimiter = declared["sign"]
        skipped = declared[0].count("\n")
        text = text[declared.end() :]
    else:
        delimiter = _find_delimiter(text)
    notes = (f"fichier lu comme un CSV ({encoding}) : vérifiez les accents",) if encoding else ()
    return Table(_split_rows(text, delimiter, skipped), notes, text.count("\n"))


def _find_delimiter(text: str) -> str:
    """Return the sign that divides the first line that is divided."""
    lines = text.lstrip("\n ").split("\n", _MAX_TITLE_LINES)[:_MAX_TITLE_LINES]
    divided = (line for line in lines if any(sign in line for sign in _DELIMITERS))
    return max(_DELIMITERS, key=next(divided, "").count)


def _split_rows(text: str, delimiter: str, skipped: int) -> Iterator[TableRow]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    next_line = 1
    try:
        for cells in reader:
            line, next_line = next_line, reader.line_num + 1
            cells = [clean_cell(cell) for cell in cells]
            if any(cells):
                yield TableRow(line + skipped, cells)
    except csv.Error:
        # The reader cannot tell where the next row begins: what follows stays unread.
        fault = "guillemets mal placés ou jamais refermés : la suite du fichier est illisible"
        yield TableRow(next_line + skipped, [], fault)


def _decode(content: bytes, name: str) -> tuple[str, str]:
    """Return the text, and the name of its encoding if it is an unusual one."""
    try:
        text, encoding = decode(content)
    except AmbiguousEncodingError:
        raise refused(
            f"« {name} » n’est pas en UTF-8, et son encodage ne se devine pas : {AS_CSV}"
        ) from None
    if _BINARY.search(text):
        raise refused(f"« {name} » n’est pas un fichier texte : {AS_CSV}")
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding
