"""Go on from person to person while nobody has answered an urgent alert.

`Alert.answer_due_at` says when: the sweep looks, so that no long countdown can be lost. Whoever was
told and is silent is called first, who has a telephone to be called on; then the next people in
order are told; in the end the duty officer is: where nobody is left, where nobody else may be told
any more, and where the alert expires unanswered, in a pause as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from notifier.alerting.escalation.duty_alarm import Want, alarm_duty, alarm_key
from notifier.alerting.escalation.failed_people import silent_people_clause
from notifier.alerting.escalation.failover import (
    compose_text,
    disclosable_category,
    store_throttled,
)
from notifier.alerting.models import (
    Alert,
    AnswerKind,
    Notification,
    NotificationState,
    answers_to,
)
from notifier.alerting.notification.history import address_keys, notifications_of
from notifier.alerting.notification.journal import alert_entry, recipients_in_words
from notifier.alerting.notification.planned import AddressKey, PlannedNotification, rings
from notifier.alerting.notification.recipients import (
    not_failed,
    people_not_notified,
    recipient_key,
)
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.terms import addressing, parse_terms
from notifier.alerting.webhooks.events import EventType, record_alert_event
from notifier.delivery.models import DELIVERED_STATES, Channel, MessageState
from notifier.delivery.sending.pause import is_paused
from notifier.directory.recipients import Recipient, active_people
from notifier.intake.incident import lock_incident
from notifier.journal.models import Step
from notifier.journal.write import write_entries

log = structlog.get_logger(__name__)

BATCH_SIZE = 100
# One that cannot be escalated must not hold up the others.
RETRY = timedelta(seconds=30)
# What is, or may be, with its reader.
_LEFT = (*DELIVERED_STATES, MessageState.ACCEPTED, MessageState.SENDING, MessageState.UNKNOWN)


def escalate_unanswered() -> None:
    """Take each alert that is due one step further.

    May run anywhere, any number of times at once: each step is taken by one alone.
    """
    due = Alert.objects.filter(answer_due_at__lte=timezone.now()).order_by("answer_due_at")
    for alert_id, incident_id in due.values_list("pk", "incident_id")[:BATCH_SIZE]:
        try:
            with transaction.atomic():
                lock_incident(incident_id)
                _escalate(alert_id)
        except Exception:
            log.exception("unanswered alert cannot be escalated", alert=alert_id)
            _put_off(alert_id)


def _put_off(alert_id: int) -> None:
    now = timezone.now()
    Alert.objects.filter(pk=alert_id, answer_due_at__lte=now).update(answer_due_at=now + RETRY)


def _escalate(alert_id: int) -> None:
    """Take one step, in the caller's transaction, under the incident's lock."""
    now = timezone.now()
    rows = Alert.objects.select_related("incident__source", "report")
    alert = rows.select_for_update(of=("self",)).get(pk=alert_id)
    if alert.answer_due_at is None or alert.answer_due_at > now:
        return
    category = disclosable_category(alert)
    if not alert.is_open or alert.duty_due_at is not None:
        _wait_until(alert, None)
    elif alert.expires_at <= now:
        _end(alert, _why_expired(alert), alarm_key(Want.ENDED, alert))
    elif category is None:
        why = "personne n’a répondu, et personne d’autre ne peut plus être prévenu"
        _end(alert, why, alarm_key(Want.UNANSWERED, alert))
    elif is_paused(str(alert.incident.source_id)):
        _wait_until(alert, now + RETRY)
    else:
        _wait_until(alert, now + category.answer_within)
        _ask_more(alert, category)


def _wait_until(alert: Alert, due_at: datetime | None) -> None:
    Alert.objects.filter(pk=alert.pk, answered_at=None).update(answer_due_at=due_at)


def _ask_more(alert: Alert, category: Category) -> None:
    """Call whoever is silent, else tell the next people, else alarm the duty officer."""
    earlier = notifications_of(alert.pk, lock=True)
    told = [n for n in earlier.get(alert.pk, ()) if n.revision >= alert.opened_revision]
    if held_until := _held_until(told):
        _wait_until(alert, held_until + category.answer_within)
        return
    silent = _silent(alert, told)
    people = active_people([alert.ref], timezone.now())[alert.ref]
    tried = address_keys(n for n in told if n.message_state != MessageState.CANCELLED)
    calls = _calls(alert, category, _among(people, silent), told, tried)
    planned = calls or _texts_to_next(alert, category, people, told, silent)
    if not planned:
        _nobody_left(alert)
        return
    whom = recipients_in_words(planned)
    what = f"sans réponse, appel à {whom}" if calls else f"sans réponse, au tour de {whom}"
    write_entries([alert_entry(alert, Step.DECIDED, what, alert=alert.pk, rule="unanswered")])
    store_throttled(planned, earlier)
    to_whom = ", ".join(dict.fromkeys(n.title for n in planned))
    reason = f"appel à {to_whom}" if calls else f"au tour de {to_whom}"
    record_alert_event(EventType.ESCALATED, alert, reason=reason)


def _held_until(told: Sequence[Notification]) -> datetime | None:
    """Return until when all that is told is held (aware): nobody is silent who has nothing yet."""
    if not told or any(n.state != NotificationState.DEFERRED for n in told):
        return None
    now = timezone.now()
    return max(n.deferred_until or now for n in told)


def _silent(alert: Alert, told: Sequence[Notification]) -> list[Notification]:
    """Return what reached, or may reach, the people who have not answered; one for each."""
    answered = set(answers_to(alert).values_list("recipient", flat=True))
    by_person = {n.recipient: n for n in reversed(not_failed(told))}
    return [n for person, n in reversed(by_person.items()) if person not in answered]


def _among(people: Sequence[Recipient], silent: Sequence[Notification]) -> list[Recipient]:
    keys = {n.recipient for n in silent}
    return [person for person in people if recipient_key(person) in keys]


def _calls(
    alert: Alert,
    category: Category,
    silent: Sequence[Recipient],
    told: Sequence[Notification],
    tried: set[AddressKey],
) -> list[PlannedNotification]:
    """Plan a call to each of them who has a telephone and was not called yet."""
    called = {n.recipient for n in told if n.channel == Channel.VOICE}
    uncalled = [
        person
        for person in silent
        if Channel.VOICE in person.addresses and recipient_key(person) not in called
    ]
    planned = compose_text(alert, category).calls_to(uncalled)
    return [n for n in planned if n.key not in tried]


def _texts_to_next(
    alert: Alert,
    category: Category,
    people: Sequence[Recipient],
    told: Sequence[Notification],
    silent: Sequence[Notification],
) -> list[PlannedNotification]:
    """Plan the text for as many people as the category says, in the place of who is silent."""
    tried = address_keys(told)
    to_whom = addressing(category, parse_terms(alert.terms))
    text = compose_text(alert, category, silent_people_clause(silent))
    planned: list[PlannedNotification] = []
    number = 0
    for person in people_not_notified(people, told):
        fresh = [n for n in text.for_people([person], to_whom.channels) if n.key not in tried]
        # A mail alone wakes nobody: it goes, and the next person is told as well.
        planned += fresh
        tried |= {n.key for n in fresh}
        number += rings(fresh)
        if number >= category.escalate:
            break
    return planned


def _why_expired(alert: Alert) -> str:
    told = notifications_of(alert.pk).get(alert.pk, ())
    has_left = any(n.revision >= alert.opened_revision and n.message_state in _LEFT for n in told)
    in_pause = is_paused(str(alert.incident.source_id))
    when = " pendant une suspension des envois" if in_pause else ""
    unheard = ", et personne n’a répondu" if has_left else ", sans qu’un texte soit parti"
    return f"l’alerte a expiré{when}{unheard}"


def _end(alert: Alert, why: str, key: str) -> None:
    """Say once that it goes on to nobody and was not answered; it may still be."""
    _wait_until(alert, None)
    what = f"{why} : la permanence est alertée"
    write_entries([alert_entry(alert, Step.UNREACHED, what, alert=alert.pk, rule="unanswered")])
    record_alert_event(EventType.UNANSWERED, alert, reason=why)
    alarm_duty(alert, why, key)


def _nobody_left(alert: Alert) -> None:
    """Say once that nobody is left to be told; it may still be answered."""
    _wait_until(alert, None)
    handed_over = answers_to(alert).filter(kind=AnswerKind.HANDED_OVER).count()
    why = "aucune des personnes prévenues n’a répondu"
    if handed_over:
        why = "l’alerte a été transmise à un adjoint, et personne n’a répondu depuis"
    key = alarm_key(Want.UNANSWERED, alert)
    # Alarmed before it was handed over to somebody who is silent as well.
    if Notification.objects.filter(dedup_key=key).exists():
        key = f"{key}-{handed_over}"
    what = "sans réponse, plus personne à prévenir : la permanence est alertée"
    write_entries([alert_entry(alert, Step.UNREACHED, what, alert=alert.pk, rule="unanswered")])
    record_alert_event(EventType.UNANSWERED, alert, reason=why)
    alarm_duty(alert, why, key)
