"""The status resource: everything that dispatch needs to know, and no address of anyone."""

import json
from datetime import datetime
from typing import Any

import pytest

from notifier.alerting.answer_link import answer_secret
from notifier.alerting.answers.answer import answer
from notifier.alerting.decision.pipeline import decide
from notifier.alerting.escalation.failover import fail_over
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans
from notifier.delivery.address import mask
from notifier.delivery.models import Message, MessageState
from notifier.delivery.providers.base import Receipt
from notifier.delivery.receipts.apply import apply_receipt
from tests.api.caller import Caller
from tests.api.people import MAIL, MOBILE, mayor
from tests.harness.people import add_contact
from tests.intake.samples import body

CLAIMED = {"state": MessageState.ACCEPTED, "provider_id": "SM1", "attempt_count": 1}


def _push(corg: Caller, **changes: Any) -> str:
    pushed: str = json.loads(corg.push(body(**changes)).content)["id"]
    return pushed


def _status(corg: Caller, pushed: str) -> dict[str, Any]:
    answer = corg.status(pushed)
    assert answer.status_code == 200
    status: dict[str, Any] = json.loads(answer.content)
    return status


def test_before_anything_is_decided(corg: Caller) -> None:
    status = _status(corg, _push(corg))
    assert status["state"] == "received"
    assert status["alerts"] == []
    assert [line["step"] for line in status["timeline"]] == ["received"]


def test_the_whole_story_with_masked_addresses_only(corg: Caller) -> None:
    contact = mayor()
    pushed = _push(corg)
    decide(pushed)
    Message.objects.update(**CLAIMED)
    sms = Message.objects.get(channel="sms")
    apply_receipt(
        sms.pk, Receipt("SM1", MessageState.UNDELIVERED, "30003", explanation="téléphone éteint")
    )
    answer = corg.status(pushed)
    status = json.loads(answer.content)
    assert status["state"] == "decided"
    (alert,) = status["alerts"]
    assert alert["commune"] == {"code": "90033", "name": "Delle"}
    told = {message["channel"]: message for message in alert["messages"]}
    assert told["sms"]["address"] == mask(MOBILE)
    assert told["sms"]["state"] == "undelivered"
    assert told["sms"]["error_code"] == "30003"
    assert told["email"]["address"] == mask(MAIL)
    assert told["email"]["state"] == "accepted"
    assert any("téléphone éteint" in line["text"] for line in status["timeline"])
    text = answer.content.decode()
    for secret in (MOBILE, MOBILE[3:], "0639980712", "06 39 98 07 12", MAIL, MAIL.split("@")[0]):
        assert secret not in text
    assert contact.person.last_name not in text


def test_nobody_is_named_when_the_next_in_order_is_told(corg: Caller) -> None:
    mayor(mail="")
    add_contact(function="adjoint", last_name="Sureau", mobile="+33639980714")
    pushed = _push(corg)
    decide(pushed)
    sms = Message.objects.get()
    Message.objects.update(state=MessageState.FAILED, error_code="21211")
    fail_over(Message.objects.get(pk=sms.pk))
    text = corg.status(pushed).content.decode()
    assert "adjoint" in text
    assert "Sureau" not in text
    assert "980714" not in text


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"category": "C10.01.00"}, "withheld"),
        ({"category": "C02.15.00", "severity": "minor"}, "below_threshold"),
        ({"status": "closed"}, "over"),
    ],
)
def test_every_silence_has_its_reason(corg: Caller, changes: dict[str, Any], rule: str) -> None:
    mayor()
    pushed = _push(corg, **changes)
    decide(pushed)
    (silence,) = _status(corg, pushed)["not_told"]
    assert silence["commune"] == "90033"
    assert silence["rule"] == rule
    assert silence["reason"]


def test_dispatch_reads_who_answered_and_who_takes_it(corg: Caller) -> None:
    mayor()
    pushed = _push(corg, category="C04.02.01")
    decide(pushed)
    (alert,) = _status(corg, pushed)["alerts"]
    assert (alert["answers_wanted"], alert["answers"], alert["taken_by"]) == (1, [], None)
    assert alert["answer_due_at"] is not None
    stored = Alert.objects.get()
    recipient = Message.objects.get(channel="sms").recipient
    answer(stored.pk, recipient, AnswerKind.TAKEN, AnswerMeans.LINK)
    status = corg.status(pushed).content.decode()
    (alert,) = json.loads(status)["alerts"]
    (given,) = alert["answers"]
    assert (given["by"], given["kind"], given["means"]) == ("maire", "taken", "link")
    assert alert["taken_by"] == "maire"
    assert alert["answered_at"] is not None
    assert alert["answer_due_at"] is None
    assert answer_secret(stored.incident_id, stored.ref, recipient) not in status
    assert "/r/…" in status


def test_the_timeline_is_in_order_and_has_its_time_zone(corg: Caller) -> None:
    mayor()
    pushed = _push(corg)
    decide(pushed)
    times = [datetime.fromisoformat(line["at"]) for line in _status(corg, pushed)["timeline"]]
    assert times == sorted(times)
    assert all(time.tzinfo is not None for time in times)


def test_a_conflict_shows_what_each_clue_says(corg: Caller) -> None:
    pushed = _push(corg, location={"insee": "90033", "name": "Beaucourt"})
    decide(pushed)
    status = _status(corg, pushed)
    assert status["verdict"] == "conflict"
    assert [clue["kind"] for clue in status["clues"]] == ["insee", "name"]
    assert "Delle" in status["clues"][0]["says"]
    assert "Beaucourt" in status["clues"][1]["says"]
