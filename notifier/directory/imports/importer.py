"""Import a CSV file of contacts into the directory: all of it, or nothing.

Read, check every row, compare with what is stored, write what differs. A row stands for the contact
with the same commune, function and rank; contacts that the file does not name stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from notifier.directory.contacts import Contact, contacts_between, is_active, write_contacts
from notifier.directory.imports.differences import describe_change
from notifier.directory.imports.duplicates import copied_value_faults, shared_value_notes
from notifier.directory.imports.notes import (
    foreign_numbers_note,
    missing_contacts_note,
    no_mobile_note,
)
from notifier.directory.imports.phrases import format_lines
from notifier.directory.imports.reading import CONTACTS, read_list
from notifier.directory.imports.rows import Identity, Row, row_of
from notifier.directory.imports.table import Fault, FileRefused
from notifier.directory.models import Origin
from notifier.directory.names import is_same_person


@dataclass(frozen=True)
class ImportSummary:
    """What an import did, or in a dry run would do; `notes` are French sentences for the user."""

    added: int
    changed: int
    unchanged: int
    notes: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    """One line per existing contact that changes: line of the file, old values, new values."""

    def __str__(self) -> str:
        return ", ".join(
            f"{count} {word}{'s' if count > 1 else ''}"
            for count, word in (
                (self.added, "ajouté"),
                (self.changed, "modifié"),
                (self.unchanged, "inchangé"),
            )
        )


def import_contacts(
    path: Path,
    *,
    dry_run: bool = False,
    confirmed: Collection[str] = (),
    progress: Callable[[int], None] | None = None,
) -> ImportSummary:
    """Make the directory match the file, in one transaction.

    `confirmed`: codes of communes that are also postal codes of others and are meant as commune
    codes. Without the commune's name in the file, or the same person in the directory, an
    unconfirmed code of that kind is refused. `progress` is called with the number of rows checked,
    every PROGRESS_EVERY of them. A second run writes nothing; neither does `dry_run`.

    Raises FileRefused, with every faulty line, when anything in the file is wrong.
    """
    rows, faults, notes = _checked_rows(path, confirmed, progress)
    faults += copied_value_faults(rows)
    with transaction.atomic():
        stored = _existing_contacts(rows)
        faults += _unconfirmed_codes(rows, stored)
        if faults:
            raise FileRefused(*sorted(faults, key=lambda fault: fault.line or 0))
        plan = _compare(rows, stored)
        if not dry_run and plan.differing:
            write_contacts(plan.differing, Origin.FILE)
    return ImportSummary(
        added=plan.added,
        changed=len(plan.differing) - plan.added,
        unchanged=len(rows) - len(plan.differing),
        notes=(
            *notes,
            *plan.notes,
            *shared_value_notes(rows),
            *foreign_numbers_note(rows),
            *missing_contacts_note(rows, stored),
            *no_mobile_note(rows, plan.result),
        ),
        changes=tuple(plan.changes),
    )


def _checked_rows(
    path: Path, confirmed: Collection[str], progress: Callable[[int], None] | None
) -> tuple[list[Row], list[Fault], list[str]]:
    """Return the valid rows of a file, the faults, and notes on how the file was read."""
    reading = read_list(path, CONTACTS.name, confirmed=confirmed, progress=progress)
    notes = reading.notes
    if repaired := [entry.line for entry in reading.entries if entry.is_repaired]:
        notes.append(f"zéro initial du code de commune rétabli : {format_lines(repaired)}")
    return list(map(row_of, reading.entries)), reading.faults, notes


def _unconfirmed_codes(rows: list[Row], stored: dict[Identity, Contact]) -> list[Fault]:
    """Return a fault per code that may be a postal code, unless the person is already known."""
    ambiguous = [row for row in rows if row.question]
    return [
        Fault(row.line, (row.question,))
        for row in ambiguous
        if (before := stored.get(row.identity)) is None or not _same_person(before, row.contact)
    ]


def _existing_contacts(rows: list[Row]) -> dict[Identity, Contact]:
    """Lock and return the contacts from the first to the last commune of the file."""
    if not rows:
        return {}
    codes = [row.commune for row in rows]
    contacts = contacts_between(min(codes), max(codes), lock=True)
    return {(c.commune, c.function, c.rank): c for c in contacts}


@dataclass(frozen=True)
class _Plan:
    """What the import will write."""

    differing: list[Contact]
    added: int
    changes: list[str]
    notes: list[str]
    result: list[Contact]
    """All contacts of the file's communes after the import."""


def _compare(rows: list[Row], stored: dict[Identity, Contact]) -> _Plan:
    differing: list[Contact] = []
    changes: list[str] = []
    added = 0
    restarted: list[int] = []
    inactive: list[int] = []
    now = timezone.now()
    imported: dict[Identity, Contact] = {}
    for row in rows:
        contact = imported[row.identity] = row.contact
        before = stored.get(row.identity)
        if before is None:
            added += 1
            differing.append(contact)
            continue
        contact.mandate = before.mandate
        # An absence or the end of a mandate belongs to the person, not to the post.
        if _same_person(before, contact):
            contact.active_from, contact.active_until = before.active_from, before.active_until
        elif before.active_from or before.active_until:
            restarted.append(row.line)
        if _is_inactive(contact, now):
            inactive.append(row.line)
        if change := describe_change(before, contact):
            differing.append(contact)
            changes.append(f"ligne {row.line}, {change}")
    notes = []
    if restarted:
        notes.append(f"autre personne, période d’activité effacée : {format_lines(restarted)}")
    if inactive:
        notes.append(
            f"hors de leur période d’activité, pas prévenus aujourd’hui : {format_lines(inactive)}"
        )
    communes = {row.commune for row in rows}
    result = {key: contact for key, contact in stored.items() if key[0] in communes} | imported
    return _Plan(differing, added, changes, notes, list(result.values()))


def _is_inactive(contact: Contact, now: datetime) -> bool:
    if contact.active_from is None and contact.active_until is None:
        return False
    return not is_active(contact, now)


def _same_person(before: Contact, after: Contact) -> bool:
    return is_same_person(
        (before.last_name, before.first_name), (after.last_name, after.first_name)
    )
