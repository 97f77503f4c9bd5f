"""Which reference a mayor may read: the number that dispatch gives, and nothing that it says.

It stands in every text, so it is judged like one: no number to ring, no link (`clickable`), and no
words, in which a name or an offence would be told. A source whose references are otherwise says so
by their shape. What does not pass at the native door is refused there; a foreign message is told
under a short reference of our own, that its own number always leads to.
"""

from __future__ import annotations

import hashlib
import re

from notifier.intake.schema.clickable import LINK, find_clickable
from notifier.intake.schema.forbidden_words import is_first_name, is_forbidden
from notifier.intake.schema.reference_pattern import MAX_LENGTH, PatternError, ReferencePattern

# What a telephone, a form and an address can all carry.
REFERENCE = re.compile(rf"^[A-Za-z0-9][A-Za-z0-9._/-]{{0,{MAX_LENGTH - 1}}}$")
_CONSONANTS = "BCDFGHJKLMNPQRSTVWXZ"
_OWN = re.compile(rf"AM(?:-(?:[{_CONSONANTS}][0-9]){{2}}){{4}}")
EXAMPLE_REFERENCE = "CORG90-2026-004217"
PATTERN_ADVICE = "ou faites donner à votre source la forme de ses références"

_MAX_WORD_LENGTH = 5
_MIN_WORD_LENGTH = 4  # a run of letters that may be somebody's name
# Random by their making: of letters that form a word, or digits that form a number, none is meant.
_UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_HEX = re.compile(r"(?<![A-Za-z0-9])(?=[a-f]*[0-9])[0-9a-f]{8,}(?![A-Za-z0-9])", re.IGNORECASE)
_PLATE = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}[-._/]?[0-9]{3}[-._/]?[A-Z]{2}(?![A-Za-z0-9])", re.IGNORECASE
)
# Who gives numbers, and what they call them.
_INSTITUTIONS = {
    *("affaire", "alert", "alerte", "case", "codis", "corg", "crra", "cross", "dossier", "drfr"),
    *("emergency", "event", "evenement", "exercice", "fire", "gendarmerie", "health", "incident"),
    *("intervention", "nexsis", "police", "prefecture", "samu", "sdis", "sitac", "test"),
}


class ReferenceRefusedError(Exception):
    """A mayor may not read it. The message is French, for dispatch: why, and what to do."""


def check_pattern(pattern: str) -> str:
    """Return an example of the references that a source's pattern allows.

    Raises PatternError, in French, for what is no pattern, or one of what would be a link.
    """
    example = ReferencePattern(pattern).example
    if not REFERENCE.fullmatch(example):
        raise PatternError(f"« {example} » ne commence pas par une lettre ou un chiffre")
    if LINK.search(example):
        raise PatternError(f"« {example} » deviendrait un lien sur le téléphone du maire")
    return example


def refusal(reference: str, pattern: str) -> str | None:
    """Return why a source with this pattern ("" for none) may not give the reference, in French.

    None if it may. `reference` has the characters that `REFERENCE` allows.
    """
    if pattern:
        shape = ReferencePattern(pattern)
        if shape.fits(reference):
            return None
        return f"n’a pas la forme convenue pour votre source, par exemple {shape.example}"
    if _UUID.fullmatch(reference) or _ULID.fullmatch(reference):
        return None
    if found := find_clickable(reference):
        return f"contient ce qu’un téléphone prend pour {found} : ôtez-le, {PATTERN_ADVICE}"
    if _PLATE.search(reference):
        return f"contient une plaque d’immatriculation : ôtez-la, {PATTERN_ADVICE}"
    if word := _word_in(_HEX.sub("", reference)):
        return (
            f"contient « {word} », qui peut être un nom ou un fait : le maire ne lit qu’un numéro "
            f"(un sigle de {_MAX_WORD_LENGTH} lettres au plus, des chiffres, des séparateurs), "
            f"{PATTERN_ADVICE}"
        )
    return None


def _word_in(reference: str) -> str | None:
    """Return the first run of letters that means something, or the second that may."""
    may_say = 0
    for found in re.finditer("[A-Za-z]+", reference):
        run = found[0]
        if run.lower() in _INSTITUTIONS:
            continue
        may_say += len(run) >= _MIN_WORD_LENGTH
        says = len(run) > 2 and (is_forbidden(run) or is_first_name(run))
        if says or len(run) > _MAX_WORD_LENGTH or may_say > 1:
            return run
    return None


def short_reference(given: str) -> str:
    """Return our own short reference for a foreign number: "AM-B7K2-M4T9-C3X8-D6W5".

    The same number always has the same.

    2**61 of them, so that two numbers never meet; without vowels, so that none is a word, and no
    two digits together, so that none can be rung.
    """
    number = int.from_bytes(hashlib.sha256(given.encode()).digest())
    made = ""
    for _ in range(8):
        number, letter = divmod(number, len(_CONSONANTS))
        number, digit = divmod(number, 10)
        made += f"{_CONSONANTS[letter]}{digit}"
    return "AM-" + "-".join(made[at : at + 4] for at in range(0, len(made), 4))


def is_short_reference(reference: str) -> bool:
    """Return whether it is one of ours."""
    return _OWN.fullmatch(reference) is not None
