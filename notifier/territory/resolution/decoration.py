"""Remove what people write around a commune's name: "90100 DELLE", "Ville de Belfort".

Only what is known to mean nothing else is removed; a name with anything more stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from notifier.territory.resolution.names import normalise

_NUMBER = r"(?:[0-9]{5}|2[ABab][0-9]{3}|97[1-8]|98[46789]|[0-9]{2}|2[ABab])"
_MAX_NUMBERS = 3
_NUMBER_ALONE = re.compile(_NUMBER)
_NUMBER_BEFORE = re.compile(r"(?:FR?[ -]+)?([0-9]{5})[ ,:/-]+(?=[^\W\d])", re.IGNORECASE)
_NUMBER_AFTER = re.compile(rf"[ ,:/-]+({_NUMBER})$")
_SEPARATORS = re.compile(r"[(),;:\[\]]| [-–—]+ ")
_ARTICLE = re.compile(r"(?:l ?[’']|le|la|les)", re.IGNORECASE)
# After these words the name follows; they make no smaller or larger place of it.
_PREFIX = re.compile(
    r"(?:commune(?: nouvelle)?|ville|mairie|village|bourg|centre(?: ville| bourg)?)"
    r" (?:de la |de l |de |des |du |d )(?P<name>.+)"
)
# Parts of a commune that bear its name. Not "gare": a station may stand next door.
_PARTS = r"(?:centre(?: ville| bourg)?|ville|bourg|village|chef lieu|principal|nord|sud|est|ouest)"
_SUFFIX = re.compile(rf"(?P<name>.+?) {_PARTS}")
_PART = re.compile(rf"(?:le )?{_PARTS}|france|fr")
_ARTICLE_AFTER = re.compile(r"(?P<name>.+) (?:le|la|les|l)")


@dataclass(frozen=True, slots=True)
class BareName:
    """A name without its decoration."""

    key: str
    """As `names.normalise` gives it."""
    numbers: tuple[str, ...] = ()
    """Codes, postal codes and départements written with it, all of which must match."""


def bare_names(name: str, departement: Callable[[str], str | None]) -> Iterator[BareName]:
    """Yield the names that may be meant, the one with the least removed first.

    `departement` returns a département's code by the key of its name, None if it is not one.
    """
    found = {whole := BareName(normalise(name))}
    yield whole
    for head, numbers in _stripped(name, departement):
        for key in _keys(head):
            plain = BareName(key, numbers)
            if key and plain not in found:
                found.add(plain)
                yield plain


def _stripped(
    name: str, departement: Callable[[str], str | None]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name without numbers and départements, then without parts of the commune."""
    head, *tail = (part.strip() for part in _SEPARATORS.split(name))
    numbers: list[str] = []
    rest: list[str] = []
    for part in filter(None, tail):
        code = departement(normalise(part))
        if _NUMBER_ALONE.fullmatch(part):
            numbers.append(part)
        elif _ARTICLE.fullmatch(part):
            head = f"{part} {head}"
        elif code is not None:
            numbers.append(code)
        else:
            rest.append(part)
    yield from _without_numbers(" ".join([head, *rest]), numbers)
    said = [part for part in rest if not _PART.fullmatch(normalise(part))]
    if len(said) < len(rest):
        yield from _without_numbers(" ".join([head, *said]), numbers)


def _without_numbers(text: str, numbers: list[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the text, then without the postal code before it, then without each number after it."""
    taken = [number.upper() for number in numbers]
    yield text, tuple(taken)
    if before := _NUMBER_BEFORE.match(text):
        taken.append(before[1])
        text = text[before.end() :]
        yield text, tuple(taken)
    while len(taken) < _MAX_NUMBERS and (behind := _NUMBER_AFTER.search(text)):
        taken.append(behind[1].upper())
        text = text[: behind.start()]
        yield text, tuple(taken)


def _keys(head: str) -> Iterator[str]:
    """Yield the keys of a name: with slashes read as "sur", as it is, then without affixes.

    "sur" first: without its slash, MONTBRISON/LEZ looks like Montbrison with an article after it.
    """
    spelt = normalise(head.replace("/", " sur "))
    keys = dict.fromkeys((re.sub(r" s (?=.)", " sur ", spelt), spelt, normalise(head)))
    yield from keys
    for key in keys:
        prefix = _PREFIX.fullmatch(key)
        inner = normalise(prefix["name"]) if prefix else ""
        yield inner
        for text in (key, inner):
            if match := _SUFFIX.fullmatch(text):
                yield match["name"]
            # What is read as "les" may have been a "lez", which is no article.
            if (match := _ARTICLE_AFTER.fullmatch(text)) and "lez" not in head.casefold():
                yield match["name"]
