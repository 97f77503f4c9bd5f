"""One number or address for several people: a list filled down from one cell tells the wrong one.

A town hall's address for its mayor and deputies is usual; a secretary who serves three town halls
as well. A mayor is the mayor of one commune: one number for many of them was copied down.
"""

from __future__ import annotations

from collections import defaultdict

from notifier.directory.models import Function
from notifier.directory.notes import first_of, lines_of
from notifier.directory.reading import Fault
from notifier.directory.rows import Row

_MANY = 10
_KINDS = {"mobile": "le même mobile", "email": "le même courriel"}
_ELECTED = {Function.MAYOR, Function.DEPUTY}


def copied_down(rows: list[Row]) -> list[Fault]:
    """The rows whose number or address is that of more people than can share it."""
    faults = []
    for field, said in _KINDS.items():
        for value, sharing in _shared(rows, field).items():
            people = _people(sharing, field)
            if people <= _MANY:
                continue
            reason = (
                f"{said} ({value}) pour {people} personnes : sans doute une cellule recopiée vers "
                "le bas ; donnez à chacune le sien, ou laissez la cellule vide"
            )
            faults += [Fault(row.line, (reason,)) for row in sharing]
    return faults


def shared_notes(rows: list[Row]) -> list[str]:
    """Which rows share a number or an address, and may not mean to."""
    notes = []
    for field, said in _KINDS.items():
        shared = [
            f"{value} ({lines_of(row.line for row in sharing)})"
            for value, sharing in _shared(rows, field).items()
        ]
        if shared:
            notes.append(f"{said} pour plusieurs personnes, à vérifier : {first_of(shared)}")
    return notes


def _shared(rows: list[Row], field: str) -> dict[str, list[Row]]:
    """The values that more than one person has, with their rows."""
    holders: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if value := getattr(row.contact, field):
            holders[value].append(row)
    return {value: held for value, held in holders.items() if _people(held, field) > 1}


def _people(rows: list[Row], field: str) -> int:
    """How many people the rows are of for certain; a town hall's address counts as one."""
    contacts = [row.contact for row in rows]
    if field == "email":
        return len({c.commune for c in contacts if c.function in _ELECTED})
    names = {c.folded_name for c in contacts} - {""}
    mayors = {c.commune for c in contacts if c.function == Function.MAYOR}
    return max(len(names), len(mayors))
