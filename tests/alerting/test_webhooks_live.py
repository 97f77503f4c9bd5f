"""An answer reaches the centre's own software, with the real processes: endpoint, worker, clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.harness.live import Live

FIRE = "C04.01.01"


@pytest.fixture
def secret(live: Live) -> Iterator[str]:
    """The source's software is told of answers; the secret that signs them."""
    run, url = live.service.run, live.simulator.webhook_url
    printed = run("source", "webhook", "CORG 90", "--url", url).stdout
    secret = printed.splitlines()[-1]
    live.simulator.add_webhook_secret(secret)
    yield secret
    run("source", "webhook", "CORG 90", "--off")


def told(live: Live, number: int) -> list[dict[str, Any]]:
    """What it is told once so much has come, in order."""
    live.simulator.wait(webhooks=number, timeout=20)
    came = live.simulator.webhooks()
    assert all(each["genuine"] for each in came)
    return [json.loads(each["body"]) for each in came]


def test_an_answer_arrives_and_says_what_the_status_says(live: Live, secret: str) -> None:
    service, mobile = live.service, live.service.new_number()
    service.add_contacts(f"90021;maire;1;Essai;Camille;{mobile};")
    pushed = service.push(category=FIRE, location={"insee": "90021"})
    live.expect_sms(to=mobile, containing="/r/")
    live.simulator.text(mobile, "2", to="+33353010090")
    (event,) = told(live, 1)
    live.expect_sms(to=mobile, containing="noté")
    status = service.status(pushed.id)
    assert event["type"] == "alert.taken"
    (alert,) = status["alerts"]
    del alert["messages"]
    assert event["data"]["alert"] == alert
    assert event["data"]["alert"]["taken_by"] == "maire"
    (came,) = live.simulator.webhooks()
    Webhook(secret).verify(came["body"], came["headers"])


def test_what_is_answered_while_no_worker_runs_arrives_once_one_does(
    live: Live, secret: str
) -> None:
    service, mobile = live.service, live.service.new_number()
    service.add_contacts(f"90022;maire;1;Essai;Camille;{mobile};")
    service.push(category=FIRE, location={"insee": "90022"})
    live.expect_sms(to=mobile, containing="/r/")
    service.wait_until_idle()
    service.kill_worker()
    live.simulator.text(mobile, "1", to="+33353010090")
    assert live.simulator.webhooks() == []
    service.start_worker()
    (event,) = told(live, 1)
    assert event["type"] == "alert.answered"
    live.expect_sms(to=mobile, containing="noté")


def test_a_trial_says_what_became_of_it(live: Live, secret: str) -> None:
    run = live.service.run
    assert "Essai reçu en" in run("source", "webhook", "CORG 90", "--test").stdout
    live.simulator.fault("webhook_500", times=1)
    refused = run("source", "webhook", "CORG 90", "--test")
    assert refused.returncode != 0
    assert "réponse 500" in refused.stderr
