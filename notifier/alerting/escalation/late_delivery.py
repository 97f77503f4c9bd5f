"""A text arrived that was thought lost: its reader is told what the others were told since."""

from django.utils import timezone

from notifier.alerting.escalation.failover import still_told
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.notification.history import DIGEST_TOPIC, everyone_told, told_within
from notifier.alerting.notification.messages import Envelope, compose, letter_key, whom
from notifier.alerting.throttling.throttle import throttle
from notifier.delivery.models import Message
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.directory.recipients import active_people
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries


def catch_up(message: Message) -> None:
    """Tell its reader the alert's present text, where that is a later one. Called once for each.

    In delivery's own transaction (notifier.delivery.follow_up).
    """
    is_digest = message.topic.startswith(DIGEST_TOPIC)
    for each in told_within(message) if is_digest else [message]:
        if each.topic.isdecimal():
            _tell(each)


def _tell(message: Message) -> None:
    alerts = Alert.objects.select_related("incident__source", "report").select_for_update(
        of=("self",)
    )
    alert = alerts.filter(pk=int(message.topic)).first()
    if alert is None or not _goes_on_from(alert, message):
        return
    letters = _letters(alert, message)
    if letters:
        text = f"{alert.commune_name} : reçu après coup, la suite est dite à {whom(letters)}."
        write_entries(
            [new_entry(alert.incident_id, Step.DECIDED, text, alert=alert.pk, rule="after_all")]
        )
        enqueue_messages(throttle(letters, alert.incident.source))


def _goes_on_from(alert: Alert, message: Message) -> bool:
    """Whether something followed that is still of use; what was taken up anew is told anew."""
    is_later = alert.opened_revision <= message.revision < alert.revision
    return is_later and alert.expires_at > timezone.now()


def _letters(alert: Alert, message: Message) -> list[OutgoingMessage]:
    category = still_told(alert)
    if category is None:
        return []
    people = active_people([alert.commune], timezone.now())[alert.commune]
    envelope = Envelope.of(alert, compose(Kind(alert.kind), alert.facts), category)
    told = {
        letter_key(m.channel, m.address)
        for m in everyone_told(message.topic)
        if m.revision == alert.revision
    }
    letters = envelope.for_told([message], people)
    return [le for le in letters if letter_key(le.channel, le.address) not in told]
