"""Alive, ready, and counted: by the database alone, with nothing personal in it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from notifier.alerting.decision.pipeline import decide
from notifier.delivery.models import Message, MessageState, ProviderHealth
from notifier.ops.local.stack import free_port
from notifier.ops.local.supervisor import Supervisor
from notifier.ops.local.valkey import READY, own_valkey
from tests.api.caller import Caller
from tests.api.people import MAIL, MOBILE, mayor
from tests.harness.heartbeats import all_running
from tests.intake.samples import body


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Valkey."""
    supervisor = Supervisor(lambda _name, _line: None)
    program, url = own_valkey(tmp_path_factory.mktemp("valkey"), free_port(), {})
    supervisor.start(program).wait_for_line(READY, 30)
    yield url
    supervisor.end()


@pytest.fixture(autouse=True)
def processes(request: pytest.FixtureRequest) -> None:
    """Workers and beat run, as far as the database knows."""
    if request.node.get_closest_marker("django_db") or "corg" in request.fixturenames:
        request.getfixturevalue("db")
        all_running()


def _ready() -> tuple[int, dict[str, object]]:
    answer = Client().get("/readyz")
    return answer.status_code, json.loads(answer.content)


def test_alive_without_database_or_broker() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_ready(broker: str, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = broker
    code, said = _ready()
    assert code == 200
    assert said["ready"] is True


@pytest.mark.django_db
def test_a_broker_that_is_down_is_named() -> None:
    assert django_settings.CELERY_BROKER_URL.endswith(":1/0")
    code, said = _ready()
    assert code == 503
    assert str(said["broker"]).startswith("unreachable")
    assert said["database"] == "ok"


def test_due_messages_that_nobody_sends(corg: Caller, broker: str, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = broker
    mayor()
    decide(json.loads(corg.push(body()).content)["id"])
    assert _ready()[0] == 200
    Message.objects.update(due_at=timezone.now() - timedelta(minutes=2))
    code, said = _ready()
    assert code == 503
    assert "nobody sends" in str(said["worker"])
    assert 119 < float(str(said["oldest_due_s"])) < 180
    Message.objects.update(state=MessageState.DELIVERED)
    assert _ready()[0] == 200


@pytest.mark.parametrize(
    "state", [MessageState.PENDING, MessageState.SENDING, MessageState.UNKNOWN]
)
def test_a_provider_that_cannot_be_reached_is_red_after_a_minute(
    corg: Caller, broker: str, settings: Settings, state: MessageState
) -> None:
    """The worker that knows wrote it beside the message; until then it may be a short failure."""
    settings.CELERY_BROKER_URL = broker
    mayor()
    decide(json.loads(corg.push(body()).content)["id"])
    now = timezone.now()
    soon = now + timedelta(minutes=5)
    Message.objects.update(
        state=state, due_at=soon, blocked_since=now, created_at=now - timedelta(seconds=80)
    )
    code, said = _ready()
    assert (code, said["providers"]) == (200, "ok")
    assert 79 < float(str(said["oldest_unsent_s"])) < 120
    assert said["oldest_due_s"] == 0
    Message.objects.filter(channel="sms").update(blocked_since=now - timedelta(seconds=61))
    code, said = _ready()
    assert code == 503
    assert str(said["providers"]).startswith("sms: nothing leaves since 6")
    Message.objects.update(state=MessageState.ACCEPTED)
    code, said = _ready()
    assert (code, said["providers"], said["oldest_unsent_s"]) == (200, "ok", 0)


def test_what_was_given_up_and_told_to_others_is_no_longer_waited_for(
    corg: Caller, broker: str, settings: Settings
) -> None:
    settings.CELERY_BROKER_URL = broker
    mayor()
    decide(json.loads(corg.push(body()).content)["id"])
    Message.objects.update(
        state=MessageState.UNKNOWN,
        due_at=None,
        is_followed_up=True,
        blocked_since=timezone.now() - timedelta(hours=1),
    )
    code, said = _ready()
    assert (code, said["oldest_unsent_s"]) == (200, 0)
    said = Client().get("/metrics").content.decode()
    lines = [line for line in said.splitlines() if line.startswith("notifier_messages_open{")]
    assert lines
    assert all(line.endswith(" 0.0") for line in lines)


def test_where_texts_wait_is_counted_for_each_provider(corg: Caller, two_providers: None) -> None:
    mayor()
    decide(json.loads(corg.push(body()).content)["id"])
    Message.objects.filter(channel="sms").update(provider="ovh")
    now = timezone.now()
    ProviderHealth.objects.create(provider="twilio", set_aside_until=now + timedelta(minutes=1))
    said = Client().get("/metrics").content.decode().splitlines()
    waiting = Message.objects.filter(channel="sms").count()
    assert waiting
    for line in (
        f'notifier_sms_open{{provider="ovh"}} {waiting}.0',
        'notifier_sms_open{provider="twilio"} 0.0',
        'notifier_sms_provider_set_aside{provider="twilio"} 1.0',
        'notifier_sms_provider_set_aside{provider="ovh"} 0.0',
    ):
        assert line in said


def test_reports_that_nobody_decides(corg: Caller, broker: str, settings: Settings) -> None:
    """No worker at all: nothing is even due, but dispatch's pushes lie there."""
    from notifier.intake.models import Report

    settings.CELERY_BROKER_URL = broker
    corg.push(body())
    assert _ready()[0] == 200
    Report.objects.update(received_at=timezone.now() - timedelta(minutes=2))
    code, said = _ready()
    assert code == 503
    assert "nobody" in str(said["worker"])


def test_doubts_are_counted_and_leave_the_service_ready(
    corg: Caller, broker: str, settings: Settings
) -> None:
    from notifier.intake.models import Report

    settings.CELERY_BROKER_URL = broker
    assert _ready()[1]["reviews_waiting"] == 0
    doubtful = corg.push(body(location={"insee": "90033", "name": "Beaucourt"}))
    decide(json.loads(doubtful.content)["id"])
    Report.objects.update(received_at=timezone.now() - timedelta(minutes=30))
    code, said = _ready()
    assert (code, said["reviews_waiting"]) == (200, 1)


def test_metrics_are_counted_right_and_name_nobody(corg: Caller) -> None:
    contact = mayor()
    for _ in range(3):
        decide(json.loads(corg.push(body()).content)["id"])
    corg.push(body())
    doubtful = corg.push(body(location={"insee": "90033", "name": "Beaucourt"}))
    decide(json.loads(doubtful.content)["id"])
    Message.objects.filter(pk=Message.objects.order_by("id").first().pk).update(
        state=MessageState.DELIVERED
    )
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    text = answer.content.decode()
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }

    def count(name: str, **labels: str) -> float:
        return samples[(f"notifier_{name}", tuple(sorted(labels.items())))]

    by_channel = [
        count("messages_open", channel=channel, lane="urgent", state="pending")
        for channel in ("sms", "email")
    ]
    # Three alerts on two channels, less the one delivered; and the mail to the duty of the doubt.
    assert sorted(by_channel) == [2, 4]
    assert count("interventions_waiting", state="received") == 1
    assert count("interventions_waiting", state="review") == 1
    assert count("oldest_due_seconds") >= 0
    assert count("oldest_unsent_seconds") > 0
    assert count("oldest_undecided_seconds") > 0
    assert count("oldest_review_seconds") > 0
    for secret in (MOBILE, MAIL, contact.person.last_name, "CORG90", "Delle", corg.key):
        assert secret not in text


def test_probes_answer_in_plain_http_behind_a_proxy(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/api/v1/docs").status_code == 301
    assert Path(Client().get("/api/v1/docs").headers["Location"]).name == "docs"


@pytest.mark.django_db
def test_a_disk_that_is_full_is_named_and_not_the_broker(
    broker: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No disk here can be filled for this: any is full that has to have so much room."""
    settings.CELERY_BROKER_URL = broker
    assert _ready()[1]["disk"] == "ok"
    monkeypatch.setattr("notifier.api.health.MIN_FREE_BYTES", 10**18)
    code, said = _ready()
    assert code == 503
    assert str(said["disk"]).startswith("full (")
    assert said["broker"] == "ok"


@pytest.mark.django_db
def test_a_broker_that_answers_and_refuses_is_not_unreachable(
    broker: str, settings: Settings
) -> None:
    """As a Redis whose own disk is full answers MISCONF: here to one who may not ask."""
    settings.CELERY_BROKER_URL = broker
    with redis.Redis.from_url(broker) as client:
        client.execute_command("ACL SETUSER default -ping")
        try:
            said = _ready()[1]
        finally:
            client.execute_command("ACL SETUSER default +ping")
    assert str(said["broker"]).startswith("refuses (")
