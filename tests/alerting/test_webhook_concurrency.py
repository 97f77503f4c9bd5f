"""Several threads post at once: each event once, those of one incident in their order."""

from __future__ import annotations

import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from notifier.alerting.models import WebhookEvent
from notifier.alerting.webhooks.posting import post_next
from notifier.intake.access.webhooks import set_webhook
from notifier.intake.models import Incident
from tests.alerting.house import dispatch_centre

THREADS, INCIDENTS, EACH = 6, 4, 5


@pytest.mark.usefixtures("real_commits")
def test_each_arrives_once_and_the_order_of_an_incident_is_kept(simulator) -> None:
    simulator.reset()
    source = dispatch_centre()
    simulator.add_webhook_secret(set_webhook(source, simulator.webhook_url, "json", "A. Dupont"))
    simulator.fault("webhook_slow", seconds=0.02)
    now = timezone.now()
    for number in range(INCIDENTS * EACH):
        reference = f"R{number % INCIDENTS}"
        incident, _ = Incident.objects.get_or_create(
            source=source, reference=reference, defaults={"opened_at": now}
        )
        WebhookEvent.objects.create(
            source=source,
            incident=incident,
            event_id=f"msg_{number}",
            type="alert.answered",
            payload={"reference": reference, "number": number, "data": {"alert": None}},
            created_at=now,
            due_at=now,
        )

    def post_all() -> None:
        while WebhookEvent.objects.filter(delivered_at=None).exists():
            post_next(source.pk)
        connection.close()

    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(post_all) for _ in range(THREADS)]:
            done.result(timeout=60)
    arrived = defaultdict(list)
    for told in simulator.webhooks():
        said = json.loads(told["body"])
        arrived[said["reference"]].append(said["number"])
    assert sum(map(len, arrived.values())) == INCIDENTS * EACH
    assert all(numbers == sorted(numbers) for numbers in arrived.values()), arrived
    simulator.reset()
