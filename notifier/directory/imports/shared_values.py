"""Find one number or address given to several people: a list filled down from one cell.

A town hall's address for its mayor and deputies is usual, and so is a secretary who serves three
town halls. But a mayor is the mayor of one commune: one number for many of them was copied down.
"""

from __future__ import annotations

from collections import defaultdict

from notifier.directory.imports.entries import Entry, Reading
from notifier.directory.imports.phrases import format_first, format_lines
from notifier.directory.imports.table import Fault
from notifier.directory.models import AddressKind, Function, Origin
from notifier.directory.names import fold

_MAX_SHARING = 10
_KINDS = {AddressKind.MOBILE: "le même mobile", AddressKind.EMAIL: "le même courriel"}
_ELECTED = {Function.MAYOR, Function.DEPUTY}


def copied_value_faults(reading: Reading) -> list[Fault]:
    """Return a fault for each row whose number or address has more people than can share it."""
    faults = []
    for kind, label in _KINDS.items():
        for value, sharing in _shared_values(reading, kind).items():
            people = _count_people(sharing, kind)
            if people <= _MAX_SHARING:
                continue
            reason = (
                f"{label} ({value}) pour {people} personnes : sans doute une cellule recopiée vers "
                "le bas ; donnez à chacune le sien, ou laissez la cellule vide"
            )
            faults += [Fault(entry.line, (reason,)) for entry in sharing]
    return faults


def shared_value_notes(reading: Reading) -> list[str]:
    """Note which rows share a number or an address, perhaps by mistake."""
    notes = []
    for kind, label in _KINDS.items():
        shared = [
            f"{value} ({format_lines(entry.line for entry in sharing)})"
            for value, sharing in _shared_values(reading, kind).items()
        ]
        if shared:
            notes.append(f"{label} pour plusieurs personnes, à vérifier : {format_first(shared)}")
    return notes


def _shared_values(reading: Reading, kind: AddressKind) -> dict[str, list[Entry]]:
    """Return the values that more than one person has, with their rows.

    None in the annuaire's list: small town halls share their secretary.
    """
    by_value: dict[str, list[Entry]] = defaultdict(list)
    if reading.origin != Origin.ANNUAIRE:
        for entry in reading.entries:
            for value in {value for its_kind, value in entry.addresses if its_kind == kind}:
                by_value[value].append(entry)
    return {
        value: found
        for value, found in by_value.items()
        if len(found) > 1 and _count_people(found, kind) > 1
    }


def _count_people(entries: list[Entry], kind: AddressKind) -> int:
    """Return how many people the rows certainly describe; a town hall's address counts as one."""
    if kind == AddressKind.EMAIL:
        return len({entry.organisation for entry in entries if entry.function in _ELECTED})
    names = {fold(" ".join(entry.name)) for entry in entries} - {""}
    mayors = {entry.organisation for entry in entries if entry.function == Function.MAYOR}
    return max(len(names), len(mayors))
