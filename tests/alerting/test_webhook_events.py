"""What happens to an alert is told to the software of whoever reported it, by function alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from notifier.alerting.answers.answer import answer
from notifier.alerting.escalation.unanswered import escalate_unanswered
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans, Notification, WebhookEvent
from notifier.alerting.webhooks.edxl import edxl_json
from notifier.alerting.webhooks.events import record_test
from notifier.api.webhook_schema import WEBHOOKS
from notifier.intake.access.webhooks import set_webhook
from notifier.intake.models import Source
from tests.alerting.house import (
    CONFLICT,
    FIRE,
    contact,
    hand_over,
    messages,
    number,
    push,
    refusing,
)
from tests.conftest import SAMPLES

pytestmark = pytest.mark.django_db


@pytest.fixture
def centre(asking) -> Source:
    """A dispatch centre whose software is told, and asks for an answer where it burns."""
    set_webhook(asking, "https://dispatch.example/retours", "json", "A. Dupont")
    return asking


@pytest.fixture
def commune(centre) -> Source:
    """A mayor and a deputy."""
    contact("maire", mobile=number(1))
    contact("adjoint", rank=1, mobile=number(2))
    return centre


def told() -> list[dict[str, Any]]:
    """What its software is told, in order: the events' contents."""
    return list(WebhookEvent.objects.order_by("pk").values_list("payload", flat=True))


def types() -> list[str]:
    return [content["type"] for content in told()]


def answers(last: int, kind: AnswerKind) -> None:
    recipient = Notification.objects.filter(address=number(last)).latest("id").recipient
    answer(Alert.objects.get().pk, recipient, kind, AnswerMeans.LINK)


def due() -> None:
    """The wait is over, and a sweep looks."""
    Alert.objects.filter(answer_due_at__isnull=False).update(answer_due_at=timezone.now())
    escalate_unanswered()


def test_nothing_is_told_of_what_goes_well(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    assert types() == []


def test_each_answer_is_told_once_with_the_alert_as_it_then_stands(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    answers(1, AnswerKind.NOTED)
    answers(1, AnswerKind.NOTED)
    answers(1, AnswerKind.TAKEN)
    assert types() == ["alert.answered", "alert.taken"]
    noted, taken = (content["data"] for content in told())
    assert noted["alert"]["answered_at"] is not None
    assert (noted["alert"]["taken_by"], taken["alert"]["taken_by"]) == (None, "maire")
    assert [one["kind"] for one in taken["alert"]["answers"]] == ["noted", "taken"]


def test_who_takes_what_is_taken_has_answered(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    due()
    hand_over()
    answers(2, AnswerKind.TAKEN)
    answers(1, AnswerKind.TAKEN)
    assert types() == ["alert.escalated", "alert.taken", "alert.answered"]
    assert told()[2]["data"]["alert"]["taken_by"] == "1er adjoint"


def test_not_my_commune_is_told_and_so_is_that_a_person_must_decide(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    answers(1, AnswerKind.NOT_MINE)
    assert set(types()) == {"alert.answered", "incident.review"}
    (review,) = (content["data"] for content in told() if content["type"] == "incident.review")
    assert "le maire répond que ce n’est pas sa commune" in review["reason"]
    assert review["alert"] is None


def test_a_place_in_doubt_is_told(commune) -> None:
    push(commune, category=FIRE, location=CONFLICT)
    assert types() == ["incident.review"]


def test_each_step_of_the_escalation_is_told_without_any_number(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    for _step in range(6):
        due()
        hand_over()
    assert types()[0] == "alert.escalated"
    assert types()[-1] == "alert.unanswered"
    assert types().count("alert.unanswered") == 1
    assert "1er adjoint" in " ".join(content["data"]["reason"] for content in told())
    assert "•" not in json.dumps(told(), ensure_ascii=False)


def test_nobody_reached_is_told_of_a_refused_number_as_of_an_empty_directory(centre) -> None:
    push(centre, category=FIRE)
    assert types() == ["alert.not_reached"]
    assert told()[0]["data"]["reason"] == "aucun contact joignable dans l’annuaire"
    contact("maire", mobile=number(1), commune="90052")
    push(centre, "R2", category=FIRE, location={"insee": "90052"})
    hand_over(refusing(number(1)))
    assert types() == ["alert.not_reached"] * 2
    assert messages("R2", address=number(1))


def test_the_envelope_is_one_that_the_models_of_cisu_allow(commune) -> None:
    if not SAMPLES.is_dir():
        pytest.skip("the folder ../shared/samples is missing")
    commune.webhook_format = "edxl"
    push(commune, category=FIRE)
    hand_over()
    answers(1, AnswerKind.TAKEN)
    due()
    record_test(commune)
    for event in WebhookEvent.objects.select_related("source"):
        envelope = edxl_json(event)
        check(envelope, schema("EDXL-DE-envelope-only"))
        first, second = (
            each["jsonContent"]["embeddedJsonContent"]["message"] for each in envelope["content"]
        )
        check(first["emsi"], schema("EMSI"))
        assert second["customContent"] == event.payload
    taken = edxl_json(WebhookEvent.objects.get(type="alert.taken"))
    emsi = taken["content"][0]["jsonContent"]["embeddedJsonContent"]["message"]["emsi"]
    assert emsi["EVENT"]["ID"] == "R1"
    assert emsi["CONTEXT"]["FREETEXT"] == "Delle : maire : je m’en occupe, pris en charge"
    assert (taken["distributionStatus"], emsi["CONTEXT"]["MODE"]) == ("Actual", "ACTUAL")


def test_the_apis_document_describes_each_event(commune) -> None:
    described = WEBHOOKS["event"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    push(commune, category=FIRE)
    hand_over()
    answers(1, AnswerKind.NOT_MINE)
    record_test(commune)
    for content in told():
        check(content, described)
        assert set(content["data"]) <= set(described["properties"]["data"]["properties"])
    alert = next(c for c in told() if c["type"] == "alert.answered")["data"]["alert"]
    assert set(alert) == set(described["properties"]["data"]["properties"]["alert"]["properties"])


def schema(name: str) -> dict[str, Any]:
    path: Path = SAMPLES / "cisu" / "schemas" / f"{name}.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def check(value: Any, rule: dict[str, Any], root: dict[str, Any] | None = None) -> None:
    """As much of JSON Schema as these two use."""
    root = root or rule
    if "$ref" in rule:
        rule = root["definitions"][rule["$ref"].rpartition("/")[2]]
    if "enum" in rule:
        assert value in rule["enum"]
    if rule.get("format") == "date-time" and value is not None:
        assert value[-6] in "+-"
        assert value[10] == "T"
    kinds = {"string": str, "array": list, "object": dict, "integer": int, "boolean": bool}
    wanted = rule.get("type", [])
    wanted = wanted if isinstance(wanted, list) else [wanted]
    if value is None and "null" in wanted:
        return
    assert not wanted or any(isinstance(value, kinds[kind]) for kind in wanted if kind != "null")
    if isinstance(value, list):
        for item in value:
            check(item, rule["items"], root)
    if isinstance(value, dict):
        assert set(rule.get("required", ())) <= set(value), rule
        if rule.get("additionalProperties") is False:
            assert set(value) <= set(rule["properties"]), set(value) - set(rule["properties"])
        for name, inner in value.items():
            if name in rule.get("properties", {}):
                check(inner, rule["properties"][name], root)
