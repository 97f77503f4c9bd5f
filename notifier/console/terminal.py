"""Terminal output: prefixed lines, frames, tables; coloured only where wanted."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
import threading
from collections.abc import Iterable
from typing import TextIO

WIDTH = 78
# "06 39 98 00 79", "+33 6 •• •• •• 79": a number is read out as one, and so is "18 h 00". Before
# « : » and the like, and within « », French has a space that no line begins or ends with.
_NON_BREAKING = re.compile(
    r"(?<=[\d•]) (?=[\d•])|(?<=\d) (?=h\b)|(?<=\d h) (?=\d)| (?=[:;!?»])|(?<=«) "
)
_NBSP = "\N{NO-BREAK SPACE}"
COLOURS = {
    "dim": "2",
    "bold": "1",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}
PREFIX_COLOURS = {
    "up": "bold",
    "web": "green",
    "worker": "yellow",
    "beat": "blue",
    "simulator": "cyan",
}


def has_colours(stream: TextIO) -> bool:
    """Return whether to use colours: on a terminal, unless NO_COLOR is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str, stream: TextIO) -> str:
    """Return the text in one of COLOURS if the stream has colours, else as it is."""
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if has_colours(stream) else text


class PrefixedOutput:
    """Print lines of several programs, each after the program's name. Thread-safe."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def __call__(self, name: str, line: str) -> None:
        """Print one line of the program `name`."""
        prefix = paint(f"{name:>9} │", PREFIX_COLOURS.get(name, "dim"), self._stream)
        with self._lock:
            print(f"{prefix} {line}", file=self._stream, flush=True)


def wrap(line: str, indent: int, width: int = WIDTH) -> list[str]:
    """Wrap a line, without breaking numbers or words, or before « : ».

    Lines after the first are indented.
    """
    return _pieces(line, width, indent, break_long_words=False)


def _pieces(line: str, width: int, indent: int = 0, *, break_long_words: bool = True) -> list[str]:
    """Wrap at spaces, and at non-breaking ones only where nothing else fits; at least one line."""
    held = _NON_BREAKING.sub(_NBSP, line).split(" ")
    room = width - indent
    pieces = textwrap.wrap(
        " ".join(one if len(one) <= room else one.replace(_NBSP, " ") for one in held),
        width,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
        break_long_words=break_long_words,
    )
    return [piece.replace(_NBSP, " ") for piece in pieces] or [""]


def wrap_for(line: str, indent: int, stream: TextIO) -> list[str]:
    """Wrap a line to the terminal's width; leave it whole for any other stream."""
    if not stream.isatty():
        return [line]
    return wrap(line, indent, shutil.get_terminal_size().columns)


def frame(title: str, text: str, width: int = WIDTH) -> list[str]:
    """Draw a titled box around the text, wrapped; empty lines and line ends are kept."""
    inner = width - 4
    lines = [
        piece for line in text.strip("\n").splitlines() or [""] for piece in _pieces(line, inner)
    ]
    title = textwrap.shorten(title, inner - 2, placeholder="…")
    return [
        f"┌─ {title} {'─' * (width - len(title) - 5)}┐",
        *(f"│ {line:<{inner}} │" for line in lines),
        f"└{'─' * (width - 2)}┘",
    ]


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Format columns as wide as needed, the header underlined, milliseconds right-aligned."""
    head, body = list(header), [list(row) for row in rows]
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]

    def line(cells: list[str]) -> str:
        pairs = zip(cells, widths, strict=True)
        return "  ".join(
            cell.rjust(width) if cell[:1].isdigit() and cell[-2:] == "ms" else cell.ljust(width)
            for cell, width in pairs
        ).rstrip()

    return [line(head), "  ".join("─" * width for width in widths), *map(line, body)]
