"""A list on its way into the directory: submitted, read, looked at, written, taken note of.

Its bytes stand in the database, so that any process can go on with it. Every step is one
conditional UPDATE: of two people, or of two clicks, one goes on. What is written is written in one
transaction with the job's own end, so that a worker that dies leaves nothing half done.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from notifier.directory.allowed import AllowedOrganisations
from notifier.directory.imports.importer import ImportSummary, import_list
from notifier.directory.imports.job_file import as_file, clean_name
from notifier.directory.imports.job_rows import (
    counts_of,
    doubtful_lines,
    effects,
    left_out_lines,
    mark_left_out,
    refused_rows,
    rows_of,
    shown,
    taken_lines,
    without_commands,
)
from notifier.directory.imports.layout import read_layout
from notifier.directory.imports.table import FileRefused
from notifier.directory.models import (
    UNFINISHED,
    WORKED_ON,
    ImportJob,
    ImportRow,
    ImportState,
    RowVerb,
)
from notifier.jobs.enqueue import enqueue_after_commit

log = structlog.get_logger(__name__)

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 100_000
# Lists of one account that are not over: each takes up to MAX_BYTES of the database.
MAX_UNFINISHED = 5
# What a web process reads itself, within a tenth of a second; text only, for a sheet may swell.
_MAX_AT_ONCE = 64 * 1024
# A worker renews it with every thousand rows; to compare and to write takes less.
_LEASE = timedelta(minutes=3)
# Who confirmed an import has left by then, and may have lost the role that allowed it.
_MAX_WAIT = timedelta(minutes=10)
KEPT = timedelta(days=1)
_BATCH = 1_000
_TASK = "directory.run_import"
_QUEUE = "upkeep"
_BINARY = re.compile(rb"[\x00-\x08]")
INTERRUPTED = "interrompu : rien n’a été changé, recommencez"
OUTDATED = "l’annuaire a changé depuis cet aperçu, que voici de nouveau : rien n’a été écrit"


class ImportRefused(ValueError):
    """A list that is not taken, or a step that is not possible now; the message is French."""


class _Lost(Exception):
    """Another worker has the job, or nobody wants it any more."""


class _Outdated(Exception):
    """What would be written is not what was shown."""


def submit(
    content: bytes, name: str, *, owner: int, author: str, allowed: AllowedOrganisations
) -> ImportJob:
    """Store a list that somebody uploads; it is read at once if it is small, else by a worker.

    Raises ImportRefused.
    """
    if not content:
        raise ImportRefused("Ce fichier est vide.")
    if len(content) > MAX_BYTES:
        raise ImportRefused(
            f"Ce fichier dépasse {MAX_BYTES // 1024**2} Mo : n’en gardez que les lignes de votre "
            "territoire, ou enregistrez-le en XLSX."
        )
    if unfinished(owner).count() >= MAX_UNFINISHED:
        raise ImportRefused(
            f"{MAX_UNFINISHED} listes sont déjà en cours : terminez-les ou abandonnez-les d’abord."
        )
    now = timezone.now()
    job = ImportJob.objects.create(
        owner_id=owner,
        author=author,
        file_name=clean_name(name),
        content=content,
        allowed=allowed.to_json(),
        created_at=now,
        since=now,
    )
    _have_run(job)
    return job


def unfinished(owner: int) -> QuerySet[ImportJob]:
    """Return the lists of an account that are not over, without their bytes."""
    return ImportJob.objects.filter(owner_id=owner, state__in=UNFINISHED).defer("content")


def leave_out(job: ImportJob, line: int, *, is_left_out: bool) -> bool:
    """Have a line not taken, or taken; return whether there is one and it still can be."""
    with transaction.atomic():
        # Who confirms at the same moment comes before or after, never in between.
        if not _in_state(job, ImportState.READY).select_for_update().exists():
            return False
        rows = ImportRow.objects.filter(job=job, line=line).exclude(verb=RowVerb.REFUSED)
        return bool(rows.update(is_left_out=is_left_out))


def confirm(job: ImportJob, allowed: AllowedOrganisations) -> bool:
    """Have the list written as it was shown; return False if somebody was quicker.

    `allowed`: what its author may change now, not when it was read.
    """
    if not _move(
        job, ImportState.READY, ImportState.WRITING, allowed=allowed.to_json(), reasons=[]
    ):
        return False
    _have_run(job)
    return True


def resume(job: ImportJob, allowed: AllowedOrganisations) -> bool:
    """Have a list read again whose worker died; return False if somebody was quicker."""
    values = {"allowed": allowed.to_json(), "reasons": []}
    if not _move(job, ImportState.INTERRUPTED, ImportState.READING, **values):
        return False
    _have_run(job)
    return True


def abandon(job: ImportJob) -> bool:
    """Give a list up and erase it; return False if it is being written or over."""
    with transaction.atomic():
        open_ones = ImportJob.objects.filter(pk=job.pk, state__in=UNFINISHED)
        given_up = open_ones.exclude(state=ImportState.WRITING).update(
            state=ImportState.ABANDONED, since=timezone.now(), content=b"", claim=""
        )
        if given_up:
            ImportRow.objects.filter(job=job).delete()
    return bool(given_up)


def run(job_id: int) -> None:
    """Read or write a list that waits for it; do nothing if another worker has it."""
    now, claim = timezone.now(), uuid4().hex
    waiting = ImportJob.objects.filter(pk=job_id, state__in=WORKED_ON, claim="")
    if not waiting.update(claim=claim, claimed_until=now + _LEASE, rows_read=0):
        return
    job = ImportJob.objects.get(pk=job_id)
    try:
        _read(job) if job.state == ImportState.READING else _write(job)
    except _Lost:
        log.warning("import taken over or given up", job=job_id)
    except FileRefused as refusal:
        reasons = [without_commands(str(fault)) for fault in refusal.faults[:_BATCH]]
        if job.state == ImportState.WRITING:
            _finish(job, ImportState.READY, reasons=reasons)
        else:
            _finish(job, ImportState.REFUSED, reasons=reasons, content=b"")
    except Exception:
        log.exception("import failed", job=job_id)
        _finish(job, _after_death(job.state), reasons=[INTERRUPTED])


def upkeep(now: datetime) -> None:
    """Have others go on where a worker died or no job arrived; erase what is over for a day.

    One statement while no list is there.
    """
    if not ImportJob.objects.filter(Q(state__in=WORKED_ON) | ~Q(content=b"")).exists():
        return
    dead = ImportJob.objects.filter(state__in=WORKED_ON, claimed_until__lt=now).exclude(claim="")
    late = ImportJob.objects.filter(state=ImportState.WRITING, claim="", since__lt=now - _MAX_WAIT)
    for jobs in (dead, late):
        for state in WORKED_ON:
            jobs.filter(state=state).update(
                state=_after_death(state), claim="", since=now, reasons=[INTERRUPTED]
            )
    for pk in ImportJob.objects.filter(state__in=WORKED_ON, claim="").values_list("pk", flat=True):
        enqueue_after_commit(_TASK, str(pk), queue_name=_QUEUE)
    _erase(now)


def _erase(now: datetime) -> None:
    old = ImportJob.objects.exclude(content=b"").filter(since__lt=now - KEPT)
    old.filter(state__in=UNFINISHED).exclude(state__in=WORKED_ON).update(
        state=ImportState.ABANDONED, since=now, claim=""
    )
    over = ImportJob.objects.exclude(content=b"").exclude(state__in=UNFINISHED)
    gone = over.filter(Q(since__lt=now - KEPT) | Q(state=ImportState.ABANDONED))
    for pk in list(gone.values_list("pk", flat=True)):
        with transaction.atomic():
            ImportRow.objects.filter(job=pk).delete()
            ImportJob.objects.filter(pk=pk).update(content=b"", notes=[], reasons=[])


def _read(job: ImportJob) -> None:
    """Compare the list with the directory, and keep what it would do, row by row."""
    left_out = left_out_lines(job)
    with as_file(job) as path:
        summary = import_list(path, **_options(job), dry_run=True, left_out=left_out)
        refused = {fault.line for fault in summary.faults if fault.line is not None}
        layout = read_layout(path, summary.form, refused)
    rows = [*refused_rows(job, summary, layout.cells), *rows_of(job, summary, left_out)]
    mark_left_out(rows, doubtful_lines(summary) - taken_lines(job))
    with transaction.atomic():
        _finish(
            job,
            ImportState.READY,
            form=summary.form,
            columns=layout.columns,
            counts=counts_of(summary),
            notes=list(summary.notes),
        )
        ImportRow.objects.filter(job=job).exclude(is_left_out=True).delete()
        ImportRow.objects.bulk_create(rows, batch_size=_BATCH)


def _write(job: ImportJob) -> None:
    """Write the list as it was shown; where that is not what it would do now, show it anew."""
    was_shown = shown(job)
    done: list[int] = []

    def check(summary: ImportSummary) -> None:
        if not was_shown.issuperset(effects(summary)):
            raise _Outdated

    def committing(number: int) -> None:
        _finish(job, ImportState.DONE, change_id=number)
        done.append(number)

    try:
        with as_file(job) as path:
            summary = import_list(
                path,
                **_options(job),
                valid_only=True,
                left_out=left_out_lines(job),
                check=check,
                committing=committing,
            )
    except _Outdated:
        reading = ImportJob.objects.filter(pk=job.pk, claim=job.claim, state=job.state)
        if reading.update(state=ImportState.READING, reasons=[OUTDATED]):
            job.state = ImportState.READING
            _read(job)
        return
    if not done:
        _finish(job, ImportState.DONE, counts=counts_of(summary))
    else:
        ImportJob.objects.filter(pk=job.pk).update(counts=counts_of(summary))


def _options(job: ImportJob) -> dict[str, Any]:
    return {
        "author": job.author,
        "allowed": AllowedOrganisations.from_json(job.allowed),
        "max_rows": MAX_ROWS,
        "progress": _progress(job),
    }


def _progress(job: ImportJob) -> Callable[[int, int], None]:
    def note(rows: int, expected: int) -> None:
        mine = ImportJob.objects.filter(pk=job.pk, claim=job.claim, state=job.state)
        until = timezone.now() + _LEASE
        if not mine.update(rows_read=rows, rows_expected=expected, claimed_until=until):
            raise _Lost

    return note


def _finish(job: ImportJob, state: ImportState, **values: object) -> None:
    """Leave a state in which this worker has the job. Raises _Lost if it has it no more."""
    mine = ImportJob.objects.filter(pk=job.pk, claim=job.claim, state=job.state)
    if not mine.update(state=state, claim="", since=timezone.now(), **values):
        raise _Lost


def _move(job: ImportJob, old: ImportState, new: ImportState, **values: object) -> bool:
    moved = _in_state(job, old).update(state=new, since=timezone.now(), claim="", **values)
    return bool(moved)


def _in_state(job: ImportJob, state: ImportState) -> QuerySet[ImportJob]:
    return ImportJob.objects.filter(pk=job.pk, state=state)


def _after_death(state: str) -> ImportState:
    return ImportState.READY if state == ImportState.WRITING else ImportState.INTERRUPTED


def _have_run(job: ImportJob) -> None:
    content = bytes(job.content)
    if len(content) <= _MAX_AT_ONCE and not _BINARY.search(content):
        run(job.pk)
        job.refresh_from_db()
    else:
        enqueue_after_commit(_TASK, str(job.pk), queue_name=_QUEUE)
