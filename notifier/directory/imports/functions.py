"""Parse functions as people write them: "1er adjoint", "Adjointe au maire", "Police municipale"."""

from __future__ import annotations

import re
from functools import lru_cache

from notifier.directory.models import OF_COMMUNE, Function, OrganisationKind
from notifier.directory.names import fold

_OF_TOWN_HALL = {
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
_OF_OTHERS = {
    "presidente": Function.PRESIDENT,
    "president du conseil communautaire": Function.PRESIDENT,
    "president du conseil departemental": Function.PRESIDENT,
    "presidente du conseil communautaire": Function.PRESIDENT,
    "presidente du conseil departemental": Function.PRESIDENT,
    "vice presidente": Function.VICE_PRESIDENT,
    "vice president du conseil communautaire": Function.VICE_PRESIDENT,
    "vice presidente du conseil communautaire": Function.VICE_PRESIDENT,
    "directrice": Function.DIRECTOR,
    "principal": Function.HEAD_OF_SCHOOL,
    "principale": Function.HEAD_OF_SCHOOL,
    "proviseur": Function.HEAD_OF_SCHOOL,
    "proviseure": Function.HEAD_OF_SCHOOL,
    "cheffe d etablissement": Function.HEAD_OF_SCHOOL,
    "gendarme referent": Function.FORCE_OFFICER,
    "policier referent": Function.FORCE_OFFICER,
    "referente surete": Function.SECURITY_OFFICER,
    "gardienne": Function.CARETAKER,
    "habitante relais": Function.RESIDENT,
}


def _by_text(functions: tuple[Function, ...], synonyms: dict[str, Function]) -> dict[str, Function]:
    return {
        **{fold(function.value.replace("_", " ")): function for function in functions},
        **{fold(function.label): function for function in functions},
        **synonyms,
    }


_FUNCTIONS_OF_COMMUNE = _by_text(OF_COMMUNE, _OF_TOWN_HALL)
_ALL_FUNCTIONS = _by_text(tuple(Function), _OF_TOWN_HALL | _OF_OTHERS)
_ORDINALS = (
    "premier", "deuxieme", "troisieme", "quatrieme", "cinquieme", "sixieme", "septieme",
    "huitieme", "neuvieme", "dixieme",
)  # fmt: skip
_RANK_BY_WORD = {word: rank for rank, word in enumerate(_ORDINALS, 1)} | {
    "premiere": 1, "second": 2, "seconde": 2,
}  # fmt: skip
_DEPUTY = r"(?:maire )?adjointe?(?: au maire)?"
_VICE_PRESIDENT = r"(?P<vice>vice presidente?)(?: du conseil [a-z ]+| de l[a-z ]+)?"
_NUMBERED = rf"(?:{_DEPUTY}|{_VICE_PRESIDENT})"
_ORDINAL_SUFFIX = "(?:ere?|re|e|eme|ieme|nde?)"
_NUMBER = re.compile(rf"(?P<rank>[0-9]{{1,3}}) ?{_ORDINAL_SUFFIX}?")
_RANK_BEFORE = re.compile(rf"(?:{_NUMBER.pattern}|(?P<word>[a-z]+)) {_NUMBERED}")
_RANK_AFTER = re.compile(rf"{_NUMBERED} (?:no? )?(?P<rank>[0-9]{{1,3}})")


def functions_of(kind: str) -> tuple[Function, ...]:
    """Return the functions that somebody can hold in an organisation of this kind."""
    return OF_COMMUNE if kind == OrganisationKind.COMMUNE else tuple(Function)


@lru_cache(maxsize=256)
def parse_function(
    text: str, kind: str = OrganisationKind.COMMUNE
) -> tuple[Function | None, int | None]:
    """Return the function and, if the text has one, the rank ("2e adjoint"); else None."""
    folded = fold(text.replace("_", " "))
    is_commune = kind == OrganisationKind.COMMUNE
    if function := (_FUNCTIONS_OF_COMMUNE if is_commune else _ALL_FUNCTIONS).get(folded):
        return function, None
    found = _RANK_AFTER.fullmatch(folded) or _RANK_BEFORE.fullmatch(folded)
    if found is None or (found["vice"] and is_commune):
        return None, None
    word = found.groupdict().get("word")
    rank = _RANK_BY_WORD.get(word) if word else int(found["rank"])
    function = Function.VICE_PRESIDENT if found["vice"] else Function.DEPUTY
    return (function, rank) if rank is not None else (None, None)


def parse_rank(text: str) -> int | None:
    """Return a rank as people and programs write it ("2", "02", "2e", "2,0"), or None."""
    cleaned = re.sub("[.,]0+$", "", text)
    if re.search("[^0-9A-Za-zèÈ]", cleaned):
        return None
    found = _NUMBER.fullmatch(fold(cleaned))
    return int(found["rank"]) if found else None
