"""Take messages for delivery, and take them back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.dispatch import Signal
from django.utils import timezone

from notifier.delivery.address import mask
from notifier.delivery.models import EVERYTHING, EXEMPT, Channel, Lane, Message, MessageState
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
    thread: str
    recipient: str
    title: str
    subject: str = ""
    html: str = ""
    origin: str = ""
    """Whose pause holds it besides one of everything (notifier.delivery.sending.pause)."""
    reported_at: datetime | None = None
    """When what it tells was reported to us; of what gathers several, or is about none, None."""

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
        Message(**vars(each), created_at=now, due_at=now, state=MessageState.PENDING)
        for each in outgoing
    ]
    if not messages:
        return
    newer = [message for message in messages if message.revision > 1]
    if newer:
        _cancel_superseded(newer)
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
    lately = Message.objects.filter(address__in=set(addresses), created_at__gt=since)
    return list(lately.exclude(state=MessageState.CANCELLED).only("topic", "channel", "address"))


# How many messages `recent_urgent_topics` reads at most: it costs the same in any storm.
MAX_RECENT = 5000


def recent_urgent_topics(since: datetime) -> dict[str, int]:
    """Count the topics of the urgent messages made since then, by source. Two statements.

    It reads the end of the table only, so it costs as much in a year as today.
    """
    last = Message.objects.order_by("-id").values_list("id", flat=True).first() or 0
    lately = Message.objects.filter(
        pk__gt=last - MAX_RECENT, lane=Lane.URGENT, created_at__gt=since
    ).exclude(origin__in=(EXEMPT, EVERYTHING))
    counted = lately.order_by().values("origin").annotate(topics=Count("topic", distinct=True))
    return dict(counted.values_list("origin", "topics"))


def cancel_pending(topic: str) -> int:
    """Cancel what no worker has claimed yet, and return how many messages that was."""
    waiting = Message.objects.filter(topic=topic, state=MessageState.PENDING)
    return _take_back(waiting, "retiré avant l’envoi")


def is_superseded(message: Message) -> bool:
    """Whether the same address was given a newer text of the same topic since. One statement."""
    return Message.objects.filter(
        topic=message.topic,
        channel=message.channel,
        address=message.address,
        revision__gt=message.revision,
    ).exists()


def _take_back(messages: Iterable[Message], why: str) -> int:
    """Take back those of the messages that are still `pending`; how many that was."""
    now = timezone.now()
    taken = [
        message
        for message in messages
        if Message.objects.filter(pk=message.pk, state=MessageState.PENDING).update(
            state=MessageState.CANCELLED, due_at=None, ended_at=now
        )
    ]
    write_entries(
        new_entry(m.thread, Step.CANCELLED, f"{m.in_journal} : {why}.", message=m.pk) for m in taken
    )
    return len(taken)


def _cancel_superseded(newer: list[Message]) -> None:
    revision_of = {(m.topic, m.channel, m.address): m.revision for m in newer}
    waiting = Message.objects.filter(topic__in={m.topic for m in newer}, state=MessageState.PENDING)
    older = [m for m in waiting if m.revision < revision_of.get((m.topic, m.channel, m.address), 0)]
    _take_back(older, SUPERSEDED)
