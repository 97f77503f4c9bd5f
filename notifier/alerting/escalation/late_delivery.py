"""A text arrived that was thought lost: its reader is told what the others were told since."""

from collections.abc import Iterable

from django.utils import timezone

from notifier.alerting.escalation.failover import store_throttled, told_category
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, Notification
from notifier.alerting.notification.facts import compose
from notifier.alerting.notification.history import (
    keys_told,
    notifications_in,
    notifications_of,
)
from notifier.alerting.notification.planned import (
    AlertText,
    PlannedNotification,
    recipients_in_words,
)
from notifier.delivery.models import Lane, Message
from notifier.directory.recipients import active_people
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries


def catch_up(message: Message) -> None:
    """Tell its reader each alert's present text, where that is a later one.

    Called once for a message, in delivery's own transaction (notifier.delivery.follow_up).
    """
    for each in notifications_in(message):
        _tell(each)


def _tell(delivered: Notification) -> None:
    alerts = Alert.objects.select_related("incident__source", "report")
    alert = alerts.select_for_update(of=("self",)).get(notification=delivered)
    if not _goes_on_from(alert, delivered):
        return
    earlier = notifications_of(alert.pk)
    planned = _plan(alert, delivered, earlier.get(alert.pk, []))
    if planned:
        whom = recipients_in_words(planned)
        text = f"{alert.organisation_name} : reçu après coup, la suite est dite à {whom}."
        line = new_entry(alert.incident_id, Step.DECIDED, text, alert=alert.pk, rule="after_all")
        write_entries([line])
        store_throttled(planned, earlier)


def _goes_on_from(alert: Alert, delivered: Notification) -> bool:
    """Whether something followed that is still of use; what was taken up anew is told anew."""
    is_later = alert.opened_revision <= delivered.revision < alert.revision
    return is_later and alert.expires_at > timezone.now()


def _plan(
    alert: Alert, delivered: Notification, earlier: Iterable[Notification]
) -> list[PlannedNotification]:
    category = told_category(alert)
    if category is None:
        return []
    people = active_people([alert.organisation], timezone.now())[alert.organisation]
    text = AlertText(alert, compose(Kind(alert.kind), alert.facts), Lane(category.lane))
    told = keys_told(n for n in earlier if n.revision == alert.revision)
    planned = text.for_recipients_of([delivered], people)
    return [each for each in planned if each.key not in told]
