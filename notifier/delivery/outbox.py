"""Letters are entrusted to delivery here; everything after that is its own business."""

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

# Sent once with message (Message) when one ended failed, undelivered or expired, or was withdrawn
# because its reader has left the address (notifier.delivery.sending.readers), in a transaction of
# its own: a receiver that raises undoes it, and is told again by the sweep.
ended_badly = Signal()

# Sent once with message (Message) when one arrived that was thought lost, in the same way.
arrived_after_all = Signal()

SUPERSEDED = "retiré : un texte plus récent le remplace"


@dataclass(frozen=True)
class Letter:
    """One text for one address. (topic, revision, channel, address) is told once, ever."""

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


def entrust(letters: Iterable[Letter]) -> None:
    """Take the letters in the caller's transaction, in one statement; enqueue after its commit.

    A letter whose key is known already is left as it is. What the same address was still to get of
    an older revision gives way: nobody reads the end before the alert.
    """
    now = timezone.now()
    messages = [
        Message(**vars(letter), created_at=now, due_at=now, state=MessageState.PENDING)
        for letter in letters
    ]
    if not messages:
        return
    newer = [message for message in messages if message.revision > 1]
    if newer:
        _cancel_superseded(newer)
    Message.objects.bulk_create(messages, ignore_conflicts=True)
    for lane in sorted({message.lane for message in messages}):
        enqueue_after_commit("delivery.deliver", lane, queue_name=lane)


def told(*topics: str) -> Sequence[Message]:
    """Every message of the topics, oldest first, whatever became of it. One statement."""
    return list(Message.objects.filter(topic__in=topics).order_by("id"))


def recent(addresses: Iterable[str], since: datetime) -> Sequence[Message]:
    """The messages to these addresses made since then and not taken back. One statement.

    Of each only its topic, channel and address.
    """
    lately = Message.objects.filter(address__in=set(addresses), created_at__gt=since)
    return list(lately.exclude(state=MessageState.CANCELLED).only("topic", "channel", "address"))


# How far back `topics_lately` looks at the most, in messages: it costs the same in any storm.
LATEST = 5000


def topics_lately(since: datetime) -> dict[str, int]:
    """By origin, of how many topics urgent messages were made since then. Two statements.

    Read off the end of the table, so it costs as much in a year as today.
    """
    last = Message.objects.order_by("-id").values_list("id", flat=True).first() or 0
    lately = Message.objects.filter(
        pk__gt=last - LATEST, lane=Lane.URGENT, created_at__gt=since
    ).exclude(origin__in=(EXEMPT, EVERYTHING))
    counted = lately.order_by().values("origin").annotate(topics=Count("topic", distinct=True))
    return dict(counted.values_list("origin", "topics"))


def withdraw(topic: str) -> int:
    """Take back what was not handed to a provider yet; how many messages that was."""
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
