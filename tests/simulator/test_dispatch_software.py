"""The simulated centre's software: believes what is signed, answers as told, is on the page."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from standardwebhooks.webhooks import Webhook

from notifier.simulator.client import Simulator

SECRET = "whsec_" + b64encode(b"s" * 32).decode()
COMMUNE = {"code": "90033", "name": "Delle"}
ANSWER = {"by": "1er adjoint", "label": "je m’en occupe"}
TAKEN = {
    "type": "alert.taken",
    "data": {"alert": {"commune": COMMUNE}, "answer": ANSWER, "reason": None, "reference": "R1"},
}


def post(simulator: Simulator, content: Any, age: timedelta = timedelta()) -> int:
    """Post an event, signed by the specification's own library so long ago; what it answers."""
    body = content if isinstance(content, str) else json.dumps(content)
    at = datetime.now(UTC) - age
    headers: Mapping[str, str] = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": "v1,eA== " + Webhook(SECRET).sign("msg_1", at, body),
    }
    answer = requests.post(
        simulator.webhook_url,
        data=body.encode(),
        headers=headers,
        timeout=10,
        allow_redirects=False,
    )
    return answer.status_code


def test_what_is_signed_by_a_secret_that_it_knows_is_taken(simulator: Simulator) -> None:
    simulator.add_webhook_secret(SECRET)
    assert post(simulator, TAKEN) == 204
    assert post(simulator, TAKEN, timedelta(minutes=6)) == 401
    assert requests.post(simulator.webhook_url, data=b"{}", timeout=10).status_code == 401
    assert [each["genuine"] for each in simulator.webhooks()] == [True, False, False]
    assert len(simulator.webhooks("alert.taken")) == 2


@pytest.mark.parametrize(("fault", "code"), [("webhook_500", 500), ("webhook_redirect", 302)])
def test_its_faults_are_answered(simulator: Simulator, fault: str, code: int) -> None:
    simulator.add_webhook_secret(SECRET)
    simulator.fault(fault, times=1)
    assert [post(simulator, TAKEN), post(simulator, TAKEN)] == [code, 204]


def test_the_page_shows_what_it_is_told_whatever_it_is(simulator: Simulator) -> None:
    simulator.add_webhook_secret(SECRET)
    message = {"message": {"customContent": TAKEN}}
    enveloped = {"content": [{"jsonContent": {"embeddedJsonContent": message}}]}
    trial = {"type": "webhook.test", "data": {"alert": None, "answer": None, "reason": "essai"}}
    for content in (TAKEN, enveloped, trial, "<b>", [], {"data": 1}, {"type": "x", "data": {}}):
        post(simulator, content)
    answer = requests.get(simulator.control, timeout=10)
    answer.encoding = "utf-8"
    assert answer.ok
    assert answer.text.count("Delle · 1er adjoint, « je m’en occupe » · réf. R1") == 2
    assert "&lt;b&gt;" in answer.text
    assert "essai" in answer.text
