"""Notes on a valid file that its author should read, as French sentences."""

from __future__ import annotations

from django.utils import timezone

from notifier.directory.contacts import Contact, communes_with_mobile
from notifier.directory.imports.phrases import format_first
from notifier.directory.imports.rows import Identity, Row
from notifier.territory.phones import is_unlikely_abroad
from notifier.territory.resolve import commune_by_code


def missing_contacts_note(rows: list[Row], stored: dict[Identity, Contact]) -> list[str]:
    """Note contacts that the file does not name: they may have left, and will go on being told."""
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


def foreign_numbers_note(rows: list[Row]) -> list[str]:
    """Note numbers of countries where no one serving a commune lives: a slip, or a costly text."""
    foreign = [
        f"{row.contact.mobile} (ligne {row.line})"
        for row in rows
        if row.contact.mobile and is_unlikely_abroad(row.contact.mobile, row.commune)
    ]
    if not foreign:
        return []
    return [f"mobile d’un pays ou territoire éloigné, à vérifier : {format_first(foreign)}"]


def no_mobile_note(rows: list[Row], result: list[Contact]) -> list[str]:
    """Note communes where an urgent alert would reach nobody at once, for want of a mobile.

    `result`: all contacts of the file's communes after the import.
    """
    has_mobile = communes_with_mobile(result, timezone.now())
    without = sorted({row.commune for row in rows if not has_mobile.get(row.commune)})
    if not without:
        return []
    labels = [found.label if (found := commune_by_code(code)) else code for code in without]
    note = (
        "aucun contact en fonction n’a de mobile : une alerte urgente n’y réveille personne, et la "
        f"permanence est prévenue : {format_first(labels)}"
    )
    return [note]
