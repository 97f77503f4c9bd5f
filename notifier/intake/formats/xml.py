"""Read XML into the same tree as JSON, safely.

A document type declaration is refused at its first byte: without one there is no entity but the
five of XML itself, so no file, no network, no "billion laughs".
"""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

MAX_DEPTH = 40
_UTF8_MARK, _UTF16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
_SPACE = b" \t\r\n"
_CALLED_UTF16 = re.compile(rb"<\?xml[^>]*\sencoding\s*=\s*[\"']utf-?16", re.IGNORECASE)


class XmlRefusedError(ValueError):
    """XML that is not read. The message is French, for dispatch."""


class _Reader:
    """Turn elements into dicts, repeated ones into lists, those without children into text."""

    def __init__(self) -> None:
        self.root = ""
        self.namespace = ""
        self.value: Any = None
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if not self._open:
            self.root, self.namespace = local, namespace
        if len(self._open) >= MAX_DEPTH:
            raise XmlRefusedError(f"XML trop imbriqué : {MAX_DEPTH} niveaux au plus")
        self._open.append((local, {}, []))

    def text(self, text: str) -> None:
        self._open[-1][2].append(text)

    def end(self, _: str) -> None:
        local, children, texts = self._open.pop()
        value: Any = children or "".join(texts).strip()
        if not self._open:
            self.value = value
            return
        siblings = self._open[-1][1]
        if local not in siblings:
            siblings[local] = value
        elif isinstance(siblings[local], list):
            siblings[local].append(value)
        else:
            siblings[local] = [siblings[local], value]


def is_xml(body: bytes) -> bool:
    """Return whether the document is to be read as XML, in whatever encoding."""
    # Half of each character of UTF-16 is a zero.
    return body.lstrip(_UTF8_MARK + b"".join(_UTF16_MARKS) + b"\0" + _SPACE).startswith(b"<")


def read_xml(body: bytes) -> tuple[str, str, Any]:
    """Return the root's local name, its namespace, and its content as dicts, lists and texts.

    Raises XmlRefusedError.
    """
    reader = _Reader()
    # A declaration is right at the beginning or none.
    body = body.removeprefix(_UTF8_MARK).lstrip(_SPACE)
    parser = expat.ParserCreate(_encoding_of(body), " ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_declaration
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise XmlRefusedError(
            f"XML illisible (ligne {error.lineno}, colonne {error.offset + 1})"
        ) from None
    except (LookupError, ValueError) as error:
        if isinstance(error, XmlRefusedError):
            raise
        raise XmlRefusedError("XML illisible : envoyez de l’UTF-8") from None
    return reader.root, reader.namespace, reader.value


def _encoding_of(body: bytes) -> str | None:
    """Return the encoding where the declaration may be wrong; None for the declared one.

    Many programs declare their in-memory encoding, UTF-16, and then send UTF-8.
    """
    if body.startswith(_UTF16_MARKS):
        return "utf-16"
    if body[:2] in (b"<\0", b"\0<"):
        return "utf-16le" if body.startswith(b"<") else "utf-16be"
    return "utf-8" if _CALLED_UTF16.match(body) else None


def _refuse_declaration(*_: object) -> None:
    raise XmlRefusedError("XML refusé : retirez la déclaration DOCTYPE, elle n’est jamais lue")
