"""What does not leave in time: the next person is told, while the first is tried on.

Where the provider takes nothing from anybody, nobody is called, for nothing would reach them
sooner: the duty officer is told at once, and the next person only if the text stays late when
others leave again.
"""

from collections.abc import Sequence

import structlog
from django.db import OperationalError, transaction

from notifier.alerting.escalation.failover import fail_over, waking_channels
from notifier.alerting.models import Alert, Notification, NotificationKind
from notifier.alerting.notification.duty_officer import unreached_mail
from notifier.alerting.notification.history import notifications_of
from notifier.alerting.notification.recipients import awaited
from notifier.alerting.notification.store import queue_duty_mails
from notifier.delivery.models import Delay, Message
from notifier.delivery.sending.delayed import delayed, mark_delayed
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# How many references one mail names.
MAX_REFERENCES = 12


def pass_on_delayed() -> None:
    """Pass on what is late now. May run anywhere, any number of times at once: each is passed on
    by one alone.
    """
    late = delayed()
    blocked = [message for message in late if message.blocked_since]
    if blocked:
        try:
            with transaction.atomic():
                _say_that_nothing_leaves(blocked)
        except Exception:  # it must not hold up the others
            log.exception("cannot tell the duty that nothing leaves", texts=len(blocked))
    for message in late:
        if not message.blocked_since:
            _pass_on(message)


def _pass_on(message: Message) -> None:
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
    """Take the alerts that it tells of before the message, in the order of a decision.

    Raises OperationalError at once where a decision about one of them is being written.
    """
    ids = Notification.objects.filter(message=message, alert__isnull=False).values("alert")
    list(Alert.objects.filter(pk__in=ids).order_by("pk").select_for_update(nowait=True))


def _say_that_nothing_leaves(messages: Sequence[Message]) -> None:
    """One mail to each source's duty officer for all of these, in the caller's transaction."""
    mine = [message for message in messages if mark_delayed(message, Delay.REPORTED)]
    alerts = _untold(mine)
    write_entries(
        new_entry(
            alert.incident_id,
            Step.UNREACHED,
            f"{alert.organisation_name} : l’opérateur ne prend aucun message, commune à joindre "
            "autrement.",
            alert=alert.pk,
            rule="blocked",
        )
        for alert in alerts
    )
    for source in {alert.incident.source for alert in alerts}:
        theirs = [alert for alert in alerts if alert.incident.source == source]
        first = theirs[0]
        key = f"blocked-{first.pk}-{first.revision}"
        queue_duty_mails(unreached_mail(theirs, _why(theirs), key))


def _untold(messages: Sequence[Message]) -> list[Alert]:
    """The open alerts that these tell of by themselves, unless somebody was told of them on a
    channel that counts.
    """
    ids = Notification.objects.filter(
        message__in=[message.pk for message in messages], kind=NotificationKind.ALERT
    )
    alerts = Alert.objects.filter(pk__in=ids.values("alert"), is_open=True).order_by("id")
    alerts = alerts.select_related("incident__source")
    told = notifications_of(*[alert.pk for alert in alerts])
    return [
        alert
        for alert in alerts
        if not any(_tells(each, alert) for each in awaited(told.get(alert.pk, ())))
    ]


def _tells(notification: Notification, alert: Alert) -> bool:
    """Whether it brings the alert's present text, and wakes its recipient if it should."""
    has_left = notification.message is None or not notification.message.delay
    is_present = notification.revision == alert.revision
    return is_present and has_left and notification.channel in waking_channels(alert)


def _why(alerts: Sequence[Alert]) -> str:
    references = list(dict.fromkeys(alert.incident.reference for alert in alerts))
    more = (
        f" et {len(references) - MAX_REFERENCES} autres" if len(references) > MAX_REFERENCES else ""
    )
    named = ", ".join(references[:MAX_REFERENCES]) + more
    return (
        "l’opérateur ne prend plus aucun message depuis une minute, les essais continuent "
        f"(réf. {named})"
    )
