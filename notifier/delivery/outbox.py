"""Enqueue messages for delivery, look them up, and cancel them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Case, Count, F, Value, When
from django.dispatch import Signal
from django.utils import timezone

from notifier.delivery.address import mask
from notifier.delivery.models import (
    EVERYTHING,
    EXEMPT,
    OPEN,
    Channel,
    Lane,
    Message,
    MessageState,
)
from notifier.delivery.providers.registry import PROVIDER_OF
from notifier.jobs.enqueue import enqueue_after_commit
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

# Sent once with message (Message) when one failed, expired or was undelivered, or was cancelled
# because its recipient has left the address (notifier.delivery.sending.recipients), in a
# transaction of its own: a receiver that raises undoes it, and the sweep sends it again.
delivery_failed = Signal()

# Sent once with message (Message) when one arrived that counted as lost, in the same way.
delivered_late = Signal()

SUPERSEDED = "retiré : un texte plus récent le remplace"


@dataclass(frozen=True)
class OutgoingMessage:
    """One text for one address; (topic, revision, channel, address) is its key, sent once ever."""

    topic: str
    revision: int
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
    source: str = ""
    """Whose pause holds it besides one of everything (notifier.delivery.sending.pause)."""
    reported_at: datetime | None = None
    """When its report reached us; None for a text about several reports, or about none."""

    @property
    def masked(self) -> str:
        return mask(self.address)


def enqueue_messages(outgoing: Iterable[OutgoingMessage]) -> None:
    """Store the messages in the caller's transaction, and wake a worker after its commit.

    A message whose key is known already is left as it is. What the same address was still to get of
    an older revision is superseded: nobody reads the end before the alert.
    """
    now = timezone.now()
    messages = [
        Message(
            **vars(each),
            provider=PROVIDER_OF[each.channel],
            created_at=now,
            due_at=now,
            state=MessageState.PENDING,
        )
        for each in outgoing
    ]
    if not messages:
        return
    newer = [message for message in messages if message.revision > 1]
    if newer:
        cancel_superseded(_older(newer))
    Message.objects.bulk_create(messages, ignore_conflicts=True)
    for lane in sorted({message.lane for message in messages}):
        enqueue_after_commit("delivery.deliver", lane, queue_name=lane)


def messages_of(*topics: str) -> Sequence[Message]:
    """Return every message of the topics, whatever its state, oldest first. One statement."""
    return list(Message.objects.filter(topic__in=topics).order_by("id"))


def recent_messages(addresses: Iterable[str], since: datetime) -> Sequence[Message]:
    """Return the messages to these addresses made since then, without cancelled ones.

    Only topic, channel and address are loaded. One statement.
    """
    recent = Message.objects.filter(address__in=set(addresses), created_at__gt=since)
    return list(recent.exclude(state=MessageState.CANCELLED).only("topic", "channel", "address"))


# How many messages `recent_urgent_topics` reads at most: it costs the same in any storm.
MAX_RECENT = 5000


def recent_urgent_topics(since: datetime) -> dict[str, int]:
    """Count the topics of the urgent messages made since then, by source. Two statements.

    It reads the end of the table only, so it costs as much in a year as today.
    """
    last = Message.objects.order_by("-id").values_list("id", flat=True).first() or 0
    recent = Message.objects.filter(
        pk__gt=last - MAX_RECENT, lane=Lane.URGENT, created_at__gt=since
    ).exclude(source__in=(EXEMPT, EVERYTHING))
    counted = recent.order_by().values("source").annotate(topics=Count("topic", distinct=True))
    return dict(counted.values_list("source", "topics"))


def cancel_pending(topic: str) -> int:
    """Cancel what no worker has claimed yet, and return how many messages that was."""
    now = timezone.now()
    cancelled = [
        message
        for message in Message.objects.filter(topic=topic, state=MessageState.PENDING)
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
            mine = Message.objects.filter(pk__in=ids, superseded_at=now)
            _note_cancelled(mine.filter(state=MessageState.CANCELLED).order_by("id"), SUPERSEDED)


def _older(newer: list[Message]) -> list[int]:
    """Return the ids of open messages to the same addresses, of older revisions."""
    revision_of = {(m.topic, m.channel, m.address): m.revision for m in newer}
    open_ones = Message.objects.filter(topic__in={m.topic for m in newer}, state__in=OPEN)
    return [
        m.pk
        for m in open_ones.only("topic", "revision", "channel", "address")
        if m.revision < revision_of.get((m.topic, m.channel, m.address), 0)
    ]


def _note_cancelled(messages: Iterable[Message], why: str) -> None:
    write_entries(
        new_entry(m.incident_id, Step.CANCELLED, f"{m.journal_label} : {why}.", message_id=m.pk)
        for m in messages
    )
