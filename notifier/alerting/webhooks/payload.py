"""What dispatch reads of an alert and its answers: in the status resource and in each event."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings

from notifier.alerting.models import Alert, Answer, answer_label
from notifier.alerting.policy.terms import agreement_json, parse_terms
from notifier.intake.models import Report


def report_json(report: Report) -> dict[str, Any]:
    """Return which state of which incident it is, and where its status is read."""
    return {
        "id": str(report.pk),
        "reference": report.reference,
        "sequence": report.sequence,
        "exercise": report.exercise,
        "status_url": f"{settings.ENVIRONMENT.PUBLIC_URL}/api/v1/interventions/{report.pk}",
    }


def alert_json(alert: Alert, answers: Iterable[Answer]) -> dict[str, Any]:
    """Return an alert, who is told, and who answered what since it was opened; by function.

    `answers` are its answers, the oldest first.
    """
    return {
        **_organisation_json(alert),
        "neighbour_of": alert.facts.get("next_to"),
        "kind": alert.kind,
        "open": alert.is_open,
        "revision": alert.revision,
        "answers_wanted": alert.answers_wanted,
        "answer_due_at": _moment(alert.answer_due_at),
        "answered_at": _moment(alert.answered_at),
        "taken_at": _moment(alert.taken_at),
        "taken_by": alert.taken_title or None,
        "answers": [
            answer_json(answer, alert)
            for answer in answers
            if answer.opened_revision == alert.opened_revision
        ],
    }


def answer_json(answer: Answer, alert: Alert) -> dict[str, Any]:
    """Return what one person answered, by function."""
    return {
        "kind": answer.kind,
        "label": answer_label(answer.kind, alert.organisation_kind),
        "by": answer.title,
        "means": answer.means,
        "at": answer.at.isoformat(),
        "handed_to": answer.handed_to or None,
    }


def _organisation_json(alert: Alert) -> dict[str, Any]:
    """Return who is told: a commune; or another organisation, of what happens in this commune."""
    if not alert.terms:
        return {"commune": {"code": alert.organisation, "name": alert.organisation_name}}
    terms = parse_terms(alert.terms)
    return {
        "commune": {"code": terms.communes[0], "name": alert.facts["communes"][0]},
        "organisation": {
            "kind": alert.organisation_kind,
            "code": alert.organisation,
            "name": alert.organisation_name,
        },
        "agreement": agreement_json(terms),
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
