"""Select the part of dispatch's place label that may be disclosed: the name of a way or a place.

The label is free text, typed under stress: it may hold the name of a victim, a door code, a plate,
a telephone number. So nothing is searched for and struck out: a label is disclosed if it can be
shown to be a name (`street_name`), from its beginning to a comma, a bracket, a dash or a house
number, and else none of it is (Code de procédure pénale, art. 11; a disclosed name cannot be taken
back).

What no shape can show: a street that bears a victim's name. The category's `place` key decides
whether a place is disclosed at all.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from notifier.alerting.content.gsm import to_gsm
from notifier.alerting.content.street_name import is_a_name, says_where
from notifier.alerting.content.street_vocabulary import (
    ABBREVIATIONS,
    BEFORE_A_WAY,
    DANGLING,
    LANDMARKS,
    ROADS,
    STREETS,
    TITLE_ABBREVIATIONS,
)
from notifier.alerting.content.street_word import NUMBERED_ROAD, is_latin
from notifier.intake.schema.forbidden_words import fold

MAX_LENGTH = 50

_MONTHS = (
    "janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|novembre|d[ée]cembre"
)
# "rue du 11 Novembre 1918": right behind the way's own word, so that no birth date can be one.
_COMMEMORATION = re.compile(
    rf"du (?:1er|[1-9]|[12][0-9]|3[01]) (?:{_MONTHS})(?: [12][0-9]{{3}})?(?!\w)", re.IGNORECASE
)
_DOOR = r"\d{1,4}(?: ?[-/] ?\d{1,4})? ?(?:(?:bis|ter|quater|[a-d])\b)?"
_HOUSE_NUMBER = re.compile(rf"^{_DOOR}[ ,]+", re.IGNORECASE)
_HOUSE_NUMBER_BEHIND = re.compile(rf"(?:^|[ ,]+)(?:n ?[°o] ?)?{_DOOR}$", re.IGNORECASE)
_END_OF_PART = re.compile(r"[,;:/|\\()\[\]{}<>\"«»“”=*_\n\r]| [-–—]+ |[–—]")


@lru_cache(maxsize=256)
def safe_place(label: str | None) -> str | None:
    """Return the part of the label that may be disclosed, at most MAX_LENGTH characters, or None.

    What is returned was judged as it stands, and as an SMS spells it.
    """
    place = _judged(_tidy(label or ""))
    if place is None:
        return None
    as_sms = to_gsm(place)
    return place if as_sms == place or _judged(as_sms) is not None else None


def _tidy(label: str) -> str:
    """Write it in one spelling: compatibility forms (ⓜ, ｍ, ᵐ, 𝐦) become plain letters."""
    text = unicodedata.normalize("NFKC", label).replace("’", "'").replace("‑", "-")
    text = text.replace("‐", "-")
    text = "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
    text = re.sub(r"\b(lieu|rond)[ -](dit|point)\b", r"\1-\2", text, flags=re.IGNORECASE)
    return re.sub(r"\blieudit\b", "lieu-dit", text, flags=re.IGNORECASE)


def _judged(text: str) -> str | None:
    """Return the name that the text begins with; None where it cannot be shown to be one."""
    part = _END_OF_PART.split(_HOUSE_NUMBER.sub("", text), maxsplit=1)[0].strip()
    head, rest = _split_head(part)
    rest = _without_door(head, rest.strip())
    words = _split_tokens(rest, is_road=bool(head) and _is_road_head(head))
    if not head or not is_a_name(head, words, shouted=part.isupper()):
        return None
    name = [*head, *words]
    while sum(map(len, name)) + len(name) - 1 > MAX_LENGTH:
        name.pop()
    while len(name) > 1 and fold(name[-1]) in DANGLING:
        name.pop()
    place = " ".join(name)
    # A pattern that ignores case also takes a dotless "ı" for an "i".
    return place if says_where(name) and all(map(_is_readable, place)) else None


def _is_readable(character: str) -> bool:
    return character in " +0123456789" or is_latin(character)


def _split_head(text: str) -> tuple[list[str], str]:
    """Split off the way's own words (or a commemoration's date) or the road's number."""
    if road := NUMBERED_ROAD.match(text):
        return [road[0]], text[road.end() :]
    first, _, rest = text.partition(" ")
    second, _, behind = rest.partition(" ")
    if fold(first) in BEFORE_A_WAY and fold(second) in STREETS | ROADS:
        # "Grande Rue", "Vieux Chemin de Delle".
        return [first, second], behind
    word = ABBREVIATIONS.get(fold(first.removesuffix(".")), first)
    if fold(word) not in STREETS | LANDMARKS | ROADS:
        return [], text
    if date := _COMMEMORATION.match(rest):
        return [word, date[0]], rest[date.end() :]
    rest = _title_in_full(rest)
    # In the capitals of the rest, which would else be a surname's.
    return ([word.upper()], rest.upper()) if text.isupper() else ([word], rest)


def _is_road_head(head: list[str]) -> bool:
    return NUMBERED_ROAD.match(head[0]) is not None or fold(head[0]) in ROADS


def _title_in_full(rest: str) -> str:
    """Write "du Dr Roux" as "du Docteur Roux"; only here, as elsewhere "Dr" may be any doctor."""
    link, _, behind = rest.partition(" ")
    title, _, name = behind.partition(" ")
    full = TITLE_ABBREVIATIONS.get(fold(title.removesuffix(".")))
    return f"{link} {full} {name}" if fold(link) == "du" and full and name else rest


def _without_door(head: list[str], rest: str) -> str:
    """Drop a house number at the end; a road's number and its marker are none."""
    last = rest
    if head and _is_road_head(head):
        last = NUMBERED_ROAD.sub(lambda found: "x" * len(found[0]), rest)
    door = _HOUSE_NUMBER_BEHIND.search(last)
    return rest[: door.start()] if door else rest


def _split_tokens(rest: str, *, is_road: bool) -> list[str]:
    """Words, and of a road its numbers."""
    tokens = []
    while rest:
        number = NUMBERED_ROAD.match(rest) if is_road else None
        token = number[0] if number else rest.partition(" ")[0]
        tokens.append(token)
        rest = rest[len(token) :].lstrip()
    return tokens
