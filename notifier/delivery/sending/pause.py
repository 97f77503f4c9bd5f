"""Hold back messages by hand, all or those with one pause key, until somebody resumes sending.

A pause is a row, and no claim takes a message that one holds: it counts for every worker from the
next claim on. Paused messages stay `pending`, whatever their lifetime; `end` lets go of them
together, so that nothing is followed up while nobody was to be told.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db.models import QuerySet
from django.utils import timezone

from notifier.delivery.models import (
    EVERYTHING,
    EXEMPT,
    IS_PAUSED,
    NOT_PAUSED,
    Lane,
    Message,
    MessageState,
    Pause,
)
from notifier.delivery.sending.claim import lock_and_update
from notifier.jobs.enqueue import enqueue_after_commit
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries

BATCH_SIZE = 500


def begin(pause_key: str, who: str, reason: str = "") -> Pause | None:
    """Pause this pause key, or `EVERYTHING`; return None if it is paused already."""
    pause = Pause(pause_key=pause_key, since=timezone.now(), who=who, reason=reason)
    Pause.objects.bulk_create([pause], ignore_conflicts=True)
    begun = Pause.objects.filter(pause_key=pause_key, since=pause.since, who=who)
    return begun.first()


def is_paused(pause_key: str) -> bool:
    """Say whether a pause of this key, or of everything, holds messages now. One statement."""
    return Pause.objects.filter(pause_key__in=(pause_key, EVERYTHING)).exists()


def end(pause_key: str) -> list[Message] | None:
    """End that pause and return the messages that expired meanwhile; None if there was no pause.

    In the caller's transaction. Those that expired are noted and count as followed up, since the
    caller tells of them together. What another pause still holds stays held.
    """
    if not Pause.objects.filter(pause_key=pause_key).delete()[0]:
        return None
    now = timezone.now()
    outdated = _pending_messages().filter(NOT_PAUSED, expires_at__lte=now, paused_at__isnull=False)
    expired: list[Message] = []
    while batch := lock_and_update(
        outdated,
        BATCH_SIZE,
        partial(_entry, Step.EXPIRED, "périmé pendant la suspension des envois"),
        state=MessageState.EXPIRED,
        due_at=None,
        ended_at=now,
        is_followed_up=True,
    ):
        expired += batch
    freed = waiting(EVERYTHING).filter(NOT_PAUSED, paused_at__isnull=False)
    freed.filter(due_at__lt=now).update(due_at=now)
    freed.update(paused_at=None)
    for lane in Lane:
        enqueue_after_commit("delivery.deliver", lane, queue_name=lane)
    return expired


def waiting(pause_key: str) -> QuerySet[Message]:
    """Return the pending messages of this pause key, or of all for `EVERYTHING`."""
    pending = _pending_messages().exclude(pause_key=EXEMPT)
    return pending if pause_key == EVERYTHING else pending.filter(pause_key=pause_key)


def cancel_waiting(pause_key: str, why: str) -> list[Message]:
    """Cancel and return the pending messages of this pause key; in the caller's transaction.

    What is being sent just now cannot be cancelled; it is not sent once more, and nobody is told in
    its recipient's place.
    """
    now = timezone.now()
    cancelled: list[Message] = []
    while batch := lock_and_update(
        _pending_messages().filter(pause_key=pause_key),
        BATCH_SIZE,
        partial(_entry, Step.CANCELLED, why),
        state=MessageState.CANCELLED,
        due_at=None,
        ended_at=now,
    ):
        cancelled += batch
    in_flight = Message.objects.filter(
        pause_key=pause_key, state__in=(MessageState.SENDING, MessageState.UNKNOWN)
    )
    found = list(in_flight)
    in_flight.filter(pk__in=[m.pk for m in found]).update(expires_at=now, is_followed_up=True)
    note = f"n’est plus renvoyé s’il n’est pas parti ({why})"
    write_entries(_entry(Step.CANCELLED, note, m) for m in found)
    return cancelled


def pause_of(pause_key: str) -> Pause | None:
    """Return the pause that holds the messages of this pause key, the older if there are two."""
    return Pause.objects.filter(pause_key__in=(pause_key, EVERYTHING)).order_by("since").first()


def note_paused() -> None:
    """Write into the journal what a pause holds, once for each message. May run anywhere."""
    if not Pause.objects.exists():
        return
    new = _pending_messages().filter(IS_PAUSED, paused_at=None)
    entry = partial(_entry, Step.HELD, "retenu, les envois sont suspendus")
    while lock_and_update(new, BATCH_SIZE, entry, paused_at=timezone.now()):
        pass


def oldest_paused_at() -> datetime | None:
    """Return when the oldest paused message was made."""
    paused = waiting(EVERYTHING).filter(IS_PAUSED).order_by("created_at")
    return paused.values_list("created_at", flat=True).first()


def _pending_messages() -> QuerySet[Message]:
    return Message.objects.filter(state=MessageState.PENDING)


def _entry(step: Step, what: str, message: Message) -> Entry:
    return new_entry(
        message.incident_id, step, f"{message.journal_label} : {what}.", message_id=message.pk
    )
