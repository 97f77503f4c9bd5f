"""Record what a source is told, in the transaction of what happened."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.db import models
from django.utils import timezone

from notifier.alerting.models import Alert, Answer, WebhookEvent
from notifier.alerting.webhooks.payload import alert_json, answer_json, report_json
from notifier.intake.models import Report, Source
from notifier.jobs.enqueue import enqueue_after_commit

JOB = "alerting.post_webhooks"


class EventType(models.TextChoices):
    """What a source is told; the label is for people."""

    ANSWERED = "alert.answered", "réponse"
    TAKEN = "alert.taken", "pris en charge"
    ESCALATED = "alert.escalated", "sans réponse, suite"
    UNANSWERED = "alert.unanswered", "sans réponse, permanence alertée"
    NOT_REACHED = "alert.not_reached", "personne de joint"
    REVIEW = "incident.review", "commune à vérifier"
    TEST = "webhook.test", "essai"


def record_alert_event(
    event: EventType, alert: Alert, *, answer: Answer | None = None, reason: str = ""
) -> None:
    """Tell the alert's source what happened to it, once the caller's transaction has committed.

    What is said of the alert is what is stored of it by now. `answer`: the one that it is about;
    `reason`: why, in French, without a name or an address. A source without a webhook is told
    nothing, and costs no statement.
    """
    incident = alert.incident
    source = incident.source
    if not source.webhook_url:
        return
    alert = Alert.objects.select_related("report").get(pk=alert.pk)
    alert.report.incident = incident
    answers = Answer.objects.filter(alert=alert.pk).order_by("pk")
    data = {
        **report_json(alert.report),
        "alert": alert_json(alert, answers),
        "answer": answer_json(answer, alert) if answer else None,
        "reason": reason or None,
    }
    _record(source, incident.pk, event, data)


def record_review_event(report: Report, reason: str) -> None:
    """Tell the report's source that a person must say where it is, and why, in French."""
    if report.source.webhook_url:
        data = {**report_json(report), "alert": None, "answer": None, "reason": reason}
        _record(report.source, report.incident_id, EventType.REVIEW, data)


def record_test(source: Source) -> WebhookEvent:
    """Post something that means nothing, once: for whoever sets the webhook up."""
    reason = "essai demandé par l’administration : rien à faire"
    data = {"alert": None, "answer": None, "reason": reason}
    return _record(source, None, EventType.TEST, data)


def _record(
    source: Source, incident_id: int | None, event: EventType, data: dict[str, Any]
) -> WebhookEvent:
    now = timezone.now()
    recorded = WebhookEvent.objects.create(
        source=source,
        incident_id=incident_id,
        event_id=f"msg_{uuid4().hex}",
        type=event,
        payload={"type": event.value, "timestamp": now.isoformat(), "data": data},
        created_at=now,
        due_at=now,
    )
    enqueue_after_commit(JOB, str(source.pk), queue_name="urgent")
    return recorded
