"""Find messages that do not leave in time: attempted, not refused, and retried by schedule.

Somebody else is told meanwhile; whoever does so marks the message first, in the same transaction,
so that it is done once.
"""

from collections.abc import Sequence

from django.db.models import Q
from django.utils import timezone

from notifier.delivery.intervals import DELAYED_AFTER
from notifier.delivery.models import ATTEMPTED, NOT_PAUSED, Delay, Message

BATCH_SIZE = 100


def delayed(most: int = BATCH_SIZE) -> Sequence[Message]:
    """Return messages that were not sent in time, and whose delay was not handled; oldest first.

    Without those that are due, and so being sent or asked about: after an outage or a pause all
    are. Without those that a pause holds, and, once it is reported, those that are blocked by a
    provider that is down or refuses our account (`blocked_since`). One statement.
    """
    now = timezone.now()
    is_late = Q()
    for lane, after in DELAYED_AFTER.items():
        is_late |= Q(lane=lane, created_at__lte=now - after)
    waiting = Message.objects.filter(
        ATTEMPTED, is_late, NOT_PAUSED, due_at__gt=now, is_followed_up=False
    )
    is_unhandled = Q(delay=Delay.NONE) | Q(delay=Delay.REPORTED, blocked_since=None)
    return list(waiting.filter(is_unhandled).order_by("created_at")[:most])


def mark_delayed(message: Message, delay: Delay) -> bool:
    """Note what is done about a delayed message; False if it was sent, or another worker did it.

    In the caller's transaction.
    """
    waiting = Message.objects.filter(ATTEMPTED, pk=message.pk, delay__lt=delay)
    if not waiting.update(delay=delay):
        return False
    message.delay = delay
    return True
