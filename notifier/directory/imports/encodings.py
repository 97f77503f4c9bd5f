"""Detect which legacy encoding a file is in, by how plausible its words are as French names.

Spreadsheets in French offer three: the plain CSV (Windows), "CSV (Macintosh)", "CSV (MS-DOS)".
General detectors need pages of text. A contact list has few accents, but they stand in names, where
a "Ž" in the middle of lower-case letters is a misread one.
"""

from __future__ import annotations

import codecs
import re
from itertools import islice

# cp1252 is Latin-1 with the signs (’ œ €) that Windows adds where Latin-1 has none.
WINDOWS = "cp1252"
_OTHERS = {"mac_roman": "Macintosh", "cp850": "MS-DOS"}
_FRENCH = frozenset("àâäçéèêëîïôöùûüÿœæ")
_COMMON_SIGNS = frozenset("’–°€\xa0")
_WORD = re.compile(r"[^\W\d_]+")
# Cost of a sign, a letter of another language, a misplaced capital, an accented word.
_SIGN, _FOREIGN, _MISPLACED, _ACCENTED = 3, 2, 3, 1
# By how much another encoding must be better: nearly every file is from Windows.
_MARGIN = 2
_MAX_SAMPLE_LINES = 2_000


class AmbiguousEncodingError(ValueError):
    """The text is equally plausible in two encodings."""


def decode(content: bytes) -> tuple[str, str]:
    """Return the text, and the French name of its encoding unless it is UTF-8, UTF-16 or Windows.

    Raises AmbiguousEncodingError.
    """
    if utf_16 := _utf_16_of(content):
        text = _try_decode(content, utf_16)
        if text is None:
            raise AmbiguousEncodingError
        return text, ""
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        pass
    texts = {
        name: text
        for name in (WINDOWS, *_OTHERS)
        if (text := _try_decode(content, name)) is not None
    }
    accented = b"\n".join(_accented_lines(content))
    costs = sorted((_cost(accented.decode(encoding)), encoding) for encoding in texts)
    least, best = costs[0]
    windows = next((cost for cost, encoding in costs if encoding == WINDOWS), None)
    if windows is not None and windows < least + _MARGIN:
        return texts[WINDOWS], ""
    if any(cost == least and texts[encoding] != texts[best] for cost, encoding in costs[1:]):
        raise AmbiguousEncodingError
    return texts[best], _OTHERS[best]


def _utf_16_of(content: bytes) -> str:
    """Return which UTF-16 the text is in, with or without its mark; "" if in none."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = content[:64]
    high, low = start[::2], start[1::2]
    if len(start) >= 8 and not any(low) and all(high):
        return "utf-16-le"
    return "utf-16-be" if len(start) >= 8 and not any(high) and all(low) else ""


def _accented_lines(content: bytes) -> list[bytes]:
    """Return the lines by which encodings differ; a sample of a long file tells as much."""
    lines = (line for line in content.splitlines() if not line.isascii())
    return list(islice(lines, _MAX_SAMPLE_LINES))


def _try_decode(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _cost(text: str) -> int:
    """Return how little the accented words look like those of a list of French people."""
    signs = sum(_SIGN for c in text if not (c.isascii() or c.isalpha() or c in _COMMON_SIGNS))
    return signs + sum(_word_cost(word) for word in _WORD.findall(text) if not word.isascii())


def _word_cost(word: str) -> int:
    foreign = sum(_FOREIGN for c in word if not c.isascii() and c.lower() not in _FRENCH)
    if word.islower():
        return foreign + _ACCENTED
    return foreign + (0 if word.isupper() or word == word.capitalize() else _MISPLACED)
