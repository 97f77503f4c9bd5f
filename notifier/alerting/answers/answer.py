"""Take what a person answers to an alert: kept once, journalled, and what follows from it.

All in one transaction under the incident's lock, so that of two who take it one is the first.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from notifier.alerting.answers.alive import is_of_organisation, takes_answers
from notifier.alerting.answers.effects import (
    COUNTED_KINDS,
    TAKEN_FIELDS,
    ask_for_call,
    count,
    hand_over,
    send_back,
    take,
)
from notifier.alerting.escalation.duty_alarm import can_be_alarmed
from notifier.alerting.escalation.one_more import NotTellableError
from notifier.alerting.models import (
    KNOWN,
    OF_ALERT,
    Alert,
    Answer,
    AnswerKind,
    AnswerMeans,
    Notification,
    NotificationState,
    answer_label,
    answers_to,
)
from notifier.alerting.notification.journal import alert_entry
from notifier.alerting.throttling.limits import UsageChangedError
from notifier.alerting.webhooks.events import EventType, record_alert_event
from notifier.intake.incident import lock_incident
from notifier.intake.models import Report
from notifier.journal.models import Step
from notifier.journal.write import write_entries

# How often another worker may count the day's first text meanwhile.
MAX_TRIES = 3


class AnswerRefusedError(Exception):
    """The answer cannot be taken. The message is French, for the person who answers."""


@dataclass(frozen=True)
class AnswerResult:
    """What became of an answer."""

    is_new: bool
    """False where the same was answered before: nothing changed."""
    taken_by: str = ""
    """The function of who has taken the alert in hand; "" while nobody has."""
    is_taken_by_reader: bool = False
    handed_to: str = ""
    """The function of who is told in the reader's place."""


def answer(
    alert_id: int,
    recipient: str,
    kind: AnswerKind,
    means: AnswerMeans,
    handed_to_mandate: int | None = None,
) -> AnswerResult:
    """Take the answer of a recipient ("person:12") whom a text told of the alert.

    It is also that to the alerts of other organisations that the same text told of.
    `handed_to_mandate`: of what is handed over, to whom; the next in order where nothing is said.
    Raises AnswerRefusedError where the alert is over, or was not told to this person, or the person
    has left the organisation; of what is handed over, where nobody can be told so.
    """
    incident_id = Alert.objects.values_list("incident_id", flat=True).get(pk=alert_id)
    given = _Given(recipient, AnswerKind(kind), AnswerMeans(means), handed_to_mandate)
    for tries_left in reversed(range(MAX_TRIES)):
        try:
            with transaction.atomic():
                return _answer(alert_id, given, lock_incident(incident_id))
        except UsageChangedError:
            if not tries_left:
                raise
    raise AssertionError


@dataclass(frozen=True)
class _Given:
    recipient: str
    kind: AnswerKind
    means: AnswerMeans
    handed_to_mandate: int | None


def _answer(alert_id: int, given: _Given, reports: list[Report]) -> AnswerResult:
    alerts = _locked_alerts(reports)
    alert = alerts[alert_id]
    if not takes_answers(alert, timezone.now()):
        raise AnswerRefusedError("cette alerte est terminée, elle n’attend plus de réponse")
    told = _told(alert, given.recipient)
    if not told:
        raise AnswerRefusedError("cette alerte n’a pas été adressée à cette personne")
    if not is_of_organisation(given.recipient, alert.ref):
        raise AnswerRefusedError("cette personne n’est plus dans l’annuaire de cet organisme")
    if given.kind is AnswerKind.CALL_ME and not can_be_alarmed(alert.incident.source):
        raise AnswerRefusedError(
            "ce service n’a donné aucune permanence qui puisse rappeler ; en cas d’urgence, faites "
            "le 17"
        )
    title = told[-1].title
    kept = _keep(alert, title, given)
    if kept:
        others = _known_by(told, alerts)
        _follow(alert, kept, given, reports)
        for other, other_title in others if given.kind is not AnswerKind.HANDED_OVER else ():
            if kept_too := _keep(other, other_title, given):
                _follow(other, kept_too, given, reports)
    return _result(alert, given.recipient, is_new=kept is not None)


def _follow(alert: Alert, kept: Answer, given: _Given, reports: list[Report]) -> None:
    """Do what follows from a new answer, and tell the source of it."""
    if given.kind in COUNTED_KINDS:
        count(alert)
    event = EventType.ANSWERED
    if given.kind is AnswerKind.TAKEN:
        if take(alert, kept.recipient, kept.title):
            event = EventType.TAKEN
    elif given.kind is AnswerKind.CALL_ME:
        ask_for_call(alert, kept.recipient, kept.title)
    elif given.kind is AnswerKind.NOT_MINE:
        send_back(alert, kept.title, reports)
    elif given.kind is AnswerKind.HANDED_OVER:
        try:
            kept.handed_to = hand_over(alert, kept.title, given.handed_to_mandate)
        except NotTellableError as error:
            raise AnswerRefusedError(str(error)) from error
        kept.save(update_fields=["handed_to"])
    alert.refresh_from_db(fields=["answer_due_at", "answered_at", *TAKEN_FIELDS])
    record_alert_event(event, alert, answer=kept)


def _of(alert: Alert, recipient: str) -> QuerySet[Answer]:
    """Select what the recipient answered since the alert was opened."""
    return answers_to(alert).filter(recipient=recipient)


def _result(alert: Alert, recipient: str, *, is_new: bool) -> AnswerResult:
    alert.refresh_from_db(fields=["taken_by", "taken_title"])
    handed_over = _of(alert, recipient).filter(kind=AnswerKind.HANDED_OVER).first()
    return AnswerResult(
        is_new,
        alert.taken_title,
        alert.taken_by == recipient,
        handed_over.handed_to if handed_over else "",
    )


def _locked_alerts(reports: list[Report]) -> dict[int, Alert]:
    incident = reports[0].incident
    rows = Alert.objects.filter(incident=incident.pk).select_related("report").order_by("pk")
    alerts = {alert.pk: alert for alert in rows.select_for_update(of=("self",))}
    for alert in alerts.values():
        alert.incident = incident
    return alerts


def _told(alert: Alert, recipient: str) -> list[Notification]:
    """Return the notifications by which the recipient reads of the alert since it was opened."""
    rows = Notification.objects.filter(
        alert=alert.pk,
        recipient=recipient,
        kind__in=OF_ALERT,
        revision__gte=alert.opened_revision,
        message__isnull=False,
    )
    return [row for row in rows.order_by("pk") if _is_told_by(row)]


def _known_by(told: list[Notification], alerts: dict[int, Alert]) -> list[tuple[Alert, str]]:
    """Return the other alerts that these texts told of, each with their reader's function there."""
    own = told[-1]
    rows = Notification.objects.filter(message__in=[row.message_id for row in told])
    titles: dict[int, str] = {}
    for row in rows.exclude(alert=own.alert_id).order_by("pk"):
        alert = alerts.get(row.alert_id or 0)
        if alert and alert.is_open and alert.answers_wanted and _is_told_by(row):
            titles[alert.pk] = row.title if row.recipient == own.recipient else own.title
    return [(alerts[pk], title) for pk, title in titles.items()]


def _is_told_by(row: Notification) -> bool:
    """Whether its message tells of its alert, or told it before it was sent again."""
    is_sent = row.state in (NotificationState.QUEUED, NotificationState.RESENT)
    return is_sent or row.reason == KNOWN


def _keep(alert: Alert, title: str, given: _Given) -> Answer | None:
    """Keep the answer, and write it down; None where it was there before."""
    kept, is_new = Answer.objects.get_or_create(
        alert=alert,
        opened_revision=alert.opened_revision,
        recipient=given.recipient,
        kind=given.kind,
        defaults={
            "incident_id": alert.incident_id,
            "title": title,
            "means": given.means,
            "at": timezone.now(),
        },
    )
    if is_new:
        label = answer_label(given.kind, alert.organisation_kind)
        what = f"{title} : {label}, {given.means.label}"
        entry = alert_entry(
            alert, Step.ANSWERED, what, alert=alert.pk, kind=given.kind, means=given.means
        )
        write_entries([entry])
    return kept if is_new else None
