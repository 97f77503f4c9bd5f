"""XML into the same tree that JSON would give, by a parser that can be led nowhere.

A document type declaration is refused at its first byte: without one there is no entity but the
five of XML itself, so no file, no network, no "billion laughs".
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

DEEPEST = 40


class XmlRefusedError(ValueError):
    """Not XML that we read. The message is French, for dispatch."""


class _Reader:
    """Elements become dicts, repeated ones lists, those without children their text."""

    def __init__(self) -> None:
        self.root = ""
        self.namespace = ""
        self.value: Any = None
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if not self._open:
            self.root, self.namespace = local, namespace
        if len(self._open) >= DEEPEST:
            raise XmlRefusedError(f"XML trop imbriqué : {DEEPEST} niveaux au plus")
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


def read_xml(body: bytes) -> tuple[str, str, Any]:
    """The root's local name, its namespace, and its content as dicts, lists and texts.

    Raises XmlRefusedError.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
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


def _refuse_declaration(*_: object) -> None:
    raise XmlRefusedError("XML refusé : retirez la déclaration DOCTYPE, elle n’est jamais lue")
