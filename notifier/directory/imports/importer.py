"""Bring a list into the directory: all of it or nothing, or its good rows where that is asked for.

Read every row, compare with what is stored, write what differs under one numbered change, which
`notifier directory undo` takes back. Nothing here sends anything to anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from notifier.directory.allowed import (
    EVERYTHING,
    AllowedOrganisations,
    people_gone_elsewhere,
    people_told_elsewhere,
)
from notifier.directory.changes import (
    ADDED,
    CHANGED,
    REMOVED,
    Edits,
    last_history,
    lock_directory,
    start_change,
    write,
)
from notifier.directory.election import last_election
from notifier.directory.imports.compare import compare
from notifier.directory.imports.entries import Reading
from notifier.directory.imports.notes import notes_on
from notifier.directory.imports.outcome import Comparison, Outcome, Verb
from notifier.directory.imports.reading import AUTOMATIC, Progress, Selection, read_list
from notifier.directory.imports.shared_values import copied_value_faults
from notifier.directory.imports.stored import Stored, read_doubts, read_stored
from notifier.directory.imports.table import Fault, FileRefused
from notifier.directory.models import Address, Change, ChangeKind, Mandate, OrganisationKind, Person
from notifier.directory.models import OrganisationRef as Ref
from notifier.directory.organisations import add_organisation, known_organisation, organisations
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

# How often a comparison is made anew because others changed the directory meanwhile.
_MAX_TRIES = 3
_UNKNOWN_ORGANISATION = (
    "aucun organisme « {} » : donnez son nom dans une colonne « nom_organisme », ou créez-le par "
    "« notifier organisation add »"
)
_TOLD_ELSEWHERE = (
    "cette personne est aussi prévenue pour un organisme hors de votre périmètre : son nom et ses "
    "adresses ne se changent pas d’ici ; ôtez la ligne, ou confiez-la à qui administre les deux"
)


@dataclass(frozen=True)
class ImportSummary:
    """What an import did, or in a dry run would do; `notes` are French sentences for the user."""

    form: str
    added: int
    changed: int
    ended: int
    unchanged: int
    faults: tuple[Fault, ...]
    """The rows that are refused; with them nothing is written, unless the good ones were chosen."""
    notes: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    change: int | None = None
    """The number of the change; None where nothing was written."""

    def __str__(self) -> str:
        counts = [(self.added, "ajouté"), (self.changed, "modifié"), (self.unchanged, "inchangé")]
        counts += [(self.ended, "terminé")] if self.ended else []
        counts += [(len(self.faults), "refusé")] if self.faults else []
        return ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts)


def import_list(
    path: Path,
    form: str = AUTOMATIC,
    *,
    author: str,
    dry_run: bool = False,
    valid_only: bool = False,
    confirmed: Collection[str] = (),
    departement: str = "",
    allowed: AllowedOrganisations = EVERYTHING,
    max_rows: int = 0,
    left_out: Collection[int] = (),
    progress: Progress | None = None,
    check: Callable[[ImportSummary], None] | None = None,
    committing: Callable[[int], None] | None = None,
) -> ImportSummary:
    """Make the directory match a file, in one transaction; a dry run writes nothing.

    `form`: a name of `reading.FORMATS`, or AUTOMATIC. `confirmed`: codes of communes that are also
    postal codes of others and are meant as commune codes. `departement`: rows of others are skipped
    and counted. `allowed`: nothing of other organisations changes, nor anything that reaches people
    for one of them. `max_rows`: 0 for however many. `left_out`: lines that are not taken.
    `progress`: as `read_list` calls it. `check` sees what would be written before anything is, and
    `committing` the number of the change, in its transaction: what either raises undoes all. A
    second run of the same file writes nothing.

    Raises FileRefused, with every faulty row, when anything is wrong; with `valid_only` and in a
    dry run only when the file cannot be read at all.
    """
    within = None if allowed.is_everything else allowed
    selection = Selection(departement, within, max_rows)
    reading = read_list(path, form, confirmed=confirmed, selection=selection, progress=progress)
    whole = [fault for fault in reading.faults if fault.line is None]
    if whole:
        raise FileRefused(*whole)
    _leave_out(reading, left_out)
    reading.faults = [fault for fault in reading.faults if fault.line not in left_out]
    reading.faults += copied_value_faults(reading)
    _leave_out(reading, _faulty_lines(reading))
    for _ in range(_MAX_TRIES):
        state = last_history()
        found = _compare(reading, allowed)
        faults = sorted((*reading.faults, *found.faults), key=lambda fault: fault.line or 0)
        if faults and not valid_only and not dry_run:
            raise FileRefused(*faults)
        summary = _summary(reading, found, faults)
        if check:
            check(summary)
        if dry_run or not found.edits:
            return summary
        with transaction.atomic():
            lock_directory()
            if last_history() != state:
                continue
            number = _write(reading, found, f"{path.name} ({reading.format})", author, len(faults))
            if committing:
                committing(number)
        return replace(summary, change=number)
    raise FileRefused(
        Fault(None, ("l’annuaire est en train de changer : recommencez dans un moment",))
    )


def _compare(reading: Reading, allowed: AllowedOrganisations) -> Comparison:
    while True:
        found = _compare_once(reading, allowed)
        faults = _told_elsewhere(found, allowed)
        if not faults:
            return found
        # What was compared with them is compared anew: their mandates stay as they are.
        reading.faults += faults
        _leave_out(reading, _faulty_lines(reading))


def _compare_once(reading: Reading, allowed: AllowedOrganisations) -> Comparison:
    communes = {(OrganisationKind.COMMUNE.value, e.home_commune) for e in reading.entries}
    homes = {key for key in communes if key[1] and Ref(*key) in allowed}
    keys = {entry.organisation for entry in reading.entries}
    stored = read_stored(keys | homes)
    read_doubts(stored)
    unknown = _unknown_organisations(reading, stored)
    if unknown:
        reading.faults += unknown
        _leave_out(reading, _faulty_lines(reading))
    return compare(reading, stored, timezone.now(), last_election())


def _told_elsewhere(found: Comparison, allowed: AllowedOrganisations) -> list[Fault]:
    """Return the faults of rows that change whom an organisation that is not allowed tells too."""
    changed: set[int | None] = set()
    for kind in (ADDED, CHANGED, REMOVED):
        changed |= {person.pk for person in found.edits.rows(kind, Person)}
        changed |= {address.person_id for address in found.edits.rows(kind, Address)}
    begun = {one.person_id for kind in (ADDED, CHANGED) for one in found.edits.rows(kind, Mandate)}
    people = people_told_elsewhere(filter(None, changed), allowed)
    people |= people_gone_elsewhere(filter(None, begun), allowed)
    return [Fault(line, (_TOLD_ELSEWHERE,)) for pk in people for line in found.lines[pk]]


def _faulty_lines(reading: Reading) -> set[int | None]:
    return {fault.line for fault in reading.faults}


def _leave_out(reading: Reading, lines: Collection[int | None]) -> None:
    left = [entry for entry in reading.entries if entry.line in lines]
    reading.incomplete |= {entry.organisation for entry in left}
    reading.entries = [entry for entry in reading.entries if entry.line not in lines]


def _unknown_organisations(reading: Reading, stored: Stored) -> list[Fault]:
    """Return the faults of rows for organisations that nobody knows and the list does not name."""
    return [
        Fault(
            entry.line,
            (_UNKNOWN_ORGANISATION.format(Ref(kind, code)),),
        )
        for entry in reading.entries
        if entry.organisation not in stored.organisations and not entry.organisation_name
        for kind, code in (entry.organisation,)
        if known_organisation(Ref(kind, code)) is None
    ]


def _write(reading: Reading, found: Comparison, source: str, author: str, refused: int) -> int:
    """Write a comparison, in the caller's transaction; return the number of its change."""
    counts = {verb.name.lower(): found.count(verb) for verb in Verb} | {"refused": refused}
    change = start_change(ChangeKind.IMPORT, author, source, counts=counts)
    _store_organisations(reading, found.edits.rows(ADDED, Mandate))
    write(found.edits, change)
    _remove_people_without_mandate(found, change)
    text = f"annuaire : import n° {change.pk}, {source}, par {author}"
    write_entries([new_entry(None, Step.DIRECTORY, text, change=change.pk, counts=counts)])
    return change.pk


def _store_organisations(reading: Reading, mandates: list[Mandate]) -> None:
    """Store the organisations that have no row yet, and give them to their mandates."""
    new = {m.organisation.ref: m for m in mandates if m.organisation._state.adding}
    names = {Ref(*e.organisation): e.organisation_name for e in reading.entries}
    known = [ref for ref in new if known_organisation(ref) is not None]
    rows = organisations(known)
    rows |= {ref: add_organisation(ref, names[ref]) for ref in new if ref not in rows}
    for mandate in mandates:
        mandate.organisation = rows.get(mandate.organisation.ref, mandate.organisation)


def _remove_people_without_mandate(found: Comparison, change: Change) -> None:
    """Delete the people whose only mandate was entered and corrected on the same day."""
    ids = [mandate.person_id for mandate in found.edits.rows(REMOVED, Mandate)]
    edits = Edits()
    edits.remove(*Address.objects.filter(person__in=ids, person__mandates=None))
    edits.remove(*Person.objects.filter(pk__in=ids, mandates=None))
    if edits:
        write(edits, change)


def _summary(
    reading: Reading,
    found: Comparison,
    faults: list[Fault],
    change: int | None = None,
) -> ImportSummary:
    return ImportSummary(
        form=reading.format,
        added=found.count(Verb.NEW),
        changed=found.count(Verb.CHANGED),
        ended=found.count(Verb.ENDED),
        unchanged=found.count(Verb.UNCHANGED),
        faults=tuple(faults),
        notes=tuple(notes_on(reading, found, timezone.now())),
        outcomes=tuple(found.outcomes),
        change=change,
    )
