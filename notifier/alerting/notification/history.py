"""Who was told of an alert or is about to be: by a message of its own, or one that gathers many.

What is held counts as not handed over yet; what a digest said counts as the digest's message does.
"""

from collections.abc import Sequence

from django.utils import timezone

from notifier.alerting.models import Alert, Held, HeldState
from notifier.delivery.models import Message, MessageState
from notifier.delivery.outbox import messages_of
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, timeline, write_entries

# The topic of a message that tells of several alerts.
DIGEST_TOPIC = "digest-"


def everyone_told(*topics: str) -> Sequence[Message]:
    """As `told`, of alerts: with a message, not stored, for each text held or said in a digest.

    Two statements, and a third where a digest told any of them.
    """
    rows = Held.objects.filter(
        alert_id__in=[int(topic) for topic in topics], state__in=(HeldState.HELD, HeldState.TOLD)
    ).exclude(told_in__in=topics)
    held = list(rows.order_by("id"))
    digests = {row.told_in for row in held if row.told_in}
    by_key = {
        (m.topic, m.channel, m.address): m for m in (messages_of(*digests) if digests else ())
    }
    seen = [_as_told(row, by_key.get((row.told_in, row.channel, row.address))) for row in held]
    return [*messages_of(*topics), *seen]


def told_within(digest: Message) -> Sequence[Message]:
    """The digest as one message of each alert that it told of, by alert."""
    rows = Held.objects.filter(told_in=digest.topic, state=HeldState.TOLD).order_by("alert_id")
    return [_as_told(row, digest) for row in rows]


def timeline_with_digests(incident_id: int) -> list[Entry]:
    """Return an incident's journal, and that of the digests that told of it, oldest first."""
    told_in = Held.objects.filter(
        alert__incident=incident_id, told_in__startswith=DIGEST_TOPIC
    ).values("told_in")
    digests = Message.objects.filter(topic__in=told_in).values_list("pk", flat=True)
    return timeline(incident_id, message_ids=digests)


def withdraw_held(alert: Alert) -> None:
    """Take back what was held of an alert for those who were told nothing of it yet."""
    now = timezone.now()
    waiting = Held.objects.filter(alert=alert, state=HeldState.HELD, was_told=False)
    if waiting.update(state=HeldState.WITHDRAWN, ended_at=now):
        what = "annulée, retirée de ce qui était retenu"
        write_entries(
            [new_entry(alert.incident_id, Step.CANCELLED, f"{alert.commune_name} : {what}.")]
        )


def left_by_its_reader(row: Held, alert: Alert) -> Message:
    """The row as a message, not stored, of the alert's present text, taken back before it left."""
    mine = _as_told(row, None)
    mine.revision, mine.state = alert.revision, MessageState.CANCELLED
    return mine


def _as_told(row: Held, digest: Message | None) -> Message:
    """The row as the message that it will be, or as the digest's message is."""
    mine = Message(
        topic=str(row.alert_id),
        revision=row.revision,
        channel=row.channel,
        address=row.address,
        recipient=row.recipient,
        title=row.title,
        state=MessageState.PENDING,
        # What is held will be told as the alert then is.
        created_at=timezone.now(),
    )
    if digest is not None:
        for name in ("pk", "state", "created_at", "is_followed_up", "delay", "attempt_count",
                     "error_code", "accepted_at", "ended_at"):  # fmt: skip
            setattr(mine, name, getattr(digest, name))
    return mine
