"""Parse functions as people write them: "1er adjoint", "Adjointe au maire", "Police municipale"."""

from __future__ import annotations

import re
from functools import lru_cache

from notifier.directory.models import OF_COMMUNE, Function
from notifier.directory.names import fold

_SYNONYMS = {
    "madame le maire": Function.MAYOR,
    "madame la maire": Function.MAYOR,
    "monsieur le maire": Function.MAYOR,
    "mme le maire": Function.MAYOR,
    "mme la maire": Function.MAYOR,
    "m le maire": Function.MAYOR,
    "adjointe": Function.DEPUTY,
    "adjointe au maire": Function.DEPUTY,
    "maire adjoint": Function.DEPUTY,
    "maire adjointe": Function.DEPUTY,
    "elue d astreinte": Function.ON_CALL,
    "elu astreinte": Function.ON_CALL,
    "pm": Function.MUNICIPAL_POLICE,
    "directrice generale des services": Function.CHIEF_EXECUTIVE,
}
_FUNCTIONS = {
    **{fold(function.value.replace("_", " ")): function for function in OF_COMMUNE},
    **{fold(function.label): function for function in OF_COMMUNE},
    **_SYNONYMS,
}
_ORDINALS = (
    "premier", "deuxieme", "troisieme", "quatrieme", "cinquieme", "sixieme", "septieme",
    "huitieme", "neuvieme", "dixieme",
)  # fmt: skip
_RANK_BY_WORD = {word: rank for rank, word in enumerate(_ORDINALS, 1)} | {
    "premiere": 1, "second": 2, "seconde": 2,
}  # fmt: skip
_DEPUTY = r"(?:maire )?adjointe?(?: au maire)?"
_ORDINAL_SUFFIX = "(?:ere?|re|e|eme|ieme|nde?)"
_NUMBER = re.compile(rf"(?P<rank>[0-9]{{1,3}}) ?{_ORDINAL_SUFFIX}?")
_RANK_BEFORE = re.compile(rf"(?:{_NUMBER.pattern}|(?P<word>[a-z]+)) {_DEPUTY}")
_RANK_AFTER = re.compile(rf"{_DEPUTY} (?:no? )?(?P<rank>[0-9]{{1,3}})")


@lru_cache(maxsize=256)
def parse_function(text: str) -> tuple[Function | None, int | None]:
    """Return the function and, if the text has one, the rank ("2e adjoint"); else None."""
    folded = fold(text.replace("_", " "))
    if function := _FUNCTIONS.get(folded):
        return function, None
    if after := _RANK_AFTER.fullmatch(folded):
        return Function.DEPUTY, int(after["rank"])
    before = _RANK_BEFORE.fullmatch(folded)
    if before and before["rank"]:
        return Function.DEPUTY, int(before["rank"])
    if before and (rank := _RANK_BY_WORD.get(before["word"])):
        return Function.DEPUTY, rank
    return None, None


def parse_rank(text: str) -> int | None:
    """Return a rank as people and programs write it ("2", "02", "2e", "2,0"), or None."""
    cleaned = re.sub("[.,]0+$", "", text)
    if re.search("[^0-9A-Za-zèÈ]", cleaned):
        return None
    found = _NUMBER.fullmatch(fold(cleaned))
    return int(found["rank"]) if found else None
