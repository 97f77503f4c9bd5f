"""Functions as lists write them: "1er adjoint", "Adjointe au maire", "Police municipale"."""

from __future__ import annotations

import re
from functools import lru_cache

from notifier.directory.models import Function
from notifier.directory.names import key

_ALSO = {
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
_WRITTEN = {
    **{key(function.value.replace("_", " ")): function for function in Function},
    **{key(function.label): function for function in Function},
    **_ALSO,
}
_ORDINALS = (
    "premier", "deuxieme", "troisieme", "quatrieme", "cinquieme", "sixieme", "septieme",
    "huitieme", "neuvieme", "dixieme",
)  # fmt: skip
_IN_WORDS = {word: rank for rank, word in enumerate(_ORDINALS, 1)} | {
    "premiere": 1, "second": 2, "seconde": 2,
}  # fmt: skip
_DEPUTY = r"(?:maire )?adjointe?(?: au maire)?"
_ENDING = "(?:ere?|re|e|eme|ieme|nde?)"
_NUMBER = re.compile(rf"(?P<rank>[0-9]{{1,3}}) ?{_ENDING}?")
_ORDERED = re.compile(rf"(?:{_NUMBER.pattern}|(?P<word>[a-z]+)) {_DEPUTY}")
_NUMBERED = re.compile(rf"{_DEPUTY} (?:no? )?(?P<rank>[0-9]{{1,3}})")


@lru_cache(maxsize=256)
def function_of(text: str) -> tuple[Function | None, int | None]:
    """The function, and the rank where it is said with it ("2e adjoint"); None if not said."""
    written = key(text.replace("_", " "))
    if function := _WRITTEN.get(written):
        return function, None
    if numbered := _NUMBERED.fullmatch(written):
        return Function.DEPUTY, int(numbered["rank"])
    ordered = _ORDERED.fullmatch(written)
    if ordered and ordered["rank"]:
        return Function.DEPUTY, int(ordered["rank"])
    if ordered and (rank := _IN_WORDS.get(ordered["word"])):
        return Function.DEPUTY, rank
    return None, None


def rank_of(text: str) -> int | None:
    """A rank as people and programs write it: "2", "02", "2e", "2,0"; None if it is none."""
    written = re.sub("[.,]0+$", "", text)
    if re.search("[^0-9A-Za-zèÈ]", written):
        return None
    found = _NUMBER.fullmatch(key(written))
    return int(found["rank"]) if found else None
