"""Take the next step at once when the last of the calls that were made together ended in vain.

A step may call several people (`escalate` of the category). Each that ends without a key would
bring the next step forward: three silent telephones, three steps within seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from notifier.alerting.models import OF_ALERT, Alert, Notification
from notifier.alerting.policy.narrowings import category_of
from notifier.delivery.models import DELIVERED_STATES, Channel, Delay, MessageState

_NOT_GOING_ON = (*DELIVERED_STATES, MessageState.CANCELLED)


def bring_forward(ended: Sequence[Notification]) -> None:
    """Let the next people be asked at once, where these calls were the last of their round.

    In the transaction that follows a call up, which holds the alert's lock: of two that end at the
    same moment the second is the last.
    """
    waiting = Alert.objects.filter(pk__in=[call.alert_id for call in ended])
    now = timezone.now()
    for alert in waiting.filter(answer_due_at__gt=now):
        category = category_of(alert)
        if category is None or alert.answer_due_at is None:
            continue
        began_at = alert.answer_due_at - category.answer_within
        is_of_round = any(c.alert_id == alert.pk and c.created_at >= began_at for c in ended)
        if is_of_round and not _goes_on(alert, began_at):
            due = Alert.objects.filter(pk=alert.pk, answer_due_at=alert.answer_due_at)
            due.update(answer_due_at=now)


def _goes_on(alert: Alert, began_at: datetime) -> bool:
    """Return whether a call of the step that began then may still be answered."""
    calls = Notification.objects.filter(
        alert=alert.pk,
        channel=Channel.VOICE,
        kind__in=OF_ALERT,
        created_at__gte=began_at,
        message__isnull=False,
    )
    # Of one that does not leave, others are told meanwhile.
    is_over = Q(message__is_followed_up=True) | Q(message__delay=Delay.FAILED_OVER)
    return calls.exclude(is_over | Q(message__state__in=_NOT_GOING_ON)).exists()
