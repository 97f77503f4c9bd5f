"""Tell the listeners that a message ended badly, exactly once.

The flag and all that the listeners write stand or fall together: a worker killed in between leaves
nothing behind but an unset flag, and the sweep tells them again.
"""

import structlog
from django.db import transaction

from notifier.delivery.models import BAD_ENDS, Message
from notifier.delivery.outbox import ended_badly

log = structlog.get_logger(__name__)


def follow_up(message: Message) -> None:
    """Send `ended_badly` for a message that is failed, undelivered or expired."""
    try:
        with transaction.atomic():
            if Message.objects.filter(pk=message.pk, is_followed_up=False).update(
                is_followed_up=True
            ):
                ended_badly.send(sender=Message, message=message)
    except Exception:  # whatever a listener raises, the other messages of the batch must go on
        log.exception("follow-up failed, the sweep will repeat it", message=message.pk)


def follow_up_forgotten(most: int = 100) -> None:
    """Follow up every bad end that nobody has followed up yet."""
    for message in Message.objects.filter(state__in=BAD_ENDS, is_followed_up=False)[:most]:
        follow_up(message)
