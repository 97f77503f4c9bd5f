"""A CSV file of contacts becomes the directory's: all of it, or nothing.

Read, check every row, compare with what is stored, write what differs. A row speaks of the contact
with the same commune, function and rank; contacts that the file does not name stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from notifier.directory.differences import REPLACED, difference
from notifier.directory.models import Contact
from notifier.directory.names import is_same_person
from notifier.directory.notes import absent_note, foreign_note, lines_of, unrung_note
from notifier.directory.people import commune_time_zone, is_active
from notifier.directory.reading import Fault, FileRefused, read_sheet
from notifier.directory.rows import Identity, Row, RowRefused, checked
from notifier.directory.shared import copied_down, shared_notes

PROGRESS_EVERY = 10_000


@dataclass(frozen=True)
class Summary:
    """What an import did, or in a dry run would do; `notes` are French sentences for its author."""

    added: int
    changed: int
    unchanged: int
    notes: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    """What becomes of each contact that is there already and differs: line, old value, new value"""

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
) -> Summary:
    """Bring the directory to what the file says, in one transaction.

    `confirmed`: the codes of communes that are postal codes of others as well and are not meant so;
    without the commune's name in the file, or the same person there already, each is asked.
    `progress` is told the number of rows checked, every PROGRESS_EVERY of them. A second run
    writes nothing; neither does `dry_run`.

    Raises FileRefused, with every faulty line, when anything in the file is wrong.
    """
    rows, faults, notes = _checked_rows(path, confirmed, progress)
    faults += copied_down(rows)
    with transaction.atomic():
        stored = _stored(rows)
        faults += _questions(rows, stored)
        if faults:
            raise FileRefused(*sorted(faults, key=lambda fault: fault.line or 0))
        plan = _compare(rows, stored)
        if not dry_run and plan.differing:
            Contact.objects.bulk_create(
                plan.differing,
                update_conflicts=True,
                unique_fields=["commune", "function", "rank"],
                update_fields=[*REPLACED, "name_key", "active_from", "active_until"],
            )
    return Summary(
        added=plan.added,
        changed=len(plan.differing) - plan.added,
        unchanged=len(rows) - len(plan.differing),
        notes=(
            *notes,
            *plan.notes,
            *shared_notes(rows),
            *foreign_note(rows),
            *absent_note(rows, stored),
            *unrung_note(rows, plan.result),
        ),
        changes=tuple(plan.changes),
    )


def _checked_rows(
    path: Path, confirmed: Collection[str], progress: Callable[[int], None] | None
) -> tuple[list[Row], list[Fault], list[str]]:
    """The rows of a file without fault, the faults, and notes on how the file was read."""
    rows: list[Row] = []
    lines: dict[Identity, int] = {}
    faults: list[Fault] = []
    repaired: list[int] = []
    count = 0
    sheet = read_sheet(path)
    for count, raw in enumerate(sheet.rows, 1):
        if progress and count % PROGRESS_EVERY == 0:
            progress(count)
        if raw.fault:
            faults.append(Fault(raw.line, (raw.fault,)))
            continue
        reasons: tuple[str, ...] = ()
        identity: Identity | None
        try:
            row = checked(raw.line, raw.cells, confirmed)
            identity = row.identity
        except RowRefused as refusal:
            identity, reasons = refusal.identity, refusal.reasons
        if identity and lines.setdefault(identity, raw.line) != raw.line:
            reasons = (*reasons, _doubled(identity, lines[identity]))
        if reasons:
            faults.append(Fault(raw.line, reasons))
            continue
        rows.append(row)
        if row.commune == f"0{raw.cells['code_commune']}":
            repaired.append(row.line)
    if count == 0:
        faults.append(Fault(None, (f"« {path} » ne contient aucun contact sous son en-tête",)))
    notes = list(sheet.notes)
    if repaired:
        notes.append(f"zéro initial du code de commune rétabli : {lines_of(repaired)}")
    return rows, faults, notes


def _questions(rows: list[Row], stored: dict[Identity, Contact]) -> list[Fault]:
    """What is asked of rows that may mean another commune, but for people who are there already."""
    asked = [row for row in rows if row.question]
    return [
        Fault(row.line, (row.question,))
        for row in asked
        if (before := stored.get(row.identity)) is None or not _same_person(before, row.contact)
    ]


def _doubled(identity: Identity, first: int) -> str:
    commune, function, rank = identity
    return (
        f"répète la ligne {first} (commune {commune}, {function}, rang {rank}) : "
        "donnez un autre rang ou supprimez l’une des deux"
    )


def _stored(rows: list[Row]) -> dict[Identity, Contact]:
    """What the directory holds from the first to the last commune of the file, held for writing.

    A range and not a list: a file of all communes has more codes than a statement takes.
    """
    if not rows:
        return {}
    codes = [row.commune for row in rows]
    contacts = Contact.objects.select_for_update().filter(commune__range=(min(codes), max(codes)))
    return {(c.commune, c.function, c.rank): c for c in contacts}


@dataclass(frozen=True)
class _Plan:
    differing: list[Contact]
    added: int
    changes: list[str]
    notes: list[str]
    result: list[Contact]
    """Everybody in the communes of the file, as they then are."""


def _compare(rows: list[Row], stored: dict[Identity, Contact]) -> _Plan:
    differing: list[Contact] = []
    changes: list[str] = []
    added = 0
    restarted: list[int] = []
    asleep: list[int] = []
    now = timezone.now()
    imported: dict[Identity, Contact] = {}
    for row in rows:
        contact = imported[row.identity] = row.contact
        before = stored.get(row.identity)
        if before is None:
            added += 1
            differing.append(contact)
            continue
        # An absence or the end of a mandate is the person's, not the post's.
        if _same_person(before, contact):
            contact.active_from, contact.active_until = before.active_from, before.active_until
        elif before.active_from or before.active_until:
            restarted.append(row.line)
        if _asleep(contact, now):
            asleep.append(row.line)
        if change := difference(before, contact):
            differing.append(contact)
            changes.append(f"ligne {row.line}, {change}")
    notes = []
    if restarted:
        notes.append(f"autre personne, période d’activité effacée : {lines_of(restarted)}")
    if asleep:
        notes.append(
            f"hors de leur période d’activité, pas prévenus aujourd’hui : {lines_of(asleep)}"
        )
    communes = {row.commune for row in rows}
    result = {key: contact for key, contact in stored.items() if key[0] in communes} | imported
    return _Plan(differing, added, changes, notes, list(result.values()))


def _asleep(contact: Contact, now: datetime) -> bool:
    if contact.active_from is None and contact.active_until is None:
        return False
    return not is_active(contact, now.astimezone(commune_time_zone(contact.commune)).date())


def _same_person(before: Contact, after: Contact) -> bool:
    return is_same_person(
        (before.last_name, before.first_name), (after.last_name, after.first_name)
    )
