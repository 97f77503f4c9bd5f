"""A source that suddenly tells many communes something urgent: the duty looks at it at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from notifier.alerting.models import FanOut
from notifier.alerting.throttling.fan_out import THRESHOLD, update_episodes
from notifier.delivery.models import Message, MessageState
from notifier.intake.models import Source
from notifier.territory.resolve import communes_in
from tests.alerting.house import (
    DUTY,
    MAYORS,
    THEFT,
    breakable,
    deferrals,
    hand_over,
    mayors,
    push,
    run_round,
)

COMMUNES = sorted(commune.code for commune in communes_in("90"))


pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def everywhere(source: Source) -> Source:
    """A mayor in each of the département's communes."""
    mayors(*COMMUNES)
    return source


def alarms() -> list[str]:
    about = Message.objects.filter(address=DUTY, notifications__kind="quota")
    return [breakable(mail.subject) for mail in about.order_by("id")]


def test_a_whole_departement_in_one_push_is_an_alarm_and_leaves(everywhere, client, caplog) -> None:
    push(everywhere, location={"communes": COMMUNES})
    for _ in range(3):
        run_round()
    assert alarms() == [
        f"À vérifier tout de suite : {len(COMMUNES)} alertes urgentes de CORG 90 en 10 minutes"
    ]
    assert client.get("/readyz").json()["urgent_fan_outs"] == ["CORG 90"]
    assert "notifier_urgent_fan_outs 1.0" in client.get("/metrics").content.decode()
    assert sum("unusual fan-out" in line.getMessage() for line in caplog.records) == 1
    hand_over()
    told = Message.objects.filter(**MAYORS)
    assert {m.state for m in told} == {MessageState.ACCEPTED}
    assert told.count() == len(COMMUNES)
    assert not deferrals().exists()


def test_many_small_ones_count_together_and_few_do_not(everywhere) -> None:
    for n in range(THRESHOLD - 1):
        push(everywhere, f"R{n}", location={"insee": COMMUNES[n]})
    update_episodes()
    assert alarms() == []
    push(everywhere, "LAST", location={"insee": COMMUNES[-1]})
    update_episodes()
    assert len(alarms()) == 1


def test_neither_routine_texts_nor_those_of_others_count(everywhere, operator) -> None:
    for n in range(THRESHOLD + 5):
        push(everywhere, f"R{n}", category=THEFT, location={"insee": COMMUNES[n]})
    update_episodes()
    assert alarms() == []


def test_it_ends_and_the_next_is_an_alarm_of_its_own(everywhere, clock, client: Client) -> None:
    push(everywhere, "R1", location={"communes": COMMUNES})
    update_episodes()
    clock.shift(timedelta(minutes=5))
    push(everywhere, "R2", location={"communes": COMMUNES})
    update_episodes()
    assert len(alarms()) == 1
    clock.shift(timedelta(minutes=11))
    update_episodes()
    assert client.get("/readyz").json()["urgent_fan_outs"] == []
    assert FanOut.objects.get().ended_at is not None
    push(everywhere, "R3", location={"communes": COMMUNES})
    update_episodes()
    assert len(alarms()) == 2


def test_without_a_duty_address_it_is_loud(everywhere, caplog) -> None:
    Source.objects.update(duty_email="")
    push(everywhere, location={"communes": COMMUNES})
    update_episodes()
    assert "no duty address" in caplog.text
    assert "unusual fan-out" in caplog.text
