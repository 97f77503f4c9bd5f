"""What became of an intervention, as its dispatch centre sees it: masked, with reasons."""

from collections.abc import Iterable
from typing import Any

from notifier.alerting.in_force import categories
from notifier.alerting.models import Alert
from notifier.delivery.address import mask
from notifier.delivery.models import Message
from notifier.intake.models import Intervention
from notifier.journal.models import Step
from notifier.journal.write import timeline


def status_of(intervention: Intervention) -> dict[str, Any]:
    """The whole status of an intervention and its thread, as JSON types. Three statements."""
    alerts = list(Alert.objects.filter(thread=intervention.thread).order_by("id"))
    messages = Message.objects.filter(topic__in=[str(alert.pk) for alert in alerts]).order_by("id")
    by_topic: dict[str, list[Message]] = {}
    for message in messages:
        by_topic.setdefault(message.topic, []).append(message)
    lines = timeline(intervention.thread)
    category = categories().get(intervention.category)
    return {
        "id": str(intervention.pk),
        "reference": intervention.reference,
        "sequence": intervention.sequence,
        "status": intervention.status,
        "category": intervention.category,
        "category_label": category.label if category else None,
        "severity": intervention.severity,
        "exercise": intervention.exercise,
        "received_at": intervention.received_at.isoformat(),
        "state": intervention.state,
        "reason": intervention.reason,
        "verdict": intervention.verdict or None,
        "clues": intervention.clues,
        "alerts": [_alert(alert, by_topic.get(str(alert.pk), ())) for alert in alerts],
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


def _alert(alert: Alert, messages: Iterable[Message]) -> dict[str, Any]:
    return {
        "commune": {"code": alert.commune, "name": alert.commune_name},
        "neighbour_of": alert.facts.get("next_to"),
        "kind": alert.kind,
        "open": alert.is_open,
        "revision": alert.revision,
        "messages": [_message(message) for message in messages],
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "revision": message.revision,
        "channel": message.channel,
        "recipient": message.title,
        "address": mask(message.address),
        "state": message.state,
        "attempts": message.attempts,
        "error_code": message.error_code or None,
        "accepted_at": message.accepted_at.isoformat() if message.accepted_at else None,
        "ended_at": message.ended_at.isoformat() if message.ended_at else None,
    }
