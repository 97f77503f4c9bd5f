"""Names of people: fold them for comparison, and refuse those with broken letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from django.core.exceptions import ValidationError

from notifier.mailbox import BLANK, strip_invisible

# Letters that Unicode does not take apart into a plain one and its mark.
_PLAIN = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_SIGNS = frozenset("'’ʼ-‐‑–.,()/&+:;\"«»°ºª_")
_SPACES = re.compile(f"[{BLANK}]+")
_PLAIN_NAME = re.compile(r"[A-Za-z' -]*")
_WORD = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=16_384)
def fold(text: str) -> str:
    """Return the words of a name without case, accents and punctuation: "lerot valerie"."""
    text = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", text))


def normalise_name(name: str) -> str:
    """Return the name as it is stored: composed accents, nothing invisible, single spaces."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", strip_invisible(name)))


def is_same_person(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Return whether two pairs of last and first name match, in any spelling and either order."""
    last, first = (fold(name).replace(" ", "") for name in one)
    return fold("".join(other)).replace(" ", "") in (last + first, first + last)


def validate_legible(name: str) -> None:
    """Refuse a name whose letters were lost between two programs, or with invisible characters.

    Raises ValidationError in French, with what to do.
    """
    if _PLAIN_NAME.fullmatch(name):
        return
    for broken in _broken(name):
        raise ValidationError(
            f"« {broken} » n’a pas sa place dans un nom (accents perdus d’un programme à l’autre "
            "?) ; corrigez-le, ou enregistrez de nouveau le fichier d’origine en « CSV UTF-8 »"
        )


def _broken(name: str) -> Iterator[str]:
    """Yield what no name contains, in a form that can be shown."""
    for char in name:
        if unicodedata.category(char)[0] == "C" or char == "\N{REPLACEMENT CHARACTER}":
            yield f"U+{ord(char):04X}"
        elif not (char.isalnum() or char == " " or char in _SIGNS or unicodedata.combining(char)):
            yield char
    yield from filter(_is_misread, re.findall(r"[^\x00-\x7f]{2,}", name))
    for word in _WORD.findall(name):
        # "LŽrot", "LÈrot": a capital with an accent, in the middle of small letters.
        if re.search("[a-z]", word):
            yield from (c for c in word[1:] if not c.isascii() and c.isupper())


def _is_misread(run: str) -> bool:
    """Return whether signs are Latin letters in UTF-8 that were read as Windows': "LÃªrot"."""
    try:
        meant = run.encode("cp1252").decode()
    except UnicodeError:
        return False
    return all("\xa0" <= char <= "\u017f" for char in meant)
