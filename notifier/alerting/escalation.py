"""A message ended badly: the other channel of the same person, then the next person, then dispatch.

Called once for each such message, in delivery's own transaction (notifier.delivery.follow_up).
"""

import structlog
from django.utils import timezone

from notifier.alerting.categories import Category
from notifier.alerting.composition import Kind
from notifier.alerting.duty import TOPIC_PREFIX, letter_to_duty
from notifier.alerting.letters import Envelope, compose
from notifier.alerting.models import Alert
from notifier.alerting.recipients import next_in_order, recipient_label
from notifier.alerting.wording import categories
from notifier.delivery.models import BAD_ENDS, Channel, Lane, Message
from notifier.delivery.outbox import Letter, entrust, told
from notifier.directory.people import Person, people_of
from notifier.journal.models import Step
from notifier.journal.write import entry, write

log = structlog.get_logger(__name__)


def move_on(message: Message) -> None:
    """Tell somebody else what this message could not tell, if there is still a point in it."""
    if message.topic.startswith(TOPIC_PREFIX):
        log.error("duty address could not be told", message=message.pk, thread=message.thread)
        return
    alert = (
        Alert.objects.select_related("intervention__source")
        .select_for_update(of=("self",))
        .get(pk=int(message.topic))
    )
    if alert.revision != message.revision:
        return  # a newer text is on its way to the same people, and is followed up itself
    category = categories().get(alert.category)
    if category is None:
        raise LookupError(
            f"category {alert.category} left the configuration while alert {alert.pk} was open"
        )
    siblings = [m for m in told(message.topic) if m.revision == alert.revision]
    letters = _letters(alert, category, message, siblings)
    if letters:
        entrust(letters)
        whom = ", ".join(
            f"{letter.title} ({letter.channel.label} {letter.masked})" for letter in letters
        )
        _note(alert, message, Step.DECIDED, f"au tour de {whom}", rule="escalation")
    elif not _somebody_told(siblings, category.lane):
        entrust(
            letter_to_duty(alert, alert.intervention.source.duty_email, "aucun message n’a abouti")
        )
        _note(alert, message, Step.UNREACHED, "plus personne à prévenir", rule="unreached")


def _letters(
    alert: Alert, category: Category, failed: Message, siblings: list[Message]
) -> list[Letter]:
    if alert.expires_at <= timezone.now():
        return []
    people = people_of([alert.commune], timezone.now())[alert.commune]
    envelope = Envelope(
        topic=str(alert.pk),
        revision=alert.revision,
        thread=alert.thread,
        texts=compose(Kind(alert.kind), alert.facts),
        lane=category.lane,
        expires_at=alert.expires_at,
    )
    letters = envelope.for_people(_same(people, failed), _channels_left(category, failed, siblings))
    if letters or alert.kind not in (Kind.FIRST, Kind.UPDATE):
        return letters
    if _is_told(failed.recipient, siblings, category.lane):
        return []
    successor = next_in_order(people, {m.recipient for m in siblings})
    return envelope.for_people([successor], category.channels) if successor else []


def _same(people: list[Person], failed: Message) -> list[Person]:
    return [person for person in people if recipient_label(person) == failed.recipient]


def _channels_left(category: Category, failed: Message, siblings: list[Message]) -> list[str]:
    """Channels that this person was not tried on; e-mail is tried even where SMS alone is usual."""
    tried = {m.channel for m in siblings if m.recipient == failed.recipient}
    return [channel for channel in (Channel.SMS, Channel.EMAIL) if channel not in tried]


def _is_told(recipient: str, siblings: list[Message], lane: str) -> bool:
    return _somebody_told([m for m in siblings if m.recipient == recipient], lane)


def _somebody_told(messages: list[Message], lane: str) -> bool:
    """Whether one of the messages lives. At night an e-mail wakes nobody: urgent counts SMS only."""
    counts = {Channel.SMS} if lane == Lane.URGENT else {Channel.SMS, Channel.EMAIL}
    return any(m.channel in counts and m.state not in BAD_ENDS for m in messages)


def _note(alert: Alert, failed: Message, step: Step, what: str, rule: str) -> None:
    text = (
        f"{alert.commune_name} : {failed.title} non joint ({failed.get_channel_display()}), {what}."
    )
    write([entry(alert.thread, step, text, alert=alert.pk, message=failed.pk, rule=rule)])
