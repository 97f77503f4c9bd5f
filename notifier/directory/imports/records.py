"""Read the records of a JSON file one by one: a dump of 90,000 services is 350 MB."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from notifier.directory.imports.table import refused

_CHUNK = 1 << 20
_MAX_RECORD = 16 * _CHUNK
_BETWEEN = frozenset(" \t\r\n,")
# The list stands under one of these names, or is the document itself.
_LIST = re.compile(r"\s*(?:\{[^\[]*?\"(?:service|results|records|data)\"\s*:\s*)?\[")


def is_json(head: bytes) -> bool:
    """Return whether a file begins as JSON does."""
    return head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[")


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of the file's list, or of its lines (NDJSON).

    Raises FileRefused, saying in French what to do, where the file is no such JSON or is cut short.
    """
    with path.open(encoding="utf-8-sig") as file:
        try:
            yield from _records(file, path.name)
        except UnicodeDecodeError:
            raise refused(f"« {path.name} » n’est pas en UTF-8, comme le veut JSON") from None


def _records(file: IO[str], name: str) -> Iterator[dict[str, Any]]:
    buffer = file.read(_CHUNK)
    opening = _LIST.match(buffer)
    place = opening.end() if opening else 0
    decoder = json.JSONDecoder()
    is_over = False
    while True:
        start = _next_record(buffer, place)
        if opening and buffer[start : start + 1] == "]":
            return
        try:
            record, place = decoder.raw_decode(buffer, start)
        except ValueError:
            record = None
            more = "" if len(buffer) - start > _MAX_RECORD else file.read(_CHUNK)
            is_over = not more
            buffer, place = buffer[start:] + more, 0
        if is_over:
            break
        if isinstance(record, dict):
            # The API's first form has the fields of a record one level down.
            fields = record.get("fields")
            yield fields if isinstance(fields, dict) else record
    if opening or buffer.strip():
        raise refused(f"« {name} » n’est pas un fichier JSON entier : téléchargez-le de nouveau")


def _next_record(buffer: str, place: int) -> int:
    while place < len(buffer) and buffer[place] in _BETWEEN:
        place += 1
    return place
