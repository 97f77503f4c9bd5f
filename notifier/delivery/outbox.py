"""Enqueue messages for delivery, and cancel those that are not sent yet."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from notifier.delivery.address import mask
from notifier.delivery.models import (
    OPEN,
    Channel,
    Lane,
    Message,
    MessageState,
)
from notifier.delivery.routing import route
from notifier.delivery.sending import sender
from notifier.delivery.sending.claim import claim_new
from notifier.delivery.sending.record import SUPERSEDED
from notifier.jobs.enqueue import enqueue_after_commit
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries


@dataclass(frozen=True)
class OutgoingMessage:
    """One text for one address. Whoever makes it sees to it that it is made once."""

    channel: Channel
    address: str
    body: str
    lane: Lane
    expires_at: datetime
    incident_id: int | None
    recipient: str
    title: str
    subject: str = ""
    html: str = ""
    pause_key: str = ""
    """Which pause holds it besides one of everything (notifier.delivery.sending.pause)."""
    reported_at: datetime | None = None
    """When its report reached us; None for a text about several reports, or about none."""
    sms_providers: tuple[str, ...] = ()
    """The order of its source's own, of an SMS; else the service's (notifier.delivery.routing)."""

    @property
    def masked(self) -> str:
        return mask(self.address)


def enqueue_messages(
    outgoing: Iterable[OutgoingMessage], *, may_be_cancelled: bool = False
) -> list[Message]:
    """Store the messages in the caller's transaction; they leave after its commit.

    Where this process has free slots they are stored as claimed, with a lease and an attempt as
    ever, so they are sent without a job or a second query. Else a worker is woken for them, and
    also where the same transaction may still cancel them (`may_be_cancelled`). Returns them in
    their order. One statement.
    """
    now = timezone.now()
    messages = [_new_message(each, now) for each in outgoing]
    by_lane: defaultdict[Lane, list[Message]] = defaultdict(list)
    for message in messages:
        by_lane[Lane(message.lane)].append(message)
    for lane, batch in sorted(by_lane.items()):
        if not may_be_cancelled and sender.has_free_slots(lane, len(batch)):
            claim_new(batch)
            transaction.on_commit(partial(sender.send_claimed, lane, batch), robust=True)
        else:
            enqueue_after_commit("delivery.deliver", lane, queue_name=lane)
    Message.objects.bulk_create(messages)
    return messages


def _new_message(outgoing: OutgoingMessage, now: datetime) -> Message:
    told = {name: value for name, value in vars(outgoing).items() if name != "sms_providers"}
    return Message(
        **told,
        **vars(route(outgoing.channel, outgoing.sms_providers)),
        created_at=now,
        due_at=now,
        state=MessageState.PENDING,
    )


def cancel_pending(message_ids: Iterable[int | None]) -> int:
    """Cancel what no worker has claimed yet, and return how many messages that was."""
    ids = [pk for pk in message_ids if pk is not None]
    if not ids:
        return 0
    now = timezone.now()
    cancelled = [
        message
        for message in Message.objects.filter(pk__in=ids, state=MessageState.PENDING)
        if Message.objects.filter(pk=message.pk, state=MessageState.PENDING).update(
            state=MessageState.CANCELLED, due_at=None, ended_at=now
        )
    ]
    _note_cancelled(cancelled, "retiré avant l’envoi")
    return len(cancelled)


def cancel_superseded(message_ids: Iterable[int]) -> None:
    """Note that newer texts replace these messages; cancel those that no worker has claimed yet.

    What is being sent, or may have been, is marked: it is not sent once more. Messages that the
    provider has stay as they are.
    """
    ids = list(message_ids)
    if not ids:
        return
    now = timezone.now()
    pending = MessageState.PENDING
    with transaction.atomic():
        # One statement, so that none slips through between `pending` and `sending`.
        open_ones = Message.objects.filter(pk__in=ids, state__in=OPEN, superseded_at=None)
        changed = open_ones.update(
            superseded_at=now,
            state=Case(When(state=pending, then=Value(MessageState.CANCELLED)), default=F("state")),
            due_at=Case(When(state=pending, then=None), default=F("due_at")),
            ended_at=Case(When(state=pending, then=Value(now)), default=F("ended_at")),
        )
        if changed:
            marked = Message.objects.filter(pk__in=ids, superseded_at=now)
            _note_cancelled(marked.filter(state=MessageState.CANCELLED).order_by("id"), SUPERSEDED)


def _note_cancelled(messages: Iterable[Message], why: str) -> None:
    write_entries(
        new_entry(m.incident_id, Step.CANCELLED, f"{m.journal_label} : {why}.", message_id=m.pk)
        for m in messages
    )
