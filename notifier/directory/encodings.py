"""Which of the old encodings a file without UTF-8 is in, told by how its words would read.

Spreadsheets in French offer three: the plain CSV (Windows), "CSV (Macintosh)", "CSV (MS-DOS)".
General detectors want pages of text; a list has a few accents, but in names, of which we know
that they have no "Ž" in the middle of small letters.
"""

from __future__ import annotations

import codecs
import re

# cp1252 is Latin-1 with the signs (’ œ €) that Windows adds where Latin-1 has none.
WINDOWS = "cp1252"
_OTHERS = {"mac_roman": "Macintosh", "cp850": "MS-DOS"}
_FRENCH = frozenset("àâäçéèêëîïôöùûüÿœæ")
_USUAL = frozenset("’–°€\xa0")
_WORD = re.compile(r"[^\W\d_]+")
# What a sign, a letter of other languages, capitals out of place cost.
_SIGN, _FOREIGN, _MISFIT, _SMALL = 3, 2, 3, 1
# So much likelier must another be: nearly every file is of Windows.
_CLEARLY = 2


class UndecidedError(ValueError):
    """The text reads as well in one encoding as in another."""


def decoded(content: bytes) -> tuple[str, str]:
    """The text, and the French name of its encoding where that is not the usual one.

    Raises UndecidedError when nothing tells.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = _read(content, "utf-16")
        if text is None:
            raise UndecidedError
        return text, ""
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        pass
    texts = {
        name: text for name in (WINDOWS, *_OTHERS) if (text := _read(content, name)) is not None
    }
    costs = sorted((_cost(text), name) for name, text in texts.items())
    least, best = costs[0]
    windows = next((cost for cost, name in costs if name == WINDOWS), None)
    if windows is not None and windows < least + _CLEARLY:
        return texts[WINDOWS], ""
    if any(cost == least and texts[name] != texts[best] for cost, name in costs[1:]):
        raise UndecidedError
    return texts[best], _OTHERS[best]


def _read(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _cost(text: str) -> int:
    """How little the words with an accent look like those of a list of French people."""
    signs = sum(_SIGN for c in text if not (c.isascii() or c.isalpha() or c in _USUAL))
    return signs + sum(_cost_of(word) for word in _WORD.findall(text) if not word.isascii())


def _cost_of(word: str) -> int:
    foreign = sum(_FOREIGN for c in word if not c.isascii() and c.lower() not in _FRENCH)
    if word.islower():
        return foreign + _SMALL
    return foreign + (0 if word.isupper() or word == word.capitalize() else _MISFIT)
