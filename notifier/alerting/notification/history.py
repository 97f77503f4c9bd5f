"""Read what an alert's recipients were sent, or are about to be, and an incident's timeline."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q
from django.utils import timezone

from notifier.alerting.models import (
    KNOWN,
    OF_ALERT,
    Alert,
    Notification,
    NotificationKind,
    NotificationState,
)
from notifier.alerting.notification.planned import AddressKey, address_key
from notifier.delivery.models import Message
from notifier.journal.models import Entry
from notifier.journal.write import timeline

# Those that reached their recipient, may still, or were tried: neither cancelled nor suppressed.
COUNTED = (NotificationState.DEFERRED, NotificationState.QUEUED)


def notifications_of(*alert_ids: int, lock: bool = False) -> dict[int, list[Notification]]:
    """Read the deferred and queued notifications of the alerts, with their messages, oldest first.

    Also those whose readers got the text of another organisation.

    One statement; none without an alert. `lock`: until commit nobody releases a deferred one.
    """
    by_alert: defaultdict[int, list[Notification]] = defaultdict(list)
    if alert_ids:
        told = Q(state__in=COUNTED) | Q(reason=KNOWN, message__isnull=False)
        rows = Notification.objects.filter(told, alert__in=alert_ids, kind__in=OF_ALERT)
        # Of a message only what became of it is asked.
        rows = rows.select_related("message").defer("message__body", "message__html")
        rows = rows.order_by("id")
        for notification in rows.select_for_update(of=("self",)) if lock else rows:
            if notification.alert_id is not None:
                by_alert[notification.alert_id].append(notification)
    return by_alert


def notifications_in(message: Message) -> list[Notification]:
    """Read the notifications of alerts that the message tells: one, or several."""
    rows = Notification.objects.filter(message=message, kind__in=OF_ALERT).order_by("alert_id")
    notifications = list(rows)
    for notification in notifications:
        notification.message = message
    return notifications


def timeline_of(incident_id: int) -> list[Entry]:
    """Read an incident's journal, and that of the digests that name it, oldest first."""
    digests = Notification.objects.filter(
        incident=incident_id, kind=NotificationKind.DIGEST, message__isnull=False
    )
    return timeline(incident_id, message_ids=list(digests.values_list("message_id", flat=True)))


def address_keys(notifications: Iterable[Notification]) -> set[AddressKey]:
    """Return the addresses of the notifications."""
    return {address_key(n.channel, n.address) for n in notifications}


def alert_of(notification: Notification) -> Alert:
    """Return the alert that it is about. Raises ValueError where it is about none."""
    if notification.alert is None:
        raise ValueError(f"notification {notification.pk} is about no alert")
    return notification.alert


def end_deferred(notifications: Iterable[Notification], state: NotificationState) -> None:
    """End what is still deferred of the notifications in this state. One UPDATE at most."""
    ids = [n.pk for n in notifications]
    if ids:
        deferred = Notification.objects.filter(pk__in=ids, state=NotificationState.DEFERRED)
        deferred.update(state=state, ended_at=timezone.now())
