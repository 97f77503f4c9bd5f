"""A large change taken back by a worker: prepared, looked at, confirmed, done.

Every step is one conditional UPDATE: of two clicks, one goes on. What is taken back is written in
one transaction with the job's own end, so that a worker that dies leaves nothing half done.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from django.utils import timezone

from notifier.directory.allowed import AllowedOrganisations
from notifier.directory.changes import RECORDED
from notifier.directory.models import UNDO_WORKED_ON, Change, UndoJob, UndoState
from notifier.directory.undoing.undo import UndoError, UndoSummary, undo
from notifier.jobs.enqueue import enqueue_after_commit

log = structlog.get_logger(__name__)

# Rows of history that a web process takes back itself, within a second or two.
MAX_AT_ONCE = 2_000
KEPT = timedelta(days=1)
# The largest change, of every commune of France, takes a minute.
_LEASE = timedelta(minutes=10)
# Who confirmed has left by then, and may have lost the role that allowed it.
_MAX_WAIT = timedelta(minutes=10)
_MAX_KEPT_SAID = 50
_TASK = "directory.run_undo"
_QUEUE = "upkeep"
_INTERRUPTED = "interrompu : rien n’a été changé, recommencez"


class _Lost(Exception):
    """Another worker has the job, or nobody wants it any more."""


def is_large(change: Change) -> bool:
    """Return whether a change is to be taken back by a worker."""
    left = MAX_AT_ONCE + 1
    for model in RECORDED:
        left -= model.history.model.objects.filter(change=change).order_by()[:left].count()
        if left <= 0:
            return True
    return False


def of_owner(owner: int, change: Change) -> UndoJob | None:
    """Return how far an account's undoing of a change is."""
    mine = UndoJob.objects.select_related("undoing")
    return mine.filter(owner_id=owner, change=change).first()


def prepare(change: Change, *, owner: int, author: str, allowed: AllowedOrganisations) -> UndoJob:
    """Have a worker find out what taking the change back would do; one that was refused, anew."""
    values = {
        "author": author, "allowed": allowed.to_json(), "state": UndoState.PREPARING,
        "since": timezone.now(), "reason": "", "claim": "",
    }  # fmt: skip
    job, is_new = UndoJob.objects.get_or_create(owner_id=owner, change=change, defaults=values)
    refused = UndoJob.objects.filter(pk=job.pk, state=UndoState.REFUSED)
    if is_new or refused.update(**values):
        enqueue_after_commit(_TASK, str(job.pk), queue_name=_QUEUE)
    return job


def confirm(job: UndoJob, allowed: AllowedOrganisations) -> bool:
    """Have the change taken back; return False if somebody was quicker.

    `allowed`: what its author may change now, not when it was prepared.
    """
    ready = UndoJob.objects.filter(pk=job.pk, state=UndoState.READY)
    if not ready.update(
        state=UndoState.UNDOING, since=timezone.now(), claim="", allowed=allowed.to_json()
    ):
        return False
    enqueue_after_commit(_TASK, str(job.pk), queue_name=_QUEUE)
    return True


def run(job_id: int) -> None:
    """Prepare or take back what waits for it; do nothing if another worker has it."""
    now, claim = timezone.now(), uuid4().hex
    waiting = UndoJob.objects.filter(pk=job_id, state__in=UNDO_WORKED_ON, claim="")
    if not waiting.update(claim=claim, claimed_until=now + _LEASE):
        return
    job = UndoJob.objects.get(pk=job_id)
    try:
        _prepare(job) if job.state == UndoState.PREPARING else _undo(job)
    except _Lost:
        log.warning("undo taken over", job=job_id)
    except UndoError as refusal:
        _finish(job, UndoState.REFUSED, reason=str(refusal)[:500])
    except Exception:
        log.exception("undo failed", job=job_id)
        _finish(job, UndoState.REFUSED, reason=_INTERRUPTED)


def upkeep(now: datetime) -> None:
    """Say so where a worker died or came too late; ring for what waits; erase what is old.

    One statement while there is none.
    """
    if not UndoJob.objects.exists():
        return
    working = UndoJob.objects.filter(state__in=UNDO_WORKED_ON)
    dead = working.filter(claimed_until__lt=now).exclude(claim="")
    late = UndoJob.objects.filter(state=UndoState.UNDOING, claim="", since__lt=now - _MAX_WAIT)
    for jobs in (dead, late):
        jobs.update(state=UndoState.REFUSED, claim="", since=now, reason=_INTERRUPTED)
    for pk in working.filter(claim="").values_list("pk", flat=True):
        enqueue_after_commit(_TASK, str(pk), queue_name=_QUEUE)
    UndoJob.objects.filter(since__lt=now - KEPT).exclude(state__in=UNDO_WORKED_ON).delete()


def _prepare(job: UndoJob) -> None:
    allowed = AllowedOrganisations.from_json(job.allowed)
    summary = undo(job.change_id, job.author, dry_run=True, allowed=allowed)
    _finish(job, UndoState.READY, summary=_stored(summary))


def _undo(job: UndoJob) -> None:
    def committing(summary: UndoSummary) -> None:
        stored = job.summary | _stored(summary)
        _finish(job, UndoState.DONE, summary=stored, undoing_id=summary.change)

    allowed = AllowedOrganisations.from_json(job.allowed)
    summary = undo(job.change_id, job.author, allowed=allowed, committing=committing)
    if summary.change is None:
        raise UndoError("rien ne peut revenir : tout a été changé depuis")


def _stored(summary: UndoSummary) -> dict[str, Any]:
    return {
        "undone": summary.undone,
        "unreached": summary.unreached,
        "first": summary.first,
        "kept": summary.kept[:_MAX_KEPT_SAID],
        "kept_count": len(summary.kept),
    }


def _finish(job: UndoJob, state: UndoState, **values: object) -> None:
    """Leave a state in which this worker has the job. Raises _Lost if it has it no more."""
    mine = UndoJob.objects.filter(pk=job.pk, claim=job.claim, state=job.state)
    if not mine.update(state=state, claim="", since=timezone.now(), **values):
        raise _Lost
