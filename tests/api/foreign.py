"""Pushing messages of other formats, and what became of them."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse

from notifier.alerting.decision.pipeline import decide
from notifier.alerting.models import Alert
from notifier.delivery.models import Message
from notifier.intake.formats.message import adapted_reference
from notifier.intake.models import Report
from notifier.journal.models import Entry
from tests.api.caller import Caller

EDXL, CAP = "/api/v1/edxl", "/api/v1/cap"


def push(corg: Caller, document: dict[str, Any], status: int = 202) -> dict[str, Any]:
    return answered(corg.push(document, EDXL), status)


def push_cap(corg: Caller, body: bytes, status: int = 202) -> dict[str, Any]:
    return answered(corg.push(body, CAP, content_type="application/xml"), status)


def answered(answer: HttpResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content.decode()
    content: dict[str, Any] = json.loads(answer.content)
    return content


def stored(answer: dict[str, Any]) -> Report:
    """The report of the answer, once decided."""
    decide(answer["id"])
    return Report.objects.get(pk=answer["id"])


def kinds(reference: str) -> list[tuple[str, bool]]:
    """The communes told of an incident, and whether their alert is open."""
    alerts = Alert.objects.filter(incident__reference=reference)
    return [(alert.organisation, alert.is_open) for alert in alerts]


def journal() -> str:
    return "\n".join(Entry.objects.values_list("text", flat=True))


def status_of(number: str) -> str:
    """How far the case of this number is, by its latest report."""
    reports = Report.objects.filter(incident__reference=adapted_reference(number))
    return reports.order_by("-sequence")[0].status


def told() -> list[str]:
    """The texts to contacts, in their order."""
    mayors = Message.objects.filter(recipient__startswith="person:").order_by("id")
    return [message.body for message in mayors]
