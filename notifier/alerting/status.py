"""Show what became of a report to its dispatch centre: addresses masked, with reasons."""

from typing import Any

from notifier.alerting.models import KNOWN, OF_ALERT, Alert, Notification, NotificationState
from notifier.alerting.notification.history import timeline_of
from notifier.alerting.policy.current import categories
from notifier.alerting.webhooks.payload import alert_json
from notifier.delivery.address import mask
from notifier.delivery.models import Message, MessageState, Pause
from notifier.delivery.sending.pause import pause_of
from notifier.directory.models import OrganisationKind
from notifier.intake.models import Report

# The API's word for a deferred notification.
HELD = "held"
# Waiting, or until it expired.
NOT_SENT = (NotificationState.DEFERRED, NotificationState.EXPIRED)


def status_of(report: Report) -> dict[str, Any]:
    """Return the status of a report and its incident, as JSON types. Seven statements at most."""
    pause = pause_of(str(report.source.pk))
    alerts = Alert.objects.filter(incident=report.incident_id).order_by("id")
    alerts = alerts.prefetch_related("answers")
    rows = Notification.objects.filter(incident=report.incident_id, kind__in=OF_ALERT)
    notifications = list(rows.select_related("message", "report").order_by("message_id", "id"))
    suppressed = [
        (n, n.report)
        for n in sorted(notifications, key=lambda n: n.pk)
        if n.state == NotificationState.SUPPRESSED and n.report is not None
    ]
    category = categories().get(report.category)
    return {
        "id": str(report.pk),
        "reference": report.reference,
        "sequence": report.sequence,
        "status": report.status,
        "category": report.category,
        "category_label": category.label if category else None,
        "severity": report.severity,
        "exercise": report.exercise,
        "received_at": report.received_at.isoformat(),
        "state": report.state,
        "reason": report.reason,
        "paused_since": pause.since.isoformat() if pause else None,
        "verdict": report.verdict or None,
        "clues": report.clues,
        "alerts": [
            _alert_json(alert, [n for n in notifications if n.alert_id == alert.pk], pause)
            for alert in alerts
        ],
        "not_told": [
            {"commune": n.organisation, **_why_not(n, report)}
            for n, report in suppressed
            if n.organisation_kind == OrganisationKind.COMMUNE
        ],
        "organisations_not_told": [
            {"organisation": {"kind": n.organisation_kind, "code": n.organisation}}
            | _why_not(n, report)
            for n, report in suppressed
            if n.organisation_kind != OrganisationKind.COMMUNE
        ],
        "timeline": [
            {"at": entry.at.isoformat(), "step": entry.step, "text": entry.text}
            for entry in timeline_of(report.incident_id)
        ],
    }


def _alert_json(
    alert: Alert, notifications: list[Notification], pause: Pause | None
) -> dict[str, Any]:
    queued = [_queued_json(n, n.message, pause) for n in notifications if n.message is not None]
    deferred = [_deferred_json(n) for n in notifications if n.state in NOT_SENT]
    return {
        **alert_json(alert, alert.answers.all()),
        "messages": queued + deferred,
    }


def _queued_json(
    notification: Notification, message: Message, pause: Pause | None
) -> dict[str, Any]:
    is_paused = pause is not None and message.state == MessageState.PENDING
    return {
        **_recipient_json(notification),
        "state": message.state,
        "attempts": message.attempt_count,
        "error_code": message.error_code or None,
        "accepted_at": message.accepted_at.isoformat() if message.accepted_at else None,
        "ended_at": message.ended_at.isoformat() if message.ended_at else None,
        **({"held_for": "pause", "held_until": None} if is_paused else {}),
        **({"known_by": notification.explanation} if notification.reason == KNOWN else {}),
    }


def _deferred_json(notification: Notification) -> dict[str, Any]:
    until, ended_at = notification.deferred_until, notification.ended_at
    is_pending = notification.state == NotificationState.DEFERRED
    return {
        **_recipient_json(notification),
        "state": HELD if is_pending else notification.state,
        "attempts": 0,
        "error_code": None,
        "accepted_at": None,
        "ended_at": ended_at.isoformat() if ended_at else None,
        "held_for": notification.reason,
        "held_until": until.isoformat() if until else None,
    }


def _recipient_json(notification: Notification) -> dict[str, Any]:
    return {
        "revision": notification.revision,
        "channel": notification.channel,
        "recipient": notification.title,
        "address": mask(notification.address),
    }


def _why_not(notification: Notification, report: Report) -> dict[str, Any]:
    return {
        "sequence": report.sequence,
        "rule": notification.reason,
        "reason": notification.explanation,
    }
