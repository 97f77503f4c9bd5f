"""Alarm the duty officer anew while nobody decides where an alert is that a reader contests.

Whoever was told says that it is not their commune: nobody else of it is told until a person
decides. The text that goes to the wrong people cannot be taken back, each further reader of the
same commune would only make it worse, and a deputy knows no better where it is. But somewhere it
burns, and a mail and a call are missed at night. So the duty officer, who alone can find out, is
mailed and called again after the category's time to answer, and then each time after as long as it
has waited already (5, 10, 20, 40 minutes…): until a person decides, until somebody of the commune
knows of it after all, or until the alert is of no more use, which is said once more. A decision
that it was the right commune tells the next people at once (notifier.alerting.decision.apply).

`Alert.duty_due_at` says when; the sweep looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from notifier.alerting.escalation.duty_alarm import Want, alarm_key, call_duty
from notifier.alerting.escalation.failed_people import with_article
from notifier.alerting.models import Alert, AnswerKind, answers_to
from notifier.alerting.notification.journal import alert_entry
from notifier.alerting.policy.narrowings import category_of
from notifier.alerting.review.contest import ask_duty, contest_in_words, what_to_decide
from notifier.alerting.webhooks.events import EventType, record_alert_event
from notifier.intake.incident import lock_incident
from notifier.intake.models import Report, ReportState
from notifier.journal.models import Step
from notifier.journal.write import write_entries

log = structlog.get_logger(__name__)

BATCH_SIZE = 100
# One that cannot be handled must not hold up the others.
RETRY = timedelta(seconds=30)
# Where its category left the configuration meanwhile.
WITHIN = timedelta(minutes=5)


def wait_for_decision(alert: Alert) -> None:
    """Let the duty officer be alarmed anew unless somebody decides in the category's time."""
    Alert.objects.filter(pk=alert.pk).update(duty_due_at=timezone.now() + _within(alert))


def alarm_undecided() -> None:
    """Alarm the duty officer about each contested alert that is due.

    May run anywhere, any number of times at once: each alarm is given by one alone.
    """
    due = Alert.objects.filter(duty_due_at__lte=timezone.now()).order_by("duty_due_at")
    for alert_id, incident_id in due.values_list("pk", "incident_id")[:BATCH_SIZE]:
        try:
            with transaction.atomic():
                _alarm(alert_id, lock_incident(incident_id))
        except Exception:
            log.exception("the duty cannot be alarmed about a contested alert", alert=alert_id)
            now = timezone.now()
            failed = Alert.objects.filter(pk=alert_id, duty_due_at__lte=now)
            failed.update(duty_due_at=now + RETRY)


def _alarm(alert_id: int, reports: Sequence[Report]) -> None:
    """Give one alarm, in the caller's transaction, under the incident's lock."""
    now = timezone.now()
    rows = Alert.objects.select_related("incident__source", "report")
    alert = rows.select_for_update(of=("self",)).get(pk=alert_id)
    if alert.duty_due_at is None or alert.duty_due_at > now:
        return
    contested = answers_to(alert).filter(kind=AnswerKind.NOT_MINE).latest("at", "pk")
    who = with_article(contested.title)
    why = contest_in_words(alert, who)
    asked = [report for report in reports if report.is_contested]
    waiting = next((r for r in asked if r.state == ReportState.REVIEW), None)
    if not alert.is_open or not any(_is_undecided(report) for report in asked):
        _wait_until(alert, None)
    elif waiting is None or alert.expires_at <= now:
        _wait_until(alert, None)
        _end(alert, f"{why}, et personne n’a décidé à temps", who)
    else:
        _wait_until(alert, now + max(_within(alert), now - contested.at))
        why = f"{why}, et personne n’a encore décidé"
        ask_duty(waiting, f"{alert.organisation_name} : {why}")
        key = f"{alarm_key(Want.CONTESTED, alert)}-{now:%Y%m%d%H%M%S%f}"
        call_duty(alert, f"{why}, {what_to_decide(alert)}", key, whom=who)


def _is_undecided(report: Report) -> bool:
    return report.state in (ReportState.REVIEW, ReportState.EXPIRED)


def _end(alert: Alert, why: str, who: str) -> None:
    """Say once that nobody decided while it was of use; the review's own mail says so as well."""
    what = f"{why} : la permanence est alertée"
    write_entries([alert_entry(alert, Step.UNREACHED, what, alert=alert.pk, rule="undecided")])
    record_alert_event(EventType.UNANSWERED, alert, reason=why)
    call_duty(alert, why, alarm_key(Want.ENDED, alert), whom=who)


def _wait_until(alert: Alert, due_at: datetime | None) -> None:
    Alert.objects.filter(pk=alert.pk).update(duty_due_at=due_at)


def _within(alert: Alert) -> timedelta:
    category = category_of(alert)
    return category.answer_within if category else WITHIN
