"""Take what a person answers to an alert: kept once, journalled, and what follows from it.

All in one transaction under the incident's lock, so that of two who take it one is the first.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from notifier.alerting.answers.alive import takes_answers
from notifier.alerting.escalation.taken import tell_taken
from notifier.alerting.models import (
    KNOWN,
    OF_ALERT,
    Alert,
    Answer,
    AnswerKind,
    AnswerMeans,
    Notification,
    NotificationState,
)
from notifier.alerting.notification.journal import alert_entry
from notifier.alerting.notification.recipients import recipient_key
from notifier.directory.recipients import orders_of_telling
from notifier.intake.incident import lock_incident
from notifier.intake.models import Report
from notifier.journal.models import Step
from notifier.journal.write import write_entries

# With these somebody knows; the others send the alert on, or back.
COUNTED_KINDS = (AnswerKind.NOTED, AnswerKind.TAKEN, AnswerKind.CALL_ME)


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
    has left the organisation.
    """
    with transaction.atomic():
        incident_id = Alert.objects.values_list("incident_id", flat=True).get(pk=alert_id)
        reports = lock_incident(incident_id)
        return _answer(alert_id, recipient, _Given(kind, means, handed_to_mandate), reports)


@dataclass(frozen=True)
class _Given:
    kind: AnswerKind
    means: AnswerMeans
    handed_to_mandate: int | None = None


def _answer(alert_id: int, recipient: str, given: _Given, reports: list[Report]) -> AnswerResult:
    alerts = _locked_alerts(reports)
    alert = alerts[alert_id]
    if not takes_answers(alert, timezone.now()):
        raise AnswerRefusedError("cette alerte est terminée, elle n’attend plus de réponse")
    told = _told(alert, recipient)
    if not told:
        raise AnswerRefusedError("cette alerte n’a pas été adressée à cette personne")
    if not _is_there(alert, recipient):
        raise AnswerRefusedError("cette personne n’est plus dans l’annuaire de cet organisme")
    is_new = _store(alert, recipient, told[-1].title, given)
    for other, title in _known_by(told, alerts):
        _store(other, recipient, title, given)
    alert.refresh_from_db(fields=["taken_by", "taken_title"])
    return AnswerResult(is_new, alert.taken_title, alert.taken_by == recipient)


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
    told = (NotificationState.QUEUED, NotificationState.RESENT)
    return [row for row in rows.order_by("pk") if row.state in told or row.reason == KNOWN]


def _known_by(told: list[Notification], alerts: dict[int, Alert]) -> list[tuple[Alert, str]]:
    """Return the other alerts that these texts told of, each with their reader's function there."""
    rows = Notification.objects.filter(
        message__in=[row.message_id for row in told],
        reason=KNOWN,
        state=NotificationState.SUPPRESSED,
    )
    titles: dict[int, str] = {}
    for row in rows.exclude(alert=told[0].alert_id).order_by("pk"):
        alert = alerts.get(row.alert_id or 0)
        if alert and alert.is_open and alert.answers_wanted:
            is_same_person = row.recipient == told[0].recipient
            titles[alert.pk] = row.title if is_same_person else told[-1].title
    return [(alerts[pk], title) for pk, title in titles.items()]


def _is_there(alert: Alert, recipient: str) -> bool:
    """Return whether the recipient has a mandate in the organisation, absent or not."""
    order = orders_of_telling([alert.ref], timezone.now())[alert.ref]
    people = [placed.person for placed in order.placed]
    people += [passed.person for passed in order.passed_over]
    return any(recipient_key(person) == recipient for person in people)


def _store(alert: Alert, recipient: str, title: str, given: _Given) -> bool:
    """Keep the answer and what follows from it; return whether it was not there before."""
    kind, means = given.kind, given.means
    _, is_new = Answer.objects.get_or_create(
        alert=alert,
        opened_revision=alert.opened_revision,
        recipient=recipient,
        kind=kind,
        defaults={
            "incident_id": alert.incident_id,
            "title": title,
            "means": means,
            "at": timezone.now(),
        },
    )
    if not is_new:
        return False
    what = f"{title} : {kind.label}, {means.label}"
    entry = alert_entry(alert, Step.ANSWERED, what, alert=alert.pk, kind=kind, means=means)
    write_entries([entry])
    if kind in COUNTED_KINDS:
        _count(alert)
    if kind is AnswerKind.TAKEN:
        _take(alert, recipient, title)
    return True


def _count(alert: Alert) -> None:
    """Wait no longer once as many people know as are wanted."""
    answers = Answer.objects.filter(
        alert=alert.pk, opened_revision=alert.opened_revision, kind__in=COUNTED_KINDS
    )
    people = answers.order_by().values("recipient").distinct().count()
    if people >= alert.answers_wanted:
        waiting = Alert.objects.filter(pk=alert.pk, answered_at=None)
        waiting.update(answered_at=timezone.now(), answer_due_at=None)


def _take(alert: Alert, recipient: str, title: str) -> None:
    """Let the first who takes it have it; everyone else whom it told learns by whom."""
    free = Alert.objects.filter(pk=alert.pk, taken_at=None)
    if free.update(taken_at=timezone.now(), taken_by=recipient, taken_title=title):
        alert.refresh_from_db(fields=["taken_at", "taken_by", "taken_title"])
        tell_taken(alert)
