"""A text arrived that counted as lost: its reader gets what the others got since."""

from collections.abc import Iterable

from django.utils import timezone

from notifier.alerting.escalation.failover import (
    compose_text,
    disclosable_category,
    locked_alert,
    store_throttled,
)
from notifier.alerting.models import Alert, Notification
from notifier.alerting.notification.history import (
    address_keys,
    notifications_in,
    notifications_of,
)
from notifier.alerting.notification.journal import alert_entry, recipients_in_words
from notifier.alerting.notification.planned import AddressKey, PlannedNotification
from notifier.delivery.models import Message
from notifier.directory.recipients import active_people
from notifier.journal.models import Step
from notifier.journal.write import write_entries


def catch_up(message: Message) -> None:
    """Send its reader each alert's present text, where that is a later one.

    One text where the message told an organisation beside the commune: the commune's.

    Called once for a message, in delivery's own transaction (notifier.delivery.follow_up).
    """
    brought: set[tuple[int, AddressKey]] = set()
    for delivered in notifications_in(message):
        _catch_up(delivered, brought)


def _catch_up(delivered: Notification, brought: set[tuple[int, AddressKey]]) -> None:
    """Send what followed; `brought` is of which incidents whom other alerts' texts tell."""
    alert = locked_alert(delivered)
    if not _has_useful_revision_after(alert, delivered):
        return
    earlier = notifications_of(alert.pk)
    planned = _plan(alert, delivered, earlier.get(alert.pk, []))
    if alert.is_to_neighbour or alert.terms:
        planned = [n for n in planned if (alert.incident_id, n.key) not in brought]
    brought |= {(alert.incident_id, n.key) for n in planned}
    if planned:
        whom = recipients_in_words(planned)
        what = f"reçu après coup, la suite est dite à {whom}"
        entry = alert_entry(alert, Step.DECIDED, what, alert=alert.pk, rule="after_all")
        write_entries([entry])
        store_throttled(planned, earlier)


def _has_useful_revision_after(alert: Alert, delivered: Notification) -> bool:
    """Whether a later text is still of use; an alert opened again went to its own recipients."""
    is_later = alert.opened_revision <= delivered.revision < alert.revision
    return is_later and alert.expires_at > timezone.now()


def _plan(
    alert: Alert, delivered: Notification, earlier: Iterable[Notification]
) -> list[PlannedNotification]:
    category = disclosable_category(alert)
    if category is None:
        return []
    people = active_people([alert.ref], timezone.now())[alert.ref]
    text = compose_text(alert, category)
    notified = address_keys(n for n in earlier if n.revision == alert.revision)
    planned = text.for_recipients_of([delivered], people)
    return [n for n in planned if n.key not in notified]
