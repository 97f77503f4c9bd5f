"""What became of a report, as its dispatch centre sees it: masked, with reasons."""

from typing import Any

from notifier.alerting.models import Alert, Held, HeldState
from notifier.alerting.notification.history import everyone_told, timeline_with_digests
from notifier.alerting.policy.current import categories
from notifier.delivery.address import mask
from notifier.delivery.models import Message, MessageState, Pause
from notifier.delivery.sending.pause import pause_of
from notifier.intake.models import Report
from notifier.journal.models import Step

# What is held, or was until it was of no use any more.
NOT_TOLD = (HeldState.HELD, HeldState.EXPIRED)


def status_of(report: Report) -> dict[str, Any]:
    """The status of a report and its incident, as JSON types. Seven statements at the most."""
    pause = pause_of(str(report.incident.source_id))
    alerts = list(Alert.objects.filter(incident=report.incident_id).order_by("id"))
    by_alert: dict[int, list[dict[str, Any]]] = {alert.pk: [] for alert in alerts}
    for message in everyone_told(*(str(alert.pk) for alert in alerts)):
        if message.pk is not None:
            by_alert[int(message.topic)].append(_message(message, pause))
    for row in Held.objects.filter(alert__in=alerts, state__in=NOT_TOLD).order_by("id"):
        by_alert[row.alert_id].append(_held(row))
    lines = timeline_with_digests(report.incident_id)
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
        "alerts": [_alert(alert, by_alert[alert.pk]) for alert in alerts],
        "not_told": [
            {"commune": line.data["commune"], "sequence": line.data["sequence"],
             "rule": line.data["rule"], "reason": line.data["reason"]}
            for line in lines
            if line.step == Step.DECIDED and "kind" in line.data and line.data["kind"] is None
        ],
        "timeline": [
            {"at": line.at.isoformat(), "step": line.step, "text": line.text} for line in lines
        ],
    }  # fmt: skip


def _alert(alert: Alert, messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "commune": {"code": alert.commune, "name": alert.commune_name},
        "neighbour_of": alert.facts.get("next_to"),
        "kind": alert.kind,
        "open": alert.is_open,
        "revision": alert.revision,
        "messages": messages,
    }


def _message(message: Message, pause: Pause | None) -> dict[str, Any]:
    is_paused = pause is not None and message.state == MessageState.PENDING
    return {
        "revision": message.revision,
        "channel": message.channel,
        "recipient": message.title,
        "address": mask(message.address),
        "state": message.state,
        "attempts": message.attempt_count,
        "error_code": message.error_code or None,
        "accepted_at": message.accepted_at.isoformat() if message.accepted_at else None,
        "ended_at": message.ended_at.isoformat() if message.ended_at else None,
        **({"held_for": "pause", "held_until": None} if is_paused else {}),
    }


def _held(row: Held) -> dict[str, Any]:
    return {
        "revision": row.revision,
        "channel": row.channel,
        "recipient": row.title,
        "address": mask(row.address),
        "state": row.state,
        "attempts": 0,
        "error_code": None,
        "accepted_at": None,
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        "held_for": row.reason,
        "held_until": row.release_at.isoformat(),
    }
