"""What does not leave in time: the next person is told, while the first is tried on.

Where the provider takes nothing from anybody, nobody is called, for nothing would reach them
sooner: the duty is told at once, and the next person only if the text stays late when others leave
again.
"""

from collections.abc import Sequence

import structlog
from django.db import OperationalError, transaction
from django.db.models import Q

from notifier.alerting.escalation.failover import DELAYED, move_on, waking
from notifier.alerting.models import Alert
from notifier.alerting.notification.duty_officer import letter_to_duty
from notifier.alerting.notification.history import everyone_told
from notifier.alerting.notification.recipients import awaited
from notifier.delivery.models import Delay, Message
from notifier.delivery.outbox import enqueue_messages
from notifier.delivery.sending.delayed import delayed, mark_delayed
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# So many references stand in one mail.
REFERENCES = 12


def pass_on_delayed() -> None:
    """One round. May run anywhere, any number of times at once: each is passed on by one alone."""
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
            _lock_alerts(message.topic)
            if mark_delayed(message, Delay.FAILED_OVER):
                move_on(message)
    except OperationalError as error:  # a decision about its alert is being written
        log.info("delayed message is in another's hands, next round", error=str(error))
    except Exception:  # it must not hold up the others; it is still followed up at its end
        log.exception("delayed message cannot be passed on", message=message.pk)
        mark_delayed(message, Delay.FAILED_OVER)


def _lock_alerts(topic: str) -> None:
    """Take the alerts that the topic tells of before its message, in the order of a decision.

    Raises OperationalError at once where a decision about one of them is being written.
    """
    told = Q(pk=int(topic)) if topic.isdecimal() else Q(held__told_in=topic)
    ids = Alert.objects.filter(told).values("pk")
    list(Alert.objects.filter(pk__in=ids).order_by("pk").select_for_update(nowait=True))


def _say_that_nothing_leaves(messages: Sequence[Message]) -> None:
    """One mail to each source's duty for all of these, in the caller's transaction."""
    mine = [message for message in messages if mark_delayed(message, Delay.REPORTED)]
    alerts = _untold({message.topic for message in mine if message.topic.isdecimal()})
    write_entries(
        new_entry(
            alert.incident_id,
            Step.UNREACHED,
            f"{alert.commune_name} : l’opérateur ne prend aucun message, commune à joindre "
            "autrement.",
            alert=alert.pk,
            rule="blocked",
        )
        for alert in alerts
    )
    for source in {alert.incident.source for alert in alerts}:
        theirs = [alert for alert in alerts if alert.incident.source == source]
        first = theirs[0]
        about = f"{DELAYED}blocked-{first.pk}-{first.revision}"
        enqueue_messages(letter_to_duty(theirs, _why(theirs), about))


def _untold(topics: set[str]) -> list[Alert]:
    """The alerts, unless they are over, or somebody was told on a channel that counts."""
    alerts = Alert.objects.filter(pk__in=map(int, topics), is_open=True).order_by("id")
    told = awaited(everyone_told(*topics)) if topics else []
    return [
        alert
        for alert in alerts.select_related("incident__source")
        if not any(_tells(message, alert) for message in told)
    ]


def _tells(message: Message, alert: Alert) -> bool:
    """Whether the message brings the alert's present text, and wakes its reader if it should."""
    is_its = (message.topic, message.revision) == (str(alert.pk), alert.revision)
    has_left = not message.delay
    return is_its and has_left and message.channel in waking(alert)


def _why(alerts: Sequence[Alert]) -> str:
    references = list(dict.fromkeys(alert.incident.reference for alert in alerts))
    more = f" et {len(references) - REFERENCES} autres" if len(references) > REFERENCES else ""
    named = ", ".join(references[:REFERENCES]) + more
    return (
        "l’opérateur ne prend plus aucun message depuis une minute, les essais continuent "
        f"(réf. {named})"
    )
