"""What a source's own software is told of answers: once, signed, in order, again until taken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from standardwebhooks.webhooks import Webhook
from time_machine import travel

from notifier.alerting.models import Alert, Answer, AnswerKind, AnswerMeans, WebhookEvent
from notifier.alerting.status import status_of
from notifier.alerting.webhooks import request
from notifier.alerting.webhooks.events import EventType, record_alert_event, record_test
from notifier.alerting.webhooks.posting import GIVEN_UP_AFTER, LEASE, post_next
from notifier.intake.access.webhooks import (
    rotate_webhook_secret,
    set_webhook,
    stop_webhook,
)
from notifier.intake.models import Report, Source
from notifier.journal.models import Entry, Step
from notifier.simulator.client import Simulator
from notifier.simulator.client import Webhook as Told
from tests.alerting.house import FIRE, contact, journal, number, push
from tests.harness.variables import changed

pytestmark = pytest.mark.django_db

BY = "A. Dupont"


@pytest.fixture
def centre(source, simulator: Simulator) -> Iterator[tuple[Source, str]]:
    """The dispatch centre, whose software is told of answers, and the secret that signs them."""
    simulator.reset()
    secret = set_webhook(source, simulator.webhook_url, "json", BY)
    simulator.add_webhook_secret(secret)
    yield source, secret
    simulator.reset()


@pytest.fixture
def fire(centre) -> Alert:
    """A fire in Delle, of which the mayor was told."""
    contact("maire", mobile=number(1))
    push(centre[0], category=FIRE)
    return Alert.objects.select_related("incident__source", "report").get()


def answered(alert: Alert, kind: AnswerKind = AnswerKind.NOTED, title: str = "maire") -> Answer:
    """An answer that its source is told of."""
    given = Answer.objects.create(
        alert=alert,
        incident_id=alert.incident_id,
        recipient=f"person:{Answer.objects.count() + 1}",
        title=title,
        kind=kind,
        means=AnswerMeans.LINK,
        at=timezone.now(),
    )
    record_alert_event(EventType.ANSWERED, alert, answer=given)
    return given


def post_all(source: Source) -> None:
    while post_next(source.pk):
        pass


def said(told: Told) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(told["body"])
    return content


def test_a_source_without_a_webhook_is_told_nothing_and_costs_no_statement(
    fire, django_assert_num_queries
) -> None:
    stop_webhook(fire.incident.source, BY)
    with django_assert_num_queries(0):
        record_alert_event(EventType.UNANSWERED, fire)
    assert not WebhookEvent.objects.exists()


def test_an_answer_arrives_once_signed_as_any_library_checks_it(fire, centre, simulator) -> None:
    source, secret = centre
    answered(fire)
    post_all(source)
    (told,) = simulator.webhooks()
    assert told["genuine"]
    checked = Webhook(secret).verify(told["body"], told["headers"])
    assert checked["type"] == "alert.answered"
    assert told["id"] == WebhookEvent.objects.get().event_id
    assert told["headers"]["content-type"] == "application/json"
    assert WebhookEvent.objects.get().delivered_at is not None
    assert [e.text for e in journal(step="webhook")] == [
        "Delle : retour « réponse » reçu par le logiciel de « CORG 90 », essai 1."
    ]


def test_it_says_what_the_status_says_and_nobodys_name_or_address(fire, centre, simulator) -> None:
    answered(fire, AnswerKind.TAKEN, title="1er adjoint")
    post_all(centre[0])
    data = said(simulator.webhooks()[0])["data"]
    status = status_of(Report.objects.get())
    messages = status["alerts"][0].pop("messages")
    assert data["alert"] == status["alerts"][0]
    assert data["answer"] == data["alert"]["answers"][0]
    assert (data["reference"], data["id"]) == (status["reference"], status["id"])
    assert data["status_url"].endswith(f"/api/v1/interventions/{status['id']}")
    assert (data["answer"]["by"], data["answer"]["kind"]) == ("1er adjoint", "taken")
    text = simulator.webhooks()[0]["body"]
    assert "Essai" not in text
    assert "639 98" not in text.replace("+33", "")
    assert messages[0]["address"] not in text


def test_what_fails_is_tried_again_at_growing_intervals_under_the_same_number(
    fire, centre, simulator
) -> None:
    source, _ = centre
    simulator.fault("webhook_500", times=3)
    answered(fire)
    waits = []
    for _attempt in range(3):
        post_all(source)
        event = WebhookEvent.objects.get()
        assert (event.delivered_at, event.error) == (None, "réponse 500")
        assert event.due_at is not None
        waits.append(event.due_at - timezone.now())
        WebhookEvent.objects.update(due_at=timezone.now())
    assert waits == sorted(waits)
    assert timedelta(seconds=3) < waits[0] < timedelta(seconds=7)
    post_all(source)
    assert len({told["id"] for told in simulator.webhooks()}) == 1
    assert WebhookEvent.objects.get().attempts == 4
    assert WebhookEvent.objects.get().delivered_at is not None


def test_it_is_given_up_after_a_day_and_that_is_said(fire, centre, simulator) -> None:
    source, _ = centre
    simulator.fault("webhook_500")
    answered(fire)
    with travel(timezone.now() + GIVEN_UP_AFTER - timedelta(seconds=1), tick=False):
        post_all(source)
    event = WebhookEvent.objects.get()
    assert event.given_up_at is not None
    assert event.due_at is None
    (entry,) = journal(step="webhook")
    assert "jamais reçu par le logiciel de « CORG 90 » (réponse 500)" in entry.text
    assert not post_next(source.pk)


def figures_shown() -> dict[str, float]:
    """What /metrics says of the one source's webhook, by the rest of the name."""
    text = Client().get("/metrics").content.decode()
    said = re.findall(r'^notifier_webhook_(\w+)\{source="CORG 90"\} (\S+)$', text, re.MULTILINE)
    return {name: float(value) for name, value in said}


def test_what_its_software_does_not_take_is_in_the_metrics(fire, centre, simulator) -> None:
    source, _ = centre
    nothing = {"events_waiting": 0, "events_failing": 0, "events_given_up": 0, "oldest_seconds": 0}
    assert figures_shown() == nothing
    simulator.fault("webhook_500")
    now = timezone.now()
    with travel(now, tick=False):
        answered(fire)
        record_test(source)
        post_all(source)
    with travel(now + timedelta(seconds=40), tick=False):
        assert figures_shown() == nothing | {"events_waiting": 1, "oldest_seconds": 40}
        for _attempt in range(2):
            WebhookEvent.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
            post_all(source)
        assert figures_shown()["events_failing"] == 1
    with travel(now + GIVEN_UP_AFTER, tick=False):
        post_all(source)
        assert figures_shown() == nothing | {"events_given_up": 1}
    with travel(now + 2 * GIVEN_UP_AFTER + timedelta(seconds=1), tick=False):
        assert figures_shown() == nothing
        stop_webhook(source, BY)
        assert figures_shown() == {}


def test_one_that_fails_holds_up_no_other_and_first_attempts_keep_their_order(
    fire, centre, simulator
) -> None:
    source, _ = centre
    simulator.fault("webhook_500", times=1)
    for title in ("maire", "1er adjoint", "2e adjoint"):
        answered(fire, title=title)
    post_next(source.pk)
    assert post_next(source.pk)
    titles = [said(told)["data"]["answer"]["by"] for told in simulator.webhooks()]
    assert titles == ["maire", "1er adjoint"]
    # Its software answers: what it refused before is tried again now, after what is new.
    post_all(source)
    titles = [said(told)["data"]["answer"]["by"] for told in simulator.webhooks()]
    assert titles == ["maire", "1er adjoint", "2e adjoint", "maire"]


def test_the_second_of_an_incident_waits_while_the_first_is_on_its_way(fire, centre) -> None:
    source, _ = centre
    answered(fire)
    answered(fire)
    first = WebhookEvent.objects.order_by("pk")[0]
    now = timezone.now()
    WebhookEvent.objects.filter(pk=first.pk).update(claimed_until=now + LEASE, attempts=1)
    assert not post_next(source.pk)
    with travel(now + LEASE + timedelta(seconds=1), tick=False):
        assert post_next(source.pk)


def test_of_two_processes_one_posts_it_and_what_died_in_the_middle_is_posted_again(
    fire, centre, simulator
) -> None:
    source, _ = centre
    answered(fire)
    claimed = WebhookEvent.objects.all()
    claimed.update(claimed_until=timezone.now() + LEASE, attempts=1)
    assert not post_next(source.pk)
    claimed.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert post_next(source.pk)
    assert len(simulator.webhooks()) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "webhook_cut", "times": 1}, "connexion refusée ou coupée"),
        ({"kind": "webhook_redirect", "times": 1}, "redirection (302), qui n’est pas suivie"),
        ({"kind": "webhook_slow", "seconds": 1, "times": 1}, "pas de réponse en"),
    ],
)
def test_whatever_else_goes_wrong_is_named_and_tried_again(
    fire, centre, simulator, monkeypatch, fault: dict[str, Any], error: str
) -> None:
    monkeypatch.setattr(request, "READ_TIMEOUT_S", 0.3)
    simulator.fault(**fault)
    answered(fire)
    post_next(centre[0].pk)
    event = WebhookEvent.objects.get()
    assert error in event.error
    assert event.due_at is not None
    assert len(simulator.webhooks()) == 1


def test_a_host_that_leads_inside_is_not_spoken_to(fire, centre, settings, simulator) -> None:
    """Its name was set while it was allowed, or leads elsewhere by now."""
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, SIMULATOR=False)
    answered(fire)
    post_next(centre[0].pk)
    assert "mène à une adresse interne" in WebhookEvent.objects.get().error
    assert simulator.webhooks() == []


def test_the_operator_may_allow_a_network(fire, centre, settings, simulator) -> None:
    networks = {"SIMULATOR": False, "WEBHOOK_NETWORKS": "127.0.0.0/8"}
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, **networks)
    answered(fire)
    post_next(centre[0].pk)
    assert len(simulator.webhooks()) == 1


def test_both_secrets_sign_while_one_takes_the_others_place(fire, centre, simulator) -> None:
    source, old = centre
    new = rotate_webhook_secret(source, timedelta(hours=1), BY).secret
    answered(fire)
    post_all(source)
    (told,) = simulator.webhooks()
    for secret in (old, new):
        Webhook(secret).verify(told["body"], told["headers"])
    with travel(datetime.now(UTC) + timedelta(hours=2), tick=True):
        answered(fire)
        post_all(source)
        late = simulator.webhooks()[1]
        assert not late["genuine"]
        Webhook(new).verify(late["body"], late["headers"])


def test_a_source_that_is_told_nothing_any_more_gets_nothing_that_waited(
    fire, centre, simulator
) -> None:
    source, _ = centre
    answered(fire)
    stop_webhook(source, BY)
    post_all(source)
    assert simulator.webhooks() == []
    assert WebhookEvent.objects.get().given_up_at is not None
    assert Source.objects.get().webhook_secrets == []


def test_a_trial_is_posted_once_and_means_nothing(centre, simulator) -> None:
    source, _ = centre
    simulator.fault("webhook_500", times=1)
    record_test(source)
    post_all(source)
    assert WebhookEvent.objects.get().given_up_at is not None
    record_test(source)
    post_all(source)
    assert [told["code"] for told in simulator.webhooks()] == [500, 204]
    assert said(simulator.webhooks()[1])["data"]["alert"] is None


def test_every_secret_is_sealed(centre) -> None:
    _, secret = centre
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed_webhook_secret FROM intake_source")
        assert secret not in str(cursor.fetchall())
    assert not Entry.objects.filter(step=Step.SOURCE, text__contains=secret).exists()
    assert not Entry.objects.filter(text__contains="127.0.0.1").exists()
