"""What was told of an alert or is about to be: its notifications, with what became of each."""

from collections import defaultdict
from collections.abc import Iterable

from django.utils import timezone

from notifier.alerting.models import (
    OF_ALERT,
    Notification,
    NotificationKind,
    NotificationState,
)
from notifier.alerting.notification.planned import AddressKey, address_key
from notifier.delivery.models import Message
from notifier.journal.models import Entry
from notifier.journal.write import timeline

# What reached its recipient, may still, or was tried: neither withdrawn nor kept back.
COUNTED = (NotificationState.DEFERRED, NotificationState.QUEUED)


def notifications_of(*alert_ids: int, lock: bool = False) -> dict[int, list[Notification]]:
    """Read every notification of the alerts, deferred or queued, with its message, oldest first.

    One statement; none without an alert. `lock`: until commit nobody releases a deferred one.
    """
    found: defaultdict[int, list[Notification]] = defaultdict(list)
    if alert_ids:
        rows = Notification.objects.filter(
            alert__in=alert_ids, kind__in=OF_ALERT, state__in=COUNTED
        )
        # Of a message only what became of it is asked.
        rows = rows.select_related("message").defer("message__body", "message__html")
        rows = rows.order_by("id")
        for notification in rows.select_for_update(of=("self",)) if lock else rows:
            if notification.alert_id is not None:
                found[notification.alert_id].append(notification)
    return found


def notifications_in(message: Message) -> list[Notification]:
    """Read the notifications of alerts that the message carries: one, or a digest's several."""
    carried = Notification.objects.filter(message=message, kind__in=OF_ALERT).order_by("alert_id")
    found = list(carried)
    for notification in found:
        notification.message = message
    return found


def keys_told(notifications: Iterable[Notification]) -> set[AddressKey]:
    """Return the addresses that they went to."""
    return {address_key(n.channel, n.address) for n in notifications}


def timeline_of(incident_id: int) -> list[Entry]:
    """Read an incident's journal, and that of the digests that told of it, oldest first."""
    digests = Notification.objects.filter(
        incident=incident_id, kind=NotificationKind.DIGEST, message__isnull=False
    )
    return timeline(incident_id, message_ids=list(digests.values_list("message_id", flat=True)))


def supersede_deferred(notifications: Iterable[Notification]) -> None:
    """Withdraw what is still deferred of these. One UPDATE."""
    waiting = Notification.objects.filter(
        pk__in=[n.pk for n in notifications], state=NotificationState.DEFERRED
    )
    waiting.update(state=NotificationState.SUPERSEDED, ended_at=timezone.now())
