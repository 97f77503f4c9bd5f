"""Commune names as keys: what dispatch types and what the official list says, made comparable.

A key is exact equality after normalising; `closest` is the only fuzzy comparison of the room and
its caller may use it inside one postal code only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

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
_CEDEX = re.compile(r"\bcedex\b.*$")
_ARRONDISSEMENT = re.compile(
    r"^(?P<city>paris|lyon|marseille) 0?(?P<number>\d{1,2}) ?(?:er|e|eme|ieme|nd|nde)?"
    r"(?: arr(?:ondissement|dt)?)?$"
)
_ARTICLE_BEHIND = re.compile(r"^(?P<name>.+?)\s*\((?P<article>l ?[’']?|le|la|les) ?\)$")

# A key shorter than this has too many neighbours one letter away (Eu, Us, Ay, Bû…).
_SHORTEST_FUZZY = 5
# From this length on, two slips of the keyboard still leave a name recognisable.
_LONG = 9
# How many more slips every other name must need for the closest one to be "clearly" closest.
_MARGIN = 2


def normalise(name: str) -> str:
    """The key of a commune name: "ST-DENIS S/ LOIRE" and "Saint-Denis-sur-Loire" share theirs.

    Folds case, accents, ligatures, hyphens and apostrophes; writes Saint, Sainte, Mont, Grand, sur
    and sous out, and lez as lès; drops a leading article (also one put behind in brackets, "Mans
    (Le)") and a CEDEX mark; an arrondissement of Paris, Lyon or Marseille keeps its number ("lyon
    3"). Empty when nothing readable is left.
    """
    text = name.casefold().translate(_LIGATURES).strip()
    if behind := _ARTICLE_BEHIND.match(text):
        text = behind["name"]
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = re.sub(r"\bs/s(?=[\s/]|$)", " sous ", text)
    text = re.sub(r"\bs/", " sur ", text)
    words = re.sub(r"[^a-z0-9]+", " ", text).split()
    words = [_ABBREVIATIONS.get(word, word) for word in words]
    text = _CEDEX.sub("", " ".join(words)).strip()
    if arrondissement := _ARRONDISSEMENT.match(text):
        return f"{arrondissement['city']} {arrondissement['number']}"
    first, _, rest = text.partition(" ")
    return rest if first in _ARTICLES and rest else text


def distance(one: str, other: str, limit: int) -> int:
    """Slips of the keyboard (insert, delete, replace, swap of neighbours) between two keys.

    Anything above `limit` comes back as `limit + 1`: the caller needs no more, and most pairs
    are told apart early.
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


def _is_slip(key: str, known: str, slips: int) -> bool:
    """Whether a key is so many slips away and, of two, has both in a long word or one in each.

    Angot is not Vigot misspelt, and both are old communes of one postal code.
    """
    if distance(key, known, slips) != slips:
        return False
    mine, theirs = key.split(), known.split()
    return slips < 2 or (
        len(mine) == len(theirs)
        and all(
            distance(word, against, 2) <= (2 if min(len(word), len(against)) >= _LONG else 1)
            for word, against in zip(mine, theirs, strict=True)
        )
    )


def closest(key: str, bearers: Mapping[str, frozenset[str]]) -> str | None:
    """The commune whose name is unmistakably meant by a misspelt key, or None.

    `bearers` maps each key of the neighbourhood to the commune codes that bear it. One slip is
    forgiven, two in a long name (in two words, or in a long one), and every other commune of the
    neighbourhood must need at least two more.
    """
    if len(key) < _SHORTEST_FUZZY - 1:
        return None
    allowed = 2 if len(key) >= _LONG else 1
    slips: dict[str, int] = {}
    for known, codes in bearers.items():
        away = distance(key, known, allowed + _MARGIN)
        if len(known) < _SHORTEST_FUZZY and away <= allowed:
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
    return meant if any(_is_slip(key, known, away) for known in mine) else None
