"""What the author of a file should know of it though nothing in it is wrong; French sentences."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from notifier.directory.models import Contact
from notifier.directory.people import communes_with_mobile
from notifier.directory.rows import Identity, Row
from notifier.territory.phones import is_unlikely_abroad
from notifier.territory.resolve import commune_by_code

_SHOWN = 10


def absent_note(rows: list[Row], stored: dict[Identity, Contact]) -> list[str]:
    """Whoever left the town hall is not in the new file, and would go on being told."""
    communes = {row.commune for row in rows}
    named = {row.identity for row in rows}
    absent = sum(1 for identity in stored if identity[0] in communes and identity not in named)
    if not absent:
        return []
    note = (
        f"contacts de ces communes absents du fichier, laissés en place : {absent} ; "
        "supprimez ceux qui ne doivent plus être prévenus"
    )
    return [note]


def foreign_note(rows: list[Row]) -> list[str]:
    """Numbers of countries from which nobody serves a commune: a slip, or a text not paid for."""
    far = [
        f"{row.contact.mobile} (ligne {row.line})"
        for row in rows
        if row.contact.mobile and is_unlikely_abroad(row.contact.mobile, row.commune)
    ]
    return [f"mobile d’un pays ou territoire éloigné, à vérifier : {first_of(far)}"] if far else []


def unrung_note(rows: list[Row], result: list[Contact]) -> list[str]:
    """Where an urgent alert would wake nobody: an e-mail does not.

    `result`: everybody in the communes of the file, as they then are.
    """
    rung = communes_with_mobile(result, timezone.now())
    silent = sorted({row.commune for row in rows if not rung.get(row.commune)})
    if not silent:
        return []
    named = [found.label if (found := commune_by_code(code)) else code for code in silent]
    note = (
        "aucun contact en fonction n’a de mobile : une alerte urgente n’y réveille personne, et la "
        f"permanence est prévenue : {first_of(named)}"
    )
    return [note]


def lines_of(numbers: Iterable[int]) -> str:
    """ "lignes 2, 5, 9", cut after the first ten."""
    every = sorted(numbers)
    return f"{'lignes' if len(every) > 1 else 'ligne'} {first_of(list(map(str, every)))}"


def first_of(every: list[str]) -> str:
    """The first ten, and how many others there are."""
    more = f" et {len(every) - _SHOWN} autres" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
