"""Normalise commune names to keys, so that typed names and the official list can be compared.

Keys compare by equality; `closest_commune` is the only fuzzy comparison of the room, and its caller
uses it within one neighbourhood only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss"})
_ABBREVIATIONS = {
    "st": "saint",
    "ste": "sainte",
    "sts": "saints",
    "stes": "saintes",
    "mt": "mont",
    "nd": "notre dame",
    "gd": "grand",
    "gde": "grande",
    "gds": "grands",
    "gdes": "grandes",
    # lès, lez, les: "near", spelt as one likes.
    "lez": "les",
}
_ARTICLES = {"le", "la", "les", "l"}
_OTHER_THAN_WORDS = re.compile(r"[^a-z0-9]+")
_CEDEX = re.compile(r"\bcedex\b.*$")
_ARRONDISSEMENT = re.compile(
    r"^(?P<city>paris|lyon|marseille) 0?(?P<number>\d{1,2}) ?(?:er|e|eme|ieme|nd|nde)?"
    r"(?: arr(?:ondissement|dt)?)?$"
)
_ARTICLE_AFTER = re.compile(r"^(?P<name>.+?)\s*\((?P<article>l ?[’']?|le|la|les) ?\)$")

# A key shorter than this has too many neighbours one letter away (Eu, Us, Ay, Bû…).
_MIN_FUZZY_LENGTH = 5
# From this length on, two slips of the keyboard still leave a name recognisable.
_LONG_LENGTH = 9
# How many more slips every other name must need for the closest one to be "clearly" closest.
_MARGIN = 2


@lru_cache(maxsize=1024)
def normalise(name: str) -> str:
    """Return the key of a commune name: "ST-DENIS S/ LOIRE" and "Saint-Denis-sur-Loire" share one.

    Folds case, accents, ligatures, hyphens and apostrophes; expands St, Ste, Mt, Gd, s/ and s/s;
    reads lez as lès; drops a leading article (also one in brackets at the end, "Mans (Le)") and a
    CEDEX mark. An arrondissement of Paris, Lyon or Marseille keeps its number ("lyon 3"). Empty
    when nothing readable is left.
    """
    text = name.casefold().translate(_LIGATURES).strip()
    if behind := _ARTICLE_AFTER.match(text):
        text = behind["name"]
    if not text.isascii():
        letters = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in letters if not unicodedata.combining(c))
    if "/" in text:
        text = re.sub(r"\bs/s(?=[\s/]|$)", " sous ", text)
        text = re.sub(r"\bs/", " sur ", text)
    words = _OTHER_THAN_WORDS.sub(" ", text).split()
    words = [_ABBREVIATIONS.get(word, word) for word in words]
    text = _CEDEX.sub("", " ".join(words)).strip()
    if arrondissement := _ARRONDISSEMENT.match(text):
        return f"{arrondissement['city']} {arrondissement['number']}"
    first, _, rest = text.partition(" ")
    return rest if first in _ARTICLES and rest else text


def edit_distance(one: str, other: str, limit: int) -> int:
    """Return the number of typing errors between two keys: insert, delete, replace, transpose.

    Returns `limit + 1` for anything above `limit`, so that most pairs are told apart early.
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    above = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, against in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != against))
            swapped = i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against
            row.append(min(cost, before[j - 2] + 1) if swapped else cost)
        if min(row) > limit:
            return limit + 1
        before, above = above, row
    return min(above[-1], limit + 1)


def _is_typo(key: str, known: str, slips: int) -> bool:
    """Return whether a key is so many errors away, and two are both in a long word or one in each.

    Angot is not Vigot misspelt, and both are old communes of one postal code.
    """
    if edit_distance(key, known, slips) != slips:
        return False
    mine, theirs = key.split(), known.split()
    return slips < 2 or (
        len(mine) == len(theirs)
        and all(
            edit_distance(word, against, 2)
            <= (2 if min(len(word), len(against)) >= _LONG_LENGTH else 1)
            for word, against in zip(mine, theirs, strict=True)
        )
    )


def closest_commune(key: str, bearers: Mapping[str, frozenset[str]]) -> str | None:
    """Return the commune whose name is unmistakably meant by a misspelt key, or None.

    `bearers` maps each key of the neighbourhood to the codes of its communes. One error is
    tolerated, two in a long name (in two words, or in a long one), and every other commune of the
    neighbourhood must be at least two further away.
    """
    if len(key) < _MIN_FUZZY_LENGTH - 1:
        return None
    allowed = 2 if len(key) >= _LONG_LENGTH else 1
    slips: dict[str, int] = {}
    for known, codes in bearers.items():
        away = edit_distance(key, known, allowed + _MARGIN)
        if len(known) < _MIN_FUZZY_LENGTH and away <= allowed:
            return None
        for code in codes:
            slips[code] = min(away, slips.get(code, away))
    ranked = sorted((away, code) for code, away in slips.items())
    if not ranked or ranked[0][0] > allowed:
        return None
    if len(ranked) > 1 and ranked[1][0] < ranked[0][0] + _MARGIN:
        return None
    away, meant = ranked[0]
    mine = (known for known, codes in bearers.items() if meant in codes)
    return meant if any(_is_typo(key, known, away) for known in mine) else None
