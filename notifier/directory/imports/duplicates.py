"""Find one number or address given to several people: a list filled down from one cell.

A town hall's address for its mayor and deputies is usual, and so is a secretary who serves three
town halls. But a mayor is the mayor of one commune: one number for many of them was copied down.
"""

from __future__ import annotations

from collections import defaultdict

from notifier.directory.imports.phrases import format_first, format_lines
from notifier.directory.imports.rows import Row
from notifier.directory.imports.table import Fault
from notifier.directory.models import Function

_MAX_SHARING = 10
_KINDS = {"mobile": "le même mobile", "email": "le même courriel"}
_ELECTED = {Function.MAYOR, Function.DEPUTY}


def copied_value_faults(rows: list[Row]) -> list[Fault]:
    """Return a fault for each row whose number or address has more people than can share it."""
    faults = []
    for field, label in _KINDS.items():
        for value, sharing in _shared_values(rows, field).items():
            people = _count_people(sharing, field)
            if people <= _MAX_SHARING:
                continue
            reason = (
                f"{label} ({value}) pour {people} personnes : sans doute une cellule recopiée vers "
                "le bas ; donnez à chacune le sien, ou laissez la cellule vide"
            )
            faults += [Fault(row.line, (reason,)) for row in sharing]
    return faults


def shared_value_notes(rows: list[Row]) -> list[str]:
    """Note which rows share a number or an address, perhaps by mistake."""
    notes = []
    for field, label in _KINDS.items():
        shared = [
            f"{value} ({format_lines(row.line for row in sharing)})"
            for value, sharing in _shared_values(rows, field).items()
        ]
        if shared:
            notes.append(f"{label} pour plusieurs personnes, à vérifier : {format_first(shared)}")
    return notes


def _shared_values(rows: list[Row], field: str) -> dict[str, list[Row]]:
    """Return the values that more than one person has, with their rows."""
    by_value: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if value := getattr(row.contact, field):
            by_value[value].append(row)
    return {value: found for value, found in by_value.items() if _count_people(found, field) > 1}


def _count_people(rows: list[Row], field: str) -> int:
    """Return how many people the rows certainly describe; a town hall's address counts as one."""
    contacts = [row.contact for row in rows]
    if field == "email":
        return len({c.commune for c in contacts if c.function in _ELECTED})
    names = {c.folded_name for c in contacts} - {""}
    mayors = {c.commune for c in contacts if c.function == Function.MAYOR}
    return max(len(names), len(mayors))
