"""Claims: a worker takes messages for itself before it contacts a provider.

A claim is a lease. A worker that dies with one leaves `sending` behind; the sweep turns that into
`unknown`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from notifier.delivery import sql
from notifier.delivery.intervals import LEASE
from notifier.delivery.models import (
    EVERYTHING,
    EXEMPT,
    NOT_PAUSED,
    Lane,
    Message,
    MessageState,
)
from notifier.journal.models import Entry
from notifier.journal.write import write_entries

BATCH_SIZE = 32
# Whose lease may have run out, and of whom a provider is asked.
ASKED_AGAIN = (MessageState.SENDING, MessageState.UNKNOWN, MessageState.ACCEPTED)


def claim_due(lane: Lane, most: int = BATCH_SIZE) -> list[Message]:
    """Claim the lane's due messages that no pause holds as `sending`, the longest due first.

    One statement.
    """
    now = timezone.now()
    return sql.claim_due(lane, claim=uuid4().hex, now=now, lease_until=now + LEASE, most=most)


def claim_new(messages: Iterable[Message]) -> None:
    """Claim messages that are not stored yet, for this process; storing them is their claim."""
    now, claim = timezone.now(), uuid4().hex
    for message in messages:
        message.state = MessageState.SENDING
        message.attempt_count = 1
        message.claim, message.claimed_at, message.due_at = claim, now, now + LEASE


def unclaim_paused(messages: Sequence[Message]) -> set[int]:
    """Put those back that a pause holds, as if nobody had claimed them; return their ids.

    One statement where nothing is paused.
    """
    paused = sql.paused_keys()
    paused_ids = [
        message.pk
        for message in messages
        if message.pause_key != EXEMPT and not paused.isdisjoint((message.pause_key, EVERYTHING))
    ]
    if paused_ids:
        claimed = Message.objects.filter(
            pk__in=paused_ids, claim=messages[0].claim, state=MessageState.SENDING
        )
        claimed.update(
            state=MessageState.PENDING,
            attempt_count=0,
            claim="",
            claimed_at=None,
            due_at=timezone.now(),
        )
    return set(paused_ids)


def claim_questions(
    state: MessageState, again_after: timedelta, most: int = BATCH_SIZE
) -> list[Message]:
    """Take due messages in this state for a question to the provider. The state stays."""
    now = timezone.now()
    due = Message.objects.filter(state=state, due_at__lte=now)
    return lock_and_update(due, most, due_at=now + again_after)


def states_due() -> set[MessageState]:
    """Return in which states, of those that ask for another look, messages are due. One statement.

    `pending` is not among them: those are claimed.
    """
    due = Message.objects.filter(state__in=ASKED_AGAIN, due_at__lte=timezone.now())
    return set(map(MessageState, due.order_by().values_list("state", flat=True).distinct()))


def mark_expired_leases(entry: Callable[[Message], Entry], most: int = BATCH_SIZE) -> list[Message]:
    """Turn `sending` whose lease ran out into `unknown`, due at once. `entry`: as below."""
    now = timezone.now()
    expired = Message.objects.filter(state=MessageState.SENDING, due_at__lte=now)
    return lock_and_update(expired, most, entry, state=MessageState.UNKNOWN, due_at=now)


def expire_pending(entry: Callable[[Message], Entry], most: int = BATCH_SIZE) -> list[Message]:
    """Turn `pending` past its lifetime into `expired`, unless a pause holds it.

    `entry`: as below.
    """
    now = timezone.now()
    expired = Message.objects.filter(NOT_PAUSED, state=MessageState.PENDING, expires_at__lte=now)
    return lock_and_update(
        expired, most, entry, state=MessageState.EXPIRED, due_at=None, ended_at=now
    )


def lock_and_update(
    messages: QuerySet[Message],
    most: int,
    entry: Callable[[Message], Entry] | None = None,
    **changes: Any,
) -> list[Message]:
    """Change the messages that nobody else has locked, the longest due first, and return them.

    `entry` is what the journal says of each as it then stands, in the same transaction. Where there
    is none, as in most rounds of the sweep, it is one statement and no transaction.
    """
    if not messages.exists():
        return []
    with transaction.atomic():
        locked = list(messages.select_for_update(skip_locked=True).order_by("due_at")[:most])
        if locked:
            Message.objects.filter(pk__in=[m.pk for m in locked]).update(**changes)
        for message in locked:
            for name, value in changes.items():
                setattr(message, name, value)
        write_entries(entry(message) for message in locked if entry)
    return locked
