"""Send `delivery_failed` and `delivered_late`, each exactly once for a message.

The flag and whatever the receivers write share a transaction: a worker killed in between leaves
only an unset flag, and the sweep sends the signal again.
"""

import contextlib

import structlog
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from notifier.delivery.models import DELIVERED_STATES, FAILED_STATES, Message, MessageState
from notifier.delivery.signals import delivered_late, delivery_failed
from notifier.journal.models import Entry
from notifier.journal.write import write_entries

_MAY_BE_LOST = (*FAILED_STATES, MessageState.UNKNOWN)

log = structlog.get_logger(__name__)


def follow_up(message: Message, line: Entry | None = None) -> None:
    """Send `delivery_failed` for a message that failed, expired, was undelivered or is given up.

    `line` is written into the journal before. Does nothing if the message has arrived meanwhile.
    """
    lost = Message.objects.filter(pk=message.pk, state__in=_MAY_BE_LOST, is_followed_up=False)
    try:
        with transaction.atomic():
            if lost.update(is_followed_up=True, due_at=None):
                message.is_followed_up = True
                write_entries([line] if line else [])
                delivery_failed.send(sender=Message, message=message)
    except Exception:  # whatever a receiver raises, the other messages of the batch must go on
        log.exception("follow-up failed, the sweep will repeat it", message=message.pk)
        # The caller has others to record; a database that is down lets the sweep start anew.
        with contextlib.suppress(DatabaseError):
            _put_last(message)


def _put_last(message: Message) -> None:
    """Order it behind the others: one that fails each time must not hold them up."""
    unhandled = Message.objects.filter(pk=message.pk, state__in=FAILED_STATES, is_followed_up=False)
    unhandled.update(due_at=timezone.now())


def follow_up_failed(most: int = 100) -> None:
    """Follow up failed deliveries that nobody has; those not tried yet first, then oldest first."""
    failed = Message.objects.filter(state__in=FAILED_STATES, is_followed_up=False)
    for message in failed.order_by(F("due_at").asc(nulls_first=True), "id")[:most]:
        follow_up(message)


def follow_up_late(most: int = 100) -> None:
    """Send `delivered_late` for what was delivered though it counted as lost, oldest first."""
    late = Message.objects.filter(state__in=DELIVERED_STATES, due_at__isnull=False)
    for message in late.order_by("due_at")[:most]:
        try:
            with transaction.atomic():
                if late.filter(pk=message.pk).update(due_at=None):
                    delivered_late.send(sender=Message, message=message)
        except Exception:  # as above
            log.exception("follow-up failed, the sweep will repeat it", message=message.pk)
            late.filter(pk=message.pk).update(due_at=timezone.now())
