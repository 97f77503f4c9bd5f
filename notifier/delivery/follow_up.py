"""Send `delivery_failed` and `delivered_late`, each exactly once for a message.

The flag and all that the listeners write stand or fall together: a worker killed in between leaves
nothing behind but an unset flag, and the sweep tells them again.
"""

import contextlib

import structlog
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from notifier.delivery.models import DELIVERED_STATES, FAILED_STATES, Message, MessageState
from notifier.delivery.outbox import delivered_late, delivery_failed
from notifier.journal.models import Entry
from notifier.journal.write import write_entries

LOST = (*FAILED_STATES, MessageState.UNKNOWN)

log = structlog.get_logger(__name__)


def follow_up(message: Message, line: Entry | None = None) -> None:
    """Send `delivery_failed` for a message that failed, expired, was undelivered or is given up.

    `line` is written into the journal before. Does nothing if the message has arrived meanwhile.
    """
    lost = Message.objects.filter(pk=message.pk, state__in=LOST, is_followed_up=False)
    try:
        with transaction.atomic():
            if lost.update(is_followed_up=True, due_at=None):
                message.is_followed_up = True
                write_entries([line] if line else [])
                delivery_failed.send(sender=Message, message=message)
    except Exception:  # whatever a listener raises, the other messages of the batch must go on
        log.exception("follow-up failed, the sweep will repeat it", message=message.pk)
        # The caller has others to record; a database that is down lets the sweep start anew.
        with contextlib.suppress(DatabaseError):
            _go_behind(message)


def _go_behind(message: Message) -> None:
    """What fails each time must not hold up the others."""
    unheard = Message.objects.filter(pk=message.pk, state__in=FAILED_STATES, is_followed_up=False)
    unheard.update(due_at=timezone.now())


def follow_up_forgotten(most: int = 100) -> None:
    """Follow up bad ends that nobody has followed up yet; first those never tried, oldest first."""
    forgotten = Message.objects.filter(state__in=FAILED_STATES, is_followed_up=False)
    for message in forgotten.order_by(F("due_at").asc(nulls_first=True), "id")[:most]:
        follow_up(message)


def follow_up_arrivals(most: int = 100) -> None:
    """Send `delivered_late` for what arrived though it was thought lost, oldest first."""
    arrived = Message.objects.filter(state__in=DELIVERED_STATES, due_at__isnull=False)
    for message in arrived.order_by("due_at")[:most]:
        try:
            with transaction.atomic():
                if arrived.filter(pk=message.pk).update(due_at=None):
                    delivered_late.send(sender=Message, message=message)
        except Exception:  # as above
            log.exception("follow-up failed, the sweep will repeat it", message=message.pk)
            arrived.filter(pk=message.pk).update(due_at=timezone.now())
