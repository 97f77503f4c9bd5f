"""A CSV file of contacts becomes the directory's: all of it, or nothing.

Read, check every row, compare with what is stored, write what differs. A row speaks of the contact
with the same commune, function and rank; contacts that the file does not name stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from notifier.directory.models import Contact
from notifier.directory.people import can_be_rung, is_active, time_zone_of
from notifier.directory.reading import Fault, FileRefused, read_rows
from notifier.directory.rows import Identity, Row, RowRefused, checked
from notifier.territory.resolve import commune as current_commune

PROGRESS_EVERY = 10_000
_SHOWN = 10
_REPLACED = ("last_name", "first_name", "mobile", "email")


@dataclass(frozen=True)
class Summary:
    """What an import did, or in a dry run would do; `notes` are French sentences for its author."""

    added: int
    changed: int
    unchanged: int
    notes: tuple[str, ...] = ()

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
    rows, faults, repaired = _checked_rows(path, confirmed, progress)
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
                update_fields=[*_REPLACED, "active_from", "active_until"],
            )
    return Summary(
        added=plan.added,
        changed=len(plan.differing) - plan.added,
        unchanged=len(rows) - len(plan.differing),
        notes=(*repaired, *plan.notes, *_absent_note(rows, stored), *_unrung_note(rows, plan)),
    )


def _checked_rows(
    path: Path, confirmed: Collection[str], progress: Callable[[int], None] | None
) -> tuple[list[Row], list[Fault], list[str]]:
    """The rows of a file without fault, the faults, and a note on the codes that were repaired."""
    rows: list[Row] = []
    lines: dict[Identity, int] = {}
    faults: list[Fault] = []
    repaired: list[int] = []
    count = 0
    for count, raw in enumerate(read_rows(path), 1):
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
    note = f"zéro initial du code de commune rétabli : {_lines(repaired)}"
    return rows, faults, [note] if repaired else []


def _questions(rows: list[Row], stored: dict[Identity, Contact]) -> list[Fault]:
    """What is asked of rows that may mean another commune, but for people who are there already."""
    asked = [row for row in rows if row.question]
    return [
        Fault(row.line, (row.question,))
        for row in asked
        if (before := stored.get(row.identity)) is None or not _same_person(before, row)
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
    notes: list[str]
    result: list[Contact]
    """Everybody in the communes of the file, as they then are."""


def _compare(rows: list[Row], stored: dict[Identity, Contact]) -> _Plan:
    differing: list[Contact] = []
    added = 0
    restarted: list[int] = []
    asleep: list[int] = []
    now = timezone.now()
    imported: dict[Identity, Contact] = {}
    for row in rows:
        contact = imported[row.identity] = _contact(row)
        before = stored.get(row.identity)
        if before is None:
            added += 1
            differing.append(contact)
            continue
        # An absence or the end of a mandate is the person's, not the post's.
        if _same_person(before, row):
            contact.active_from, contact.active_until = before.active_from, before.active_until
        elif before.active_from or before.active_until:
            restarted.append(row.line)
        if _asleep(contact, now):
            asleep.append(row.line)
        if any(getattr(before, field) != getattr(contact, field) for field in _REPLACED):
            differing.append(contact)
    notes = []
    if restarted:
        notes.append(f"autre personne, période d’activité effacée : {_lines(restarted)}")
    if asleep:
        notes.append(
            f"hors de leur période d’activité, pas prévenus aujourd’hui : {_lines(asleep)}"
        )
    communes = {row.commune for row in rows}
    result = {key: contact for key, contact in stored.items() if key[0] in communes} | imported
    return _Plan(differing, added, notes, list(result.values()))


def _asleep(contact: Contact, now: datetime) -> bool:
    if contact.active_from is None and contact.active_until is None:
        return False
    return not is_active(contact, now.astimezone(time_zone_of(contact.commune)).date())


def _contact(row: Row) -> Contact:
    return Contact(
        commune=row.commune,
        function=row.function,
        rank=row.rank,
        last_name=row.last_name,
        first_name=row.first_name,
        mobile=row.mobile,
        email=row.email,
    )


def _same_person(before: Contact, row: Row) -> bool:
    names = (before.last_name, before.first_name), (row.last_name, row.first_name)
    one, other = (" ".join(pair).casefold() for pair in names)
    return one == other


def _absent_note(rows: list[Row], stored: dict[Identity, Contact]) -> list[str]:
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


def _unrung_note(rows: list[Row], plan: _Plan) -> list[str]:
    """Where an urgent alert would wake nobody: an e-mail does not."""
    rung = can_be_rung(plan.result, timezone.now())
    silent = sorted({row.commune for row in rows if not rung.get(row.commune)})
    if not silent:
        return []
    named = [found.label if (found := current_commune(code)) else code for code in silent]
    note = (
        "aucun contact en fonction n’a de mobile : une alerte urgente n’y réveille personne, et la "
        f"permanence est prévenue : {_first(named)}"
    )
    return [note]


def _lines(numbers: Iterable[int]) -> str:
    """ "lignes 2, 5, 9", cut after the first ten."""
    every = sorted(numbers)
    return f"{'lignes' if len(every) > 1 else 'ligne'} {_first(list(map(str, every)))}"


def _first(every: list[str]) -> str:
    """The first ten, and how many others there are."""
    more = f" et {len(every) - _SHOWN} autres" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
