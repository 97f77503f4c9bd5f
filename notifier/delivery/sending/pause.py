"""What is held back by hand: all messages, or those of one source, until somebody lets them go.

A pause is a row, and a claim takes no message that one holds: it counts for every worker from the
next claim on. Held messages stay `pending`, whatever their lifetime, and are ended or let go
together by `resume`, so that nothing is followed up for as long as nobody was to be told.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from notifier.delivery.models import EVERYTHING, EXEMPT, Lane, Message, MessageState, Pause
from notifier.delivery.sending.claim import expire_paused, note_paused, withdrawn
from notifier.jobs.enqueue import enqueue_after_commit
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries

_HOLDS = Pause.objects.filter(Q(source=OuterRef("source")) | Q(source=EVERYTHING))
IS_PAUSED = ~Q(source=EXEMPT) & Exists(_HOLDS)
NOT_PAUSED = Q(source=EXEMPT) | ~Exists(_HOLDS)


def begin(source: str, who: str) -> Pause | None:
    """Hold the messages of this source, or of `EVERYTHING`, from now on; None if it did already."""
    pause = Pause(source=source, since=timezone.now(), who=who)
    Pause.objects.bulk_create([pause], ignore_conflicts=True)
    mine = Pause.objects.filter(source=source, since=pause.since, who=who)
    return mine.first()


def end(source: str) -> list[Message] | None:
    """Let go what that pause held; None if there was none.

    In the caller's transaction. Answers the messages that have outlived their use meanwhile: they
    are `expired`, noted, and count as followed up, for the caller tells of them together. What
    another pause still holds stays held.
    """
    if not Pause.objects.filter(source=source).delete()[0]:
        return None
    now = timezone.now()
    expired = []
    while batch := expire_paused():
        expired += batch
    write_entries(
        _line(m, Step.EXPIRED, "périmé pendant la suspension des envois") for m in expired
    )
    freed = waiting(EVERYTHING).filter(NOT_PAUSED, paused_at__isnull=False)
    freed.filter(due_at__lt=now).update(due_at=now)
    freed.update(paused_at=None)
    for lane in Lane:
        enqueue_after_commit("delivery.deliver", lane, queue_name=lane)
    return expired


def waiting(source: str) -> QuerySet[Message]:
    """What was not handed to a provider yet, of this source or, of `EVERYTHING`, of all."""
    pending = Message.objects.filter(state=MessageState.PENDING).exclude(source=EXEMPT)
    return pending if source == EVERYTHING else pending.filter(source=source)


def withdraw(source: str, why: str) -> list[Message]:
    """Take back what waits of this source; in the caller's transaction.

    What is in the air just now cannot be taken back; it is not tried again, and nobody is told in
    its reader's place.
    """
    taken = []
    while batch := withdrawn(source):
        taken += batch
    write_entries(_line(m, Step.CANCELLED, why) for m in taken)
    flying = Message.objects.filter(
        source=source, state__in=(MessageState.SENDING, MessageState.UNKNOWN)
    )
    in_the_air = list(flying)
    flying.filter(pk__in=[m.pk for m in in_the_air]).update(
        expires_at=timezone.now(), is_followed_up=True
    )
    end = "n’est plus renvoyé s’il n’est pas parti"
    write_entries(_line(m, Step.CANCELLED, f"{end} ({why})") for m in in_the_air)
    return taken


def of(source: str) -> Pause | None:
    """The pause that holds the messages of this source, the longest if there are two."""
    return Pause.objects.filter(source__in=(source, EVERYTHING)).order_by("since").first()


def note() -> None:
    """Write into the journal what a pause holds, once for each message. May run anywhere."""
    if not Pause.objects.exists():
        return
    batch = None
    while batch is None or batch:
        with transaction.atomic():
            batch = note_paused()
            write_entries(_line(m, Step.HELD, "retenu, les envois sont suspendus") for m in batch)


def oldest() -> datetime | None:
    """When the message was made that a pause holds longest."""
    held = waiting(EVERYTHING).filter(IS_PAUSED).order_by("created_at")
    return held.values_list("created_at", flat=True).first()


def _line(message: Message, step: Step, what: str) -> Entry:
    return new_entry(message.thread, step, f"{message.journal_label} : {what}.", message=message.pk)
