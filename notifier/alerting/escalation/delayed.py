"""Escalate messages that do not leave in time, while they are tried on.

Where the provider accepts nothing from anybody, nobody else is notified, for nothing would reach
them sooner: the duty officer is told at once, and the next person only if the text stays late when
others leave again.
"""

from collections.abc import Sequence

import structlog
from django.db import OperationalError, transaction

from notifier.alerting.escalation.failover import (
    alarms_duty_of,
    fail_over,
    sufficient_channels,
    what_of,
)
from notifier.alerting.models import Alert, Notification, NotificationKind
from notifier.alerting.notification.duty_officer import not_reached_mail
from notifier.alerting.notification.history import notifications_of
from notifier.alerting.notification.journal import alert_entry
from notifier.alerting.notification.recipients import on_time
from notifier.alerting.notification.store import queue_duty_mails
from notifier.alerting.webhooks.events import EventType, record_alert_event
from notifier.delivery.models import Delay, Message
from notifier.delivery.sending.delayed import delayed, mark_delayed
from notifier.journal.models import Step
from notifier.journal.write import write_entries

log = structlog.get_logger(__name__)

# How many references one mail names.
MAX_REFERENCES = 12


def escalate_delayed() -> None:
    """Escalate what is late now.

    May run anywhere, any number of times at once: each message is escalated by one alone.
    """
    late = delayed()
    blocked = [message for message in late if message.blocked_since]
    if blocked:
        try:
            with transaction.atomic():
                _report_blocked(blocked)
        except Exception:  # it must not hold up the others
            log.exception("cannot tell the duty that nothing leaves", texts=len(blocked))
    for message in late:
        if not message.blocked_since:
            _escalate(message)


def _escalate(message: Message) -> None:
    try:
        with transaction.atomic():
            _lock_alerts(message)
            if mark_delayed(message, Delay.FAILED_OVER):
                fail_over(message)
    except OperationalError as error:  # a decision about its alert is being written
        log.info("delayed message is in another's hands, next round", error=str(error))
    except Exception:  # it must not hold up the others; it is still followed up at its end
        log.exception("delayed message cannot be passed on", message=message.pk)
        mark_delayed(message, Delay.FAILED_OVER)


def _lock_alerts(message: Message) -> None:
    """Lock the message's alerts before the message, in the order of a decision.

    Raises OperationalError at once where a decision about one of them is being written.
    """
    ids = Notification.objects.filter(message=message, alert__isnull=False).values("alert")
    list(Alert.objects.filter(pk__in=ids).order_by("pk").select_for_update(nowait=True))


def _report_blocked(messages: Sequence[Message]) -> None:
    """Queue one mail to each duty officer for all messages, in the caller's transaction."""
    marked = [message for message in messages if mark_delayed(message, Delay.REPORTED)]
    alerts = _alerts_not_reached(marked)
    write_entries(
        alert_entry(
            alert,
            Step.UNREACHED,
            f"l’opérateur ne prend aucun message, {what_of(alert)} à joindre autrement",
            alert=alert.pk,
            rule="blocked",
        )
        for alert in alerts
    )
    for alert in alerts:
        record_alert_event(EventType.NOT_REACHED, alert, reason=_why_blocked([alert]))
    for source in {alert.incident.source for alert in alerts}:
        own = [alert for alert in alerts if alert.incident.source == source]
        key = f"blocked-{own[0].pk}-{own[0].revision}"
        queue_duty_mails([not_reached_mail(own, _why_blocked(own), key)])


def _alerts_not_reached(messages: Sequence[Message]) -> list[Alert]:
    """Return the open alerts of the messages that reach nobody else on a sufficient channel.

    Digests are left out.
    """
    ids = Notification.objects.filter(
        message__in=[message.pk for message in messages], kind=NotificationKind.ALERT
    )
    alerts = Alert.objects.filter(pk__in=ids.values("alert"), is_open=True).order_by("id")
    alerts = alerts.select_related("incident__source")
    by_alert = notifications_of(*[alert.pk for alert in alerts])
    return [
        alert
        for alert in alerts
        if alarms_duty_of(alert)
        and not any(_suffices(n, alert) for n in on_time(by_alert.get(alert.pk, ())))
    ]


def _suffices(notification: Notification, alert: Alert) -> bool:
    """Whether it brings the alert's present text, on a sufficient channel."""
    is_on_time = notification.message is None or not notification.message.delay
    is_present = notification.revision == alert.revision
    return is_present and is_on_time and notification.channel in sufficient_channels(alert)


def _why_blocked(alerts: Sequence[Alert]) -> str:
    references = list(dict.fromkeys(alert.incident.reference for alert in alerts))
    more = (
        f" et {len(references) - MAX_REFERENCES} autres" if len(references) > MAX_REFERENCES else ""
    )
    named = ", ".join(references[:MAX_REFERENCES]) + more
    return (
        "l’opérateur ne prend plus aucun message depuis une minute, les essais continuent "
        f"(réf. {named})"
    )
