"""Escalate a failed delivery: the person's other channel, the next person, the duty officer.

Called once for each message that failed, in delivery's own transaction
(notifier.delivery.follow_up), and once for each that does not leave in time
(notifier.alerting.escalation.delayed).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from django.utils import timezone

from notifier.alerting.escalation.call_rounds import bring_forward
from notifier.alerting.escalation.failed_people import failed_people_clause
from notifier.alerting.kinds import Kind
from notifier.alerting.models import (
    CANARY,
    Alert,
    DeferralReason,
    Notification,
    NotificationKind,
)
from notifier.alerting.notification.agreement import is_still_agreed
from notifier.alerting.notification.duty_officer import not_reached_mail
from notifier.alerting.notification.history import (
    address_keys,
    notifications_in,
    notifications_of,
)
from notifier.alerting.notification.journal import (
    alert_entry,
    deferral_entries,
    recipients_in_words,
)
from notifier.alerting.notification.planned import (
    RINGING,
    WRITTEN,
    AddressKey,
    AlertText,
    PlannedNotification,
    rings,
)
from notifier.alerting.notification.recipients import on_time, people_not_notified, recipient_key
from notifier.alerting.notification.store import queue_duty_mails, store
from notifier.alerting.notification.text_facts import compose
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.narrowings import category_of
from notifier.alerting.policy.terms import addressing, alarms_duty, parse_terms
from notifier.alerting.policy.text_kind import withheld
from notifier.alerting.throttling.limits import read_limits, store_usage
from notifier.alerting.throttling.throttle import throttle
from notifier.alerting.webhooks.events import EventType, record_alert_event
from notifier.delivery.models import (
    FAILED_STATES,
    Channel,
    Delay,
    Lane,
    Message,
    MessageState,
)
from notifier.directory.recipients import active_people
from notifier.journal.models import Step
from notifier.journal.write import write_entries

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Escalated:
    """An alert that was escalated, and the channels on which somebody gets it in time."""

    alert: Alert
    channels: set[str]

    @property
    def lacks_sufficient_channel(self) -> bool:
        """Whether none of the channels suffices."""
        return self.channels.isdisjoint(sufficient_channels(self.alert))


def fail_over(message: Message) -> None:
    """Notify somebody else of what this message was about, where that is still of use."""
    failed = notifications_in(message)
    if failed:
        escalate(failed)
        if message.channel == Channel.VOICE:
            bring_forward(failed)
    # A question of a campaign is asked again, or not; an end-to-end test was nobody's: no other is
    # told in their place.
    elif message.recipient != CANARY and not message.recipient.startswith("person:"):
        log.error("duty address could not be told", message=message.pk)


def escalate(failed: Sequence[Notification]) -> None:
    """Notify whoever is next for each of the notifications of one message.

    The recipient of one that is delayed may still get it. From the second delayed recipient of an
    alert on, the duty officer is told as well.
    """
    lacking = []
    for notification in failed:
        escalated = _notify_next(notification)
        if escalated is not None and escalated.lacks_sufficient_channel:
            if alarms_duty_of(escalated.alert):
                lacking.append(escalated)
            then = "plus personne à prévenir"
            if notification.is_delayed:
                then = f"{what_of(escalated.alert)} à joindre autrement"
            _write_entry(escalated.alert, notification, Step.UNREACHED, then, rule="unreached")
    for escalated in lacking:
        why = _not_reached_reason(escalated, is_delayed=failed[0].is_delayed)
        record_alert_event(EventType.NOT_REACHED, escalated.alert, reason=why)
    if lacking:
        queue_duty_mails(_duty_mails(failed, lacking))


def _duty_mails(
    failed: Sequence[Notification], lacking: Sequence[_Escalated]
) -> list[PlannedNotification]:
    """Plan the mails saying that nobody is reached, or not yet: both may come to be true.

    One of each, however many alerts were in a digest.
    """
    is_digest = failed[0].kind == NotificationKind.DIGEST
    if is_digest and len(lacking) > 1:
        return [_duty_mail_of_digest(failed[0], lacking)]
    is_delayed = failed[0].is_delayed
    return [_duty_mail(escalated, is_delayed=is_delayed) for escalated in lacking]


def _duty_mail(escalated: _Escalated, *, is_delayed: bool) -> PlannedNotification:
    alert = escalated.alert
    why = _not_reached_reason(escalated, is_delayed=is_delayed)
    key = f"delayed-{alert.pk}-{alert.revision}" if is_delayed else ""
    return not_reached_mail([alert], why, key)


def _duty_mail_of_digest(first: Notification, lacking: Sequence[_Escalated]) -> PlannedNotification:
    """Plan the one mail about a digest; `first` is one of its notifications."""
    is_delayed = first.is_delayed
    references = ", ".join(escalated.alert.incident.reference for escalated in lacking)
    why = f"un récapitulatif n’a pas abouti, ni ce qui l’a suivi (réf. {references})"
    if is_delayed:
        why = f"un récapitulatif n’est pas encore parti, les essais continuent ({references})"
    key = f"digest-{first.message_id}"
    return not_reached_mail([lacking[-1].alert], why, f"delayed-{key}" if is_delayed else key)


def _notify_next(failed: Notification) -> _Escalated | None:
    """Notify the next recipient of the alert.

    None where a newer text is on its way to the same people, for it is escalated itself, where an
    end is late: it can be read in the morning, where all residents of a quarter were told, while a
    person is to decide whether it is there at all (`undecided`), and of a call in vain where
    answers are waited for, or enough people gave one.
    """
    alert = locked_alert(failed)
    if alert.revision != failed.revision or parse_terms(alert.terms).needs_release:
        return None
    if failed.is_delayed and Kind(alert.kind).closes:
        return None
    if alert.duty_due_at is not None:
        return None
    # While answers are waited for, a call in vain is one more that did not come (`unanswered`).
    if failed.channel == Channel.VOICE and (alert.answered_at or alert.answer_due_at):
        return None
    earlier = notifications_of(alert.pk)
    siblings = [n for n in earlier.get(alert.pk, []) if n.revision == alert.revision]
    siblings = [failed if n.pk == failed.pk else n for n in siblings]
    planned = _plan(alert, failed, siblings)
    if planned:
        whom = recipients_in_words(planned)
        _write_entry(alert, failed, Step.DECIDED, f"au tour de {whom}", rule="escalation")
        store_throttled(planned, earlier)
    late = {
        n.recipient for n in siblings if n.is_delayed and n.channel in sufficient_channels(alert)
    }
    channels = {n.channel for n in on_time(siblings)}
    if failed.is_delayed and len(late) > 1:
        return _Escalated(alert, channels)
    return _Escalated(alert, channels | {n.channel for n in planned})


def locked_alert(notification: Notification) -> Alert:
    """Return the alert of a notification, locked until commit."""
    alerts = Alert.objects.select_related("incident__source", "report")
    return alerts.select_for_update(of=("self",)).get(notification=notification)


def store_throttled(
    planned: Sequence[PlannedNotification], earlier: dict[int, list[Notification]]
) -> None:
    """Queue what may leave now and defer the rest, as for a decision; in the caller's transaction.

    Raises UsageChangedError where another worker counts the day's first text; the sweep repeats it.
    """
    routine = [n.address for n in planned if n.lane is Lane.ROUTINE]
    limits = read_limits(routine, {n.source for n in planned}, lock=True)
    plan = throttle(planned, earlier, limits)
    for alert in plan.reopened:
        Alert.objects.filter(pk=alert.pk, revision=alert.revision).update(
            reopening_notified_at=alert.reopening_notified_at
        )
    store(plan, earlier)
    store_usage(limits)
    write_entries(deferral_entries(plan))


def _plan(
    alert: Alert, failed: Notification, siblings: list[Notification]
) -> list[PlannedNotification]:
    """Address it to the same person on other channels, then to the next until one suffices."""
    category = disclosable_category(alert)
    if category is None or alert.expires_at <= timezone.now():
        return []
    people = active_people([alert.ref], timezone.now())[alert.ref]
    to_whom = addressing(category, parse_terms(alert.terms))
    # What was withdrawn, for its reader left the organisation that it was for, was not tried.
    tried = address_keys(n for n in siblings if n.message_state != MessageState.CANCELLED)
    if alert.is_to_neighbour or alert.terms:
        tried |= _notified_of_others(alert)
    same = [person for person in people if recipient_key(person) == failed.recipient]
    same_text = compose_text(alert, category)
    planned = _untried(same_text.for_people(same, WRITTEN), tried)
    if Kind(alert.kind).closes:
        return planned
    if not rings(planned) and _may_call_instead(alert, failed, siblings):
        calls = [n for n in same_text.calls_to(same) if not _has_failed_there(n, failed)]
        planned += _untried(calls, tried)
    why = failed_people_clause(failed, siblings, is_tried_still=bool(planned))
    text = compose_text(alert, category, why)
    # Of one that was late before it failed, somebody else was notified already.
    is_failed_over = failed.message is not None and failed.message.delay == Delay.FAILED_OVER
    has_stand_in = is_failed_over and not failed.is_delayed
    # Whoever did not answer a call may have a text, and has not answered that either.
    is_told = failed.channel != Channel.VOICE
    channels = {
        n.channel
        for n in on_time(siblings)
        if has_stand_in or (is_told and n.recipient == failed.recipient)
    }
    channels |= {n.channel for n in planned}
    for person in people_not_notified(people, siblings):
        if not channels.isdisjoint(sufficient_channels(alert)):
            break
        more = _untried(text.for_people([person], to_whom.channels), tried)
        planned += more
        channels |= {n.channel for n in more}
    return planned


def _may_call_instead(alert: Alert, failed: Notification, siblings: Iterable[Notification]) -> bool:
    """Return whether a call replaces what failed: urgent, at the same address as ever, not late.

    What is late may still arrive: the next person is told meanwhile.
    """
    own = [n for n in on_time(siblings) if n.recipient == failed.recipient]
    return (
        Channel.EMAIL not in sufficient_channels(alert)
        and not failed.is_delayed
        and failed.message_state != MessageState.CANCELLED
        and not any(n.channel in RINGING for n in own)
    )


def _has_failed_there(call: PlannedNotification, failed: Notification) -> bool:
    """Return whether the call would go to the very telephone that was not reached.

    Where nobody can say whether the text arrived, it may be in its owner's hand.
    """
    return failed.address == call.address and failed.message_state in FAILED_STATES


def _notified_of_others(alert: Alert) -> set[AddressKey]:
    """Return the addresses of the incident's other open alerts: a neighbour's text doubles none.

    Without those that wait for a release that may never come, or were withdrawn.
    """
    others = Alert.objects.filter(incident=alert.incident_id, is_open=True).exclude(pk=alert.pk)
    by_alert = notifications_of(*others.values_list("pk", flat=True))
    told = (n for notifications in by_alert.values() for n in notifications)
    return address_keys(
        n
        for n in told
        if n.message_state != MessageState.CANCELLED
        and (n.message_id or n.reason != DeferralReason.RELAY)
    )


def compose_text(alert: Alert, category: Category, unreached: str = "") -> AlertText:
    """Compose the alert's text as it now stands; `unreached` says for whom its reader stands in."""
    facts = {**alert.facts, "unreached": unreached}
    lane = addressing(category, parse_terms(alert.terms)).lane
    return AlertText(alert, compose(Kind(alert.kind), facts), lane)


def disclosable_category(alert: Alert) -> Category | None:
    """Return the alert's category, if the operator's file and the convention still disclose it."""
    category = category_of(alert)
    if category is None:
        log.error("category left the configuration, alert is not passed on", alert=alert.pk)
        return None
    if withheld(alert.severity, category) or not is_still_agreed(alert, timezone.now()):
        return None
    return category


def _untried(
    planned: Iterable[PlannedNotification], tried: set[AddressKey]
) -> list[PlannedNotification]:
    """Return those to addresses that were not tried yet; they count as tried from now on."""
    fresh = [n for n in planned if n.key not in tried]
    tried.update(n.key for n in fresh)
    return fresh


def what_of(alert: Alert) -> str:
    """Return what is told of it, in French."""
    return "organisme" if alert.terms else "commune"


def alarms_duty_of(alert: Alert) -> bool:
    """Return whether the duty officer hears that nobody is reached."""
    category = category_of(alert)
    return category is None or alarms_duty(category, parse_terms(alert.terms))


def sufficient_channels(alert: Alert) -> Sequence[str]:
    """Return the channels on which one message suffices: of an urgent alert, a telephone rings.

    At night an e-mail wakes nobody; an end or a cancellation can be read in the morning.
    """
    category = category_of(alert)
    is_urgent = category is None or addressing(category, parse_terms(alert.terms)).is_urgent
    return RINGING if is_urgent and not Kind(alert.kind).closes else tuple(Channel)


def _not_reached_reason(escalated: _Escalated, *, is_delayed: bool) -> str:
    if is_delayed:
        is_by_mail = Channel.EMAIL in sufficient_channels(escalated.alert)
        what = "message" if is_by_mail else "SMS"
        return f"aucun {what} n’est encore parti, les essais continuent"
    if Kind(escalated.alert.kind).closes:
        return "l’alerte était partie, mais l’annonce de la fin n’a pas abouti"
    if escalated.channels:
        return "aucun SMS n’a abouti, il n’est parti que des courriels"
    return "aucun message n’a abouti"


def _write_entry(alert: Alert, failed: Notification, step: Step, what: str, rule: str) -> None:
    state = "pas encore joint" if failed.is_delayed else "non joint"
    if failed.message_state == MessageState.CANCELLED:
        state = "n’est plus à cette adresse"
    if failed.is_delayed and rule == "escalation":
        rule = "delayed"
    who = f"{failed.title} {state} ({failed.get_channel_display()})"
    entry = alert_entry(
        alert,
        step,
        f"{who}, {what}",
        message_id=failed.message_id,
        alert=alert.pk,
        rule=rule,
    )
    write_entries([entry])
