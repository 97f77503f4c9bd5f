"""Read an operator's TOML file, and say of each fault in which file, on which line, at which key.

pydantic validates the document; what is said of a fault is in French, with what to write instead.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from notifier.unreadable import describe_os_error

# A key's path in the document: ("families", "C01", "lane"); of the second of [[rules]]:
# ("rules", 1, "lane").
Key = tuple[str | int, ...]


class TomlRefusedError(Exception):
    """The file cannot be used; the message is in French, with the file's name and the line."""


@dataclass(frozen=True)
class TomlFile:
    """What a file says, and where each key stands in it."""

    path: Path
    document: dict[str, Any]
    lines: Mapping[Key, int]

    def say(self, faults: Iterable[tuple[Key, str]]) -> str:
        """Return the faults in the order of the lines, one a line: "x.toml:4 : rules[2].lane …"."""
        placed = sorted((self._line_of(key), written_key(key), what) for key, what in faults)
        return "\n".join(f"{self.path}:{line} : {key} {what}" for line, key, what in placed)

    def _line_of(self, key: Key) -> int:
        """Return the line of the key, else of the section that it is missing from."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)


def read_toml(path: Path) -> TomlFile:
    """Read the file. Raises TomlRefusedError if it is unreadable, not UTF-8 or not TOML."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TomlRefusedError(f"{path} {describe_os_error(error)}") from error
    return parse_toml(path, content)


def parse_toml(path: Path, content: bytes) -> TomlFile:
    """Read what a file holds; `path` only names it. Raises as `read_toml`."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise TomlRefusedError(f"{path}:{line} : l’enregistrer en UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise TomlRefusedError(f"{path} : TOML non valide, corriger la ligne : {error}") from error
    return TomlFile(path, document, _line_of_each_key(text))


def written_key(key: Key) -> str:
    """Return the key's path as a person counts: "rules[2].lane"."""
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in key)
    return "".join(parts).removeprefix(".")


_SECTION = re.compile(r'\s*\[\s*(\w+)\s*(?:\.\s*"?([\w.]+)"?\s*)?\]')
_ITEM = re.compile(r"\s*\[\[\s*(\w+)\s*\]\]")
_ENTRY = re.compile(r"""\s*["']?([\w.-]+)["']?\s*=""")


def _line_of_each_key(text: str) -> dict[Key, int]:
    """Find where each section and key stands: the standard library's parser does not say."""
    lines: dict[Key, int] = {}
    section: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if item := _ITEM.match(line):
            position = sum(key[:1] == (item[1],) and len(key) == 2 for key in lines)
            section = (item[1], position)
            lines[section] = number
        elif header := _SECTION.match(line):
            section = tuple(part for part in header.groups() if part)
            lines.setdefault(section, number)
        elif entry := _ENTRY.match(line):
            lines.setdefault((*section, entry[1]), number)
    return lines


# --- what a key may hold; a field's description follows « écrire » where it holds something else


def one_of(words: Iterable[str], intro: str = "l’un de") -> Any:
    """Describe a field that holds one of the words."""
    return Field(description=f"{intro} " + ", ".join(f'"{word}"' for word in words))


def some_of(words: Iterable[str]) -> Any:
    """Describe a field that holds a list of the words."""
    return one_of(words, "une liste d’un ou plusieurs de")


def distinct(words: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse an empty list, and one that says a word twice."""
    if not words or len(set(words)) < len(words):
        raise ValueError(f"vaut {[*words]} ; en nommer un ou plusieurs, chacun une fois")
    return words


def describe(fault: ErrorDetails, fields: Mapping[str, FieldInfo], to_write: str) -> str:
    """Say in French what is wrong and what to write.

    `fields` are those of the key’s section, `to_write` is what the key may hold.
    """
    if fault["type"] == "extra_forbidden":
        known = ", ".join(field.alias or name for name, field in fields.items())
        return f"n’est pas une clé connue ; les clés sont {known}"
    if fault["type"] == "value_error":
        return fault["msg"].removeprefix("Value error, ")
    what = "manque" if fault["type"] in ("missing", "too_short") else f"vaut {fault['input']!r}"
    return f"{what} ; écrire {to_write}"
