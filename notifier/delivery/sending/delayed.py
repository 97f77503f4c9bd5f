"""What does not leave in time: tried in vain, not refused for good, and tried again by schedule.

Somebody else is then told meanwhile; whoever does so marks the message first, in the same
transaction, so that it is done once.
"""

from collections.abc import Sequence

from django.db.models import Q
from django.utils import timezone

from notifier.delivery.models import ATTEMPTED, NOT_PAUSED, Delay, Message
from notifier.delivery.retry import DELAYED_AFTER

BATCH = 100


def delayed(most: int = BATCH) -> Sequence[Message]:
    """Messages that have not left in time and of which that was not followed up; oldest first.

    Without those that are due, and so being tried or asked about: after an outage or a pause all
    are. Without those that a pause holds, and without those that a provider blocks which is down or
    refuses our account (`blocked_since`) once that is said. One statement.
    """
    now = timezone.now()
    in_vain = Q()
    for lane, after in DELAYED_AFTER.items():
        in_vain |= Q(lane=lane, created_at__lte=now - after)
    waiting = Message.objects.filter(
        ATTEMPTED, in_vain, NOT_PAUSED, due_at__gt=now, is_followed_up=False
    )
    undone = Q(delay=Delay.NONE) | Q(delay=Delay.REPORTED, blocked_since=None)
    return list(waiting.filter(undone).order_by("created_at")[:most])


def mark_delayed(message: Message, delay: Delay) -> bool:
    """Note in the caller's transaction what is done about it; False if it left or another did."""
    waiting = Message.objects.filter(ATTEMPTED, pk=message.pk, delay__lt=delay)
    if not waiting.update(delay=delay):
        return False
    message.delay = delay
    return True
