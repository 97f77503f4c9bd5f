"""What is published past Celery is what Celery itself would have published."""

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings

from notifier.celery import app
from notifier.jobs import publish as publishing
from notifier.ops.local.stack import Stack, current_environment
from notifier.ops.local.supervisor import Supervisor

IDS = ("6a1f6f1e-0000-4000-8000-000000000001", "6a1f6f1e-0000-4000-8000-000000000002")
# New for each message.
OWN = ("id", "root_id")


def sent_by_celery() -> dict[str, Any]:
    with app.connection_for_write("memory://") as connection:
        app.send_task(
            "alerting.decide", args=IDS, queue="urgent", connection=connection, ignore_result=True
        )
        channel: Any = connection.channel()
        raw: dict[str, Any] = channel._get("urgent")
    return raw


def decoded(raw: dict[str, Any]) -> Any:
    return json.loads(b64decode(raw["body"]))


def test_it_is_the_message_that_celery_sends() -> None:
    ours = json.loads(publishing.message("alerting.decide", IDS, "urgent"))
    celerys = sent_by_celery()
    assert decoded(ours) == decoded(celerys)
    assert decoded(ours)[0] == list(IDS)
    assert ours.keys() == celerys.keys()
    assert ours["headers"].keys() == celerys["headers"].keys()
    for name in celerys["headers"].keys() - {*OWN}:
        assert ours["headers"][name] == celerys["headers"][name], name
    assert ours["properties"].keys() == celerys["properties"].keys()
    for name in ("delivery_mode", "priority", "body_encoding"):
        assert ours["properties"][name] == celerys["properties"][name], name
    assert ours["content-type"] == celerys["content-type"]
    assert ours["content-encoding"] == celerys["content-encoding"]


def test_each_message_has_an_identity_of_its_own() -> None:
    first, second = (
        json.loads(publishing.message("alerting.decide", IDS, "urgent")) for _ in range(2)
    )
    assert first["headers"]["id"] != second["headers"]["id"]
    assert first["properties"]["delivery_tag"] != second["properties"]["delivery_tag"]


def test_what_is_given_back_returns_to_its_queue() -> None:
    """A worker that dies leaves its messages to another, which asks the exchange where to."""
    info = json.loads(publishing.message("delivery.deliver", ["routine"], "routine"))
    delivery = info["properties"]["delivery_info"]
    with app.connection_for_write("memory://") as connection:
        channel: Any = connection.channel()
        found = channel._lookup(delivery["exchange"], delivery["routing_key"])
    assert found == ["routine"]


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """An own Valkey, to which this process publishes."""
    supervisor = Supervisor(lambda _name, _line: None)
    stack = Stack(current_environment(), tmp_path, supervisor)
    try:
        stack.start_broker()
        monkeypatch.setattr(settings, "CELERY_BROKER_URL", stack.environment["BROKER_URL"])
        publishing._client.cache_clear()
        yield redis.Redis.from_url(stack.environment["BROKER_URL"])
    finally:
        publishing._client.cache_clear()
        supervisor.end()


def test_a_connection_that_the_broker_has_closed_is_opened_anew(broker: redis.Redis) -> None:
    publishing.publish("alerting.decide", IDS, "urgent")
    broker.client_kill_filter(_type="normal", skipme=True)
    publishing.publish("alerting.decide", IDS, "urgent")
    assert broker.llen("urgent") == 2
