"""Write names as people do, from files with capitals of their own: "LE GOFF", "Jean-pierre"."""

from __future__ import annotations

import re

# Small inside a name as before it; "Le", "La", "Les", "Van" keep their capital in France
# (Imprimerie nationale, Lexique des règles typographiques, "particules patronymiques").
_SMALL = {"de", "du", "des", "der", "den", "dit", "dite", "et", "von", "zu"}
_WORDS = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)*")
_ELIDED = re.compile(r"(?P<before>d|qu)(?P<sign>[’'])(?P<after>.+)", re.IGNORECASE)
_INNER_CAPITAL = re.compile(r"[a-zà-ÿ][A-ZÀ-Ý]")


def to_capitals(name: str) -> str:
    """Return a name in usual capitals; words with capitals inside stay as they are.

    "LE GOFF" is "Le Goff", "DE LA TOUR D'AUVERGNE" "de La Tour d'Auvergne", "Jean-pierre"
    "Jean-Pierre", "McDonald" "McDonald".
    """
    if _WORDS.fullmatch(name) and name.lower() in _SMALL:
        return name.capitalize()
    return _WORDS.sub(lambda found: _word(found[0]), name)


def _word(word: str) -> str:
    if word.lower() in _SMALL:
        return word.lower()
    if elided := _ELIDED.fullmatch(word):
        return f"{elided['before'].lower()}{elided['sign']}{_capitalise(elided['after'])}"
    return re.sub(r"[^’']+", lambda part: _capitalise(part[0]), word)


def _capitalise(word: str) -> str:
    return word if _INNER_CAPITAL.search(word) else word[:1].upper() + word[1:].lower()
