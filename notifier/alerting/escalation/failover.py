"""A delivery failed: the other channel of the same person, then the next person, then dispatch.

Called once for each such message, in delivery's own transaction
(notifier.delivery.follow_up), and once for one that does not leave in time
(notifier.alerting.escalation.delayed).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from django.utils import timezone

from notifier.alerting.escalation.unreached import unreached_clause
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, Notification
from notifier.alerting.notification.duty_officer import unreached_mail
from notifier.alerting.notification.facts import compose
from notifier.alerting.notification.history import (
    keys_told,
    notifications_in,
    notifications_of,
)
from notifier.alerting.notification.planned import (
    AddressKey,
    AlertText,
    PlannedNotification,
    recipients_in_words,
)
from notifier.alerting.notification.recipients import awaited, not_yet_told, recipient_label
from notifier.alerting.notification.store import queue_duty_mails, store
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.rules import withheld
from notifier.alerting.throttling.limits import count_used, read_limits
from notifier.alerting.throttling.throttle import throttle
from notifier.delivery.models import Channel, Delay, Lane, Message, MessageState
from notifier.directory.recipients import active_people
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Told:
    """Of an alert whose text somebody did not get: the channels on which somebody is told."""

    alert: Alert
    channels: set[str]


def fail_over(message: Message) -> None:
    """Tell somebody else what this message could not tell, if there is still a point in it."""
    failed = notifications_in(message)
    if failed:
        pass_on(failed)
    else:
        log.error("duty address could not be told", message=message.pk)


def pass_on(failed: Sequence[Notification]) -> None:
    """Tell whoever is next, of each of the notifications of one message.

    Of one that is delayed, whoever is told meanwhile is told by a text of his own: its recipient
    may get it yet. From the second whose text does not leave, dispatch is told as well.
    """
    silent = []
    for each in failed:
        told = _tell_next(each)
        if told is not None and told.channels.isdisjoint(waking_channels(told.alert)):
            silent.append(told)
            then = "commune à joindre autrement" if each.is_delayed else "plus personne à prévenir"
            _note(told.alert, each, Step.UNREACHED, then, rule="unreached")
    if silent:
        queue_duty_mails(_mail_to_duty(failed, silent))


def _mail_to_duty(
    failed: Sequence[Notification], silent: Sequence[_Told]
) -> list[PlannedNotification]:
    """That nobody is told; apart from that nobody is told yet, for both may come to be true.

    One mail, however many alerts a digest told of.
    """
    first, last = failed[0], silent[-1]
    is_delayed = first.is_delayed
    if len(silent) == 1:
        alert = last.alert
        if not is_delayed:
            return unreached_mail([alert], _why(alert, last.channels))
        what = "SMS" if waking_channels(alert) == (Channel.SMS,) else "message"
        why = f"aucun {what} n’est encore parti, les essais continuent"
        return unreached_mail([alert], why, f"delayed-{alert.pk}-{alert.revision}")
    references = ", ".join(told.alert.incident.reference for told in silent)
    why = f"un récapitulatif n’a pas abouti, ni ce qui l’a suivi (réf. {references})"
    if is_delayed:
        why = f"un récapitulatif n’est pas encore parti, les essais continuent ({references})"
    key = f"digest-{first.message_id}"
    return unreached_mail([last.alert], why, f"delayed-{key}" if is_delayed else key)


def _tell_next(failed: Notification) -> _Told | None:
    """Tell whoever is next.

    None where a newer text is on its way to the same people, and is followed up itself, or where an
    end is late: it can be read in the morning.
    """
    alerts = Alert.objects.select_related("incident__source", "report")
    alert = alerts.select_for_update(of=("self",)).get(notification=failed)
    if alert.revision != failed.revision:
        return None
    if failed.is_delayed and Kind(alert.kind).closes:
        return None
    earlier = notifications_of(alert.pk)
    siblings = [n for n in earlier.get(alert.pk, []) if n.revision == alert.revision]
    siblings = [failed if n.pk == failed.pk else n for n in siblings]
    planned = _plan(alert, failed, siblings)
    if planned:
        whom = recipients_in_words(planned)
        _note(alert, failed, Step.DECIDED, f"au tour de {whom}", rule="escalation")
        store_throttled(planned, earlier)
    late = {n.recipient for n in siblings if n.is_delayed and n.channel in waking_channels(alert)}
    told = {n.channel for n in awaited(siblings)}
    if failed.is_delayed and len(late) > 1:
        return _Told(alert, told)
    return _Told(alert, told | {each.channel for each in planned})


def store_throttled(
    planned: Sequence[PlannedNotification], earlier: dict[int, list[Notification]]
) -> None:
    """Queue what may leave now and defer the rest, as for a decision; in the caller's transaction.

    Raises UsageChangedError where another worker counts the day's first text; the sweep repeats it.
    """
    routine = [each.address for each in planned if each.lane is Lane.ROUTINE]
    limits = read_limits(routine, {each.source for each in planned}, lock=True)
    lines = store(throttle(planned, earlier, limits), earlier)
    count_used(limits)
    write_entries(lines)


def _plan(
    alert: Alert, failed: Notification, siblings: list[Notification]
) -> list[PlannedNotification]:
    """Address it to the same person on what was not tried; then down the order until one wakes."""
    category = told_category(alert)
    if category is None or alert.expires_at <= timezone.now():
        return []
    people = active_people([alert.organisation], timezone.now())[alert.organisation]
    tried = keys_told(siblings)
    if alert.is_to_neighbour:
        tried |= _told_by_others(alert)
    same = [person for person in people if recipient_label(person) == failed.recipient]
    planned = _untried(_text(alert, category).for_people(same, tuple(Channel)), tried)
    if Kind(alert.kind).closes:
        return planned
    why = unreached_clause(failed, siblings, is_tried_still=bool(planned))
    text = _text(alert, category, why)
    # Of one that was late before it failed, somebody is told already in the reader's place.
    is_passed_on = failed.message is not None and failed.message.delay == Delay.FAILED_OVER
    has_stand_in = is_passed_on and not failed.is_delayed
    alive = {
        n.channel for n in awaited(siblings) if has_stand_in or n.recipient == failed.recipient
    }
    alive |= {each.channel for each in planned}
    for person in not_yet_told(people, siblings):
        if not alive.isdisjoint(waking_channels(alert)):
            break
        more = _untried(text.for_people([person], category.channels), tried)
        planned += more
        alive |= {each.channel for each in more}
    return planned


def _told_by_others(alert: Alert) -> set[AddressKey]:
    """Where the incident's other open alerts were told: a neighbour's text doubles none."""
    others = Alert.objects.filter(incident=alert.incident_id, is_open=True).exclude(pk=alert.pk)
    told = notifications_of(*others.values_list("pk", flat=True))
    return {key for notifications in told.values() for key in keys_told(notifications)}


def _text(alert: Alert, category: Category, unreached: str = "") -> AlertText:
    """The alert's text as it now stands; to whoever stands in, it says for whom."""
    facts = {**alert.facts, "unreached": unreached}
    return AlertText(alert, compose(Kind(alert.kind), facts), Lane(category.lane))


def told_category(alert: Alert) -> Category | None:
    """Return the alert's category, if the operator still lets it be told."""
    category = categories().get(alert.category)
    if category is None:
        log.error("category left the configuration, alert is not passed on", alert=alert.pk)
        return None
    return None if withheld(alert.severity, category) else category


def _untried(
    planned: Iterable[PlannedNotification], tried: set[AddressKey]
) -> list[PlannedNotification]:
    """Those to addresses that were not tried yet; they count as tried from now on."""
    fresh = [each for each in planned if each.key not in tried]
    tried.update(each.key for each in fresh)
    return fresh


def waking_channels(alert: Alert) -> Sequence[str]:
    """Return the channels that count as telling: at night an e-mail wakes nobody, so urgent wants
    an SMS. An end or a cancellation can be read in the morning.
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


def _note(alert: Alert, failed: Notification, step: Step, what: str, rule: str) -> None:
    state = "pas encore joint" if failed.is_delayed else "non joint"
    if failed.message_state == MessageState.CANCELLED:
        state = "n’est plus à cette adresse"
    if failed.is_delayed and rule == "escalation":
        rule = "delayed"
    who = f"{failed.title} {state} ({failed.get_channel_display()})"
    text = f"{alert.organisation_name} : {who}, {what}."
    write_entries(
        [
            new_entry(
                alert.incident_id,
                step,
                text,
                message_id=failed.message_id,
                alert=alert.pk,
                rule=rule,
            )
        ]
    )
