"""Classify the single words of a place's name, and refuse those that may not be disclosed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from string import ascii_letters

from notifier.alerting.content.street_vocabulary import (
    ADJECTIVES,
    DIRECTIONS,
    LINKS,
    NOUNS,
    NUMBERS,
    SAINTS,
    SHORT_WORDS,
    TITLES,
)
from notifier.intake.schema.forbidden_words import fold, is_first_name, is_forbidden

_ROAD_NUMBER = r"(?:RDN|RD|RN|D|N|A)[ -]?[1-9][0-9]{0,3}[A-Z]?(?![\w+-])"
_MARKER = r"(?:PK|PR) ?[0-9]{1,3}(?:\+[0-9]{1,4})?(?![\w+-])"
NUMBERED_ROAD = re.compile(
    rf"(?<![\w-])(?:{_ROAD_NUMBER}|{_MARKER}|d[ée]partementale [1-9][0-9]{{0,3}}(?![\w+-])"
    r"|nationale [1-9][0-9]{0,3}(?![\w+-]))",
    re.IGNORECASE,
)
_ROMAN = re.compile("[IVX]+")
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_RUN_TOGETHER = re.compile(r"(?<!\bMac)(?<!\bMc)(?<=[^\W\d_A-ZÀ-Þ])[A-ZÀ-Þ]")
# Schweighouse-sur-Moder, Niederschaeffolsheim: France has no longer one without a hyphen.
MAX_WORD_LENGTH = 20
_ELISION = re.compile(r"(?:d|l)'(?=.)", re.IGNORECASE)
# Grave, acute, circumflex, tilde, macron, diaeresis, cedilla: what French, its regions and the
# Pacific write on letters.
_MARKS = ["", *"\u0300\u0301\u0302\u0303\u0304\u0308\u0327"]
_MARKED = {
    unicodedata.normalize("NFC", letter + mark) for letter in ascii_letters for mark in _MARKS
}
_LATIN = {letter for letter in _MARKED if len(letter) == 1} | set("'-œŒæÆ")


class WordKind(Enum):
    """What a word is to a name of a way."""

    LINK = auto()
    DIRECTION = auto()
    ROAD = auto()
    NUMBER = auto()
    ROMAN = auto()
    SAINT = auto()
    TITLE = auto()
    GIVEN = auto()
    ADJECTIVE = auto()
    NOUN = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Word:
    """A word of a name, and what it is to it."""

    text: str
    kind: WordKind
    is_joined: bool = False
    """To the word before it, by a hyphen."""

    @property
    def plain(self) -> str:
        """Without accents and case."""
        return fold(self.text)


UNNAMED = {WordKind.LINK, WordKind.DIRECTION, WordKind.ROAD}
NAMES_SOMEBODY = {WordKind.GIVEN, WordKind.UNKNOWN, WordKind.TITLE}
KNOWN_TO_STAND = {WordKind.NOUN, WordKind.ADJECTIVE, WordKind.SAINT, WordKind.NUMBER}


def is_allowed(token: str, shouted: bool) -> bool:
    """Whether a word may stand in a name that is disclosed, as far as it alone can show."""
    if not _WORD.fullmatch(token) or not all(map(is_latin, token)):
        return False
    parts = re.split("['-]", token)
    # "gare de l'Est", and not "la place est fermée".
    is_east = fold(token) == "l'est" or parts == ["Est"]
    if any(map(is_forbidden, [token, *parts])) and not is_east:
        return False
    if any(len(part) == 1 and fold(part) not in "adly" for part in parts):
        return False
    # Words run together, "DupontJean": of a name only a hyphen joins words, or "Mac".
    if any(_RUN_TOGETHER.search(part) or len(part) > MAX_WORD_LENGTH for part in parts):
        return False
    # What is left of a plate, "AB 123 CD".
    if len(token) == 2 and fold(token) not in SHORT_WORDS and not _ROMAN.fullmatch(token):
        return False
    # "rue de Delle DUPONT Jean": a surname is what dispatch writes in capitals.
    return shouted or len(token) < 2 or not token.isupper() or _ROMAN.fullmatch(token) is not None


def is_latin(letter: str) -> bool:
    """Whether it is a letter of the alphabet, with no other mark than those of French."""
    return letter in _LATIN


def mixes_cases(tokens: list[str]) -> bool:
    """Whether a word that no list knows is small though others are capitals: "rue Foch vih"."""
    named = [
        w for token in tokens for w in words_in(token) if w.kind not in UNNAMED and not w.is_joined
    ]
    small = any(w.text[:1].islower() and w.kind is WordKind.UNKNOWN for w in named)
    return small and any(w.text[:1].isupper() for w in named)


def words_in(token: str) -> list[Word]:
    """Split a token into words: "l'Isle-Adam" is a link and two words that are joined."""
    if NUMBERED_ROAD.fullmatch(token):
        return [Word(token, WordKind.ROAD)]
    found: list[Word] = []
    if elided := _ELISION.match(token):
        found.append(Word(elided[0], WordKind.LINK))
        token = token[elided.end() :]
    whole = _classify(token)
    if whole is not WordKind.UNKNOWN or not re.search("['-]", token):
        return [*found, Word(token, whole)]
    parts = [part for part in re.split("['-]", token) if part]
    joined = [Word(part, _classify(part), is_joined=at > 0) for at, part in enumerate(parts)]
    return [*found, *joined]


@lru_cache(maxsize=4096)
def _classify(word: str) -> WordKind:
    bare = fold(word)
    by_list = (
        (WordKind.LINK, LINKS),
        (WordKind.DIRECTION, DIRECTIONS),
        (WordKind.NUMBER, NUMBERS),
        (WordKind.SAINT, SAINTS),
        (WordKind.TITLE, TITLES),
        (WordKind.ADJECTIVE, ADJECTIVES),
        (WordKind.NOUN, NOUNS),
    )
    if _ROMAN.fullmatch(word):
        return WordKind.ROMAN
    known = next((kind for kind, words in by_list if bare in words), None)
    return known or (WordKind.GIVEN if is_first_name(bare) else WordKind.UNKNOWN)
