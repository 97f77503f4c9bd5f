"""The real processes: a worker killed at the worst moment, two workers, a broker that forgets."""

import time
from typing import Any

import pytest

from tests.harness.live import Live
from tests.harness.service import Service

KEEP_LINE_OPEN_S = 25


def contact(service: Service, commune: str) -> str:
    """A mayor with a mobile only, of a commune that no other test of this file uses; the number."""
    number = service.new_number()
    national = "0" + number.removeprefix("+33")
    service.add_contacts(f"{commune};maire;1;Essai;Camille;{national};")
    return number


def message_of(service: Service, report_id: str) -> dict[str, Any]:
    (alert,) = service.status(report_id)["alerts"]
    message: dict[str, Any] = alert["messages"][0]
    return message


def wait_for_message(service: Service, report_id: str, *states: str) -> None:
    deadline = time.monotonic() + 30
    while (message := message_of(service, report_id))["state"] not in states:
        assert time.monotonic() < deadline, message
        time.sleep(0.05)


def let_a_minute_pass(service: Service) -> None:
    """Move every open message a minute into the past: leases run out, the provider may be asked."""
    code = (
        "from datetime import timedelta; from django.db.models import F;"
        "from notifier.delivery.models import Message;"
        "m = timedelta(minutes=1);"
        "Message.objects.filter(due_at__isnull=False, claimed_at__isnull=False)"
        ".update(**{name: F(name) - m for name in ('due_at', 'claimed_at', 'created_at')})"
    )
    done = service.run("shell", "-c", code)
    assert done.returncode == 0, done.stderr


def test_a_worker_killed_between_acceptance_and_record_ends_with_one_sms(live: Live) -> None:
    service = live.service
    number = contact(service, "90001")
    live.simulator.fault("no_callback", to=number)
    live.simulator.fault("accept_then_timeout", to=number, seconds=KEEP_LINE_OPEN_S, times=1)
    pushed = service.push(location={"insee": "90001"})
    live.expect_sms(to=number, containing="Andelnans")
    assert message_of(service, pushed.body["id"])["state"] == "sending"
    service.kill_worker()
    service.start_worker()
    let_a_minute_pass(service)
    wait_for_message(service, pushed.body["id"], "accepted", "delivered")
    steps = [line["text"] for line in service.status(pushed.body["id"])["timeline"]]
    assert any("s’est arrêté en chemin" in text for text in steps)


def test_two_workers_on_the_same_messages_send_each_once(live: Live) -> None:
    """Rung for three times each: every ring but the first finds nothing left to do."""
    service = live.service
    number = contact(service, "90004")
    with service.second_worker():
        answers = [service.push(location={"insee": "90004"}) for _ in range(20)]
        for answer in answers:
            for _ in range(2):
                service.enqueue("alerting.decide", answer.body["id"])
                service.enqueue("delivery.deliver", "urgent")
        for _ in answers:
            live.expect_sms(to=number)


@pytest.mark.one_database("the broker is the subject")
def test_what_the_broker_forgot_is_rung_for_again(live: Live) -> None:
    service = live.service
    number = contact(service, "90005")
    service.stop_worker()
    pushed = service.push(location={"insee": "90005"})
    with service.broker() as broker:
        broker.flushall()
    service.start_worker()
    live.expect_sms(to=number)
    wait_for_message(service, pushed.body["id"], "delivered")
