"""A message ended badly: the other channel of the same person, then the next person, then dispatch.

Called once for each such message, in delivery's own transaction
(notifier.delivery.follow_up), and once for one that does not leave in time
(notifier.alerting.escalation.delayed).
"""

from collections.abc import Iterable, Sequence

import structlog
from django.utils import timezone

from notifier.alerting.escalation.unreached import unreached
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.notification.dedup import Spoken
from notifier.alerting.notification.duty_officer import TO_DUTY, letter_to_duty
from notifier.alerting.notification.history import DIGEST_TOPIC, everyone_told, told_within
from notifier.alerting.notification.messages import Envelope, compose, letter_key, whom
from notifier.alerting.notification.recipients import awaited, not_yet_told, recipient_label
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.rules import withheld
from notifier.alerting.throttling.throttle import throttle
from notifier.delivery.models import Channel, Delay, Lane, Message, MessageState
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.directory.recipients import Person, active_people
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# What the duty is told about that is late and not lost.
DELAYED = "late-"


def move_on(message: Message) -> None:
    """Tell somebody else what this message could not tell, if there is still a point in it.

    Of one that is delayed, whoever is told meanwhile is told by a text of his own: its reader may
    get it yet. From the second whose text does not leave, dispatch is told as well.
    """
    if message.topic.startswith(TO_DUTY):
        log.error("duty address could not be told", message=message.pk, topic=message.topic)
        return
    failed = told_within(message) if message.topic.startswith(DIGEST_TOPIC) else [message]
    silent = []
    for each in failed:
        alert, alive = _pass_on(each)
        if alert is not None and alive.isdisjoint(waking(alert)):
            silent.append((alert, alive))
            then = "commune à joindre autrement" if each.is_delayed else "plus personne à prévenir"
            _note(alert, each, Step.UNREACHED, then, rule="unreached")
    if len(silent) == 1:
        enqueue_messages(_letter_to_duty(message, *silent[0]))
    elif silent:
        # One mail, however many the digest told of.
        references = ", ".join(alert.incident.reference for alert, _ in silent)
        why = f"un récapitulatif n’a pas abouti, ni ce qui l’a suivi (réf. {references})"
        if message.is_delayed:
            why = f"un récapitulatif n’est pas encore parti, les essais continuent ({references})"
        about = f"{DELAYED}{message.topic}" if message.is_delayed else message.topic
        enqueue_messages(letter_to_duty([silent[-1][0]], why, about))


def _letter_to_duty(message: Message, alert: Alert, alive: set[str]) -> list[OutgoingMessage]:
    """That nobody is told; apart from that nobody is told yet, for both may come to be true."""
    if message.is_delayed:
        what = "SMS" if waking(alert) == (Channel.SMS,) else "message"
        why = f"aucun {what} n’est encore parti, les essais continuent"
        return letter_to_duty([alert], why, f"{DELAYED}{alert.pk}-{alert.revision}")
    return letter_to_duty([alert], _why(alert, alive))


def _pass_on(message: Message) -> tuple[Alert | None, set[str]]:
    """To whom else it goes; the alert and the channels on which somebody is told.

    No alert where a newer text is on its way to the same people, and is followed up itself, nor
    where an end is late: it can be read in the morning.
    """
    alert = (
        Alert.objects.select_related("incident__source", "report")
        .select_for_update(of=("self",))
        .get(pk=int(message.topic))
    )
    if alert.revision != message.revision:
        return None, set()
    if message.is_delayed and Kind(alert.kind).closes:
        return None, set()
    siblings = [m for m in everyone_told(message.topic) if m.revision == alert.revision]
    letters = _letters(alert, message, siblings)
    if letters:
        _note(alert, message, Step.DECIDED, f"au tour de {whom(letters)}", rule="escalation")
        enqueue_messages(throttle(letters, alert.incident.source))
    late = {m.recipient for m in siblings if m.is_delayed and m.channel in waking(alert)}
    if message.is_delayed and len(late) > 1:
        return alert, {m.channel for m in awaited(siblings)}
    return alert, {m.channel for m in awaited(siblings)} | {letter.channel for letter in letters}


def _letters(alert: Alert, failed: Message, siblings: list[Message]) -> list[OutgoingMessage]:
    """To the same person on what was not tried; then down the order to the first who is woken."""
    category = still_told(alert)
    if category is None or alert.expires_at <= timezone.now():
        return []
    people = active_people([alert.commune], timezone.now())[alert.commune]
    envelope = _envelope(alert, category)
    tried = {letter_key(m.channel, m.address) for m in siblings}
    if alert.is_to_neighbour:
        others = Alert.objects.filter(incident=alert.incident_id, is_open=True)
        tried |= Spoken(others).told_by_others(alert)
    letters = _untried(envelope.for_people(_same(people, failed), tuple(Channel)), tried)
    if Kind(alert.kind).closes:
        return letters
    why = unreached(failed, siblings, is_tried_still=bool(letters))
    envelope = _envelope(alert, category, why)
    # Of one that was late before it ended badly, somebody is told already in the reader's place.
    has_stand_in = failed.delay == Delay.FAILED_OVER and not failed.is_delayed
    alive = {
        m.channel for m in awaited(siblings) if has_stand_in or m.recipient == failed.recipient
    }
    alive |= {letter.channel for letter in letters}
    for person in not_yet_told(people, siblings):
        if not alive.isdisjoint(waking(alert)):
            break
        more = _untried(envelope.for_people([person], category.channels), tried)
        letters += more
        alive |= {letter.channel for letter in more}
    return letters


def _envelope(alert: Alert, category: Category, unreached: str = "") -> Envelope:
    """The alert's text as it now stands; to whoever stands in, it says for whom."""
    facts = {**alert.facts, "unreached": unreached}
    return Envelope.of(alert, compose(Kind(alert.kind), facts), category)


def still_told(alert: Alert) -> Category | None:
    """The alert's category, if the operator still lets it be told."""
    category = categories().get(alert.category)
    if category is None:
        log.error("category left the configuration, alert is not passed on", alert=alert.pk)
        return None
    return None if withheld(alert.severity, category) else category


def _same(people: list[Person], failed: Message) -> list[Person]:
    """The person whom the message did not reach, where he is reached now."""
    return [person for person in people if recipient_label(person) == failed.recipient]


def _untried(
    letters: Iterable[OutgoingMessage], tried: set[tuple[str, str]]
) -> list[OutgoingMessage]:
    """The letters to addresses that were not tried yet; they count as tried from now on."""
    fresh = [le for le in letters if letter_key(le.channel, le.address) not in tried]
    tried.update(letter_key(letter.channel, letter.address) for letter in fresh)
    return fresh


def waking(alert: Alert) -> Sequence[str]:
    """The channels that count as telling: at night an e-mail wakes nobody, so urgent wants an SMS.

    An end or a cancellation can be read in the morning.
    """
    category = categories().get(alert.category)
    is_urgent = category is None or Lane(category.lane) is Lane.URGENT
    return (Channel.SMS,) if is_urgent and not Kind(alert.kind).closes else tuple(Channel)


def _why(alert: Alert, alive: set[str]) -> str:
    if Kind(alert.kind).closes:
        return "l’alerte était partie, mais l’annonce de la fin n’a pas abouti"
    if alive:
        return "aucun SMS n’a abouti, il n’est parti que des courriels"
    return "aucun message n’a abouti"


def _note(alert: Alert, failed: Message, step: Step, what: str, rule: str) -> None:
    channel = failed.get_channel_display()
    state = "pas encore joint" if failed.is_delayed else "non joint"
    if failed.state == MessageState.CANCELLED:
        state = "n’est plus à cette adresse"
    if failed.is_delayed and rule == "escalation":
        rule = "delayed"
    text = f"{alert.commune_name} : {failed.title} {state} ({channel}), {what}."
    write_entries(
        [new_entry(alert.incident_id, step, text, alert=alert.pk, message_id=failed.pk, rule=rule)]
    )
