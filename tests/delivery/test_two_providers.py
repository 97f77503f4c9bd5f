"""Two providers and the real processes: one fails, the other carries on, nobody is told twice."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from tests.delivery.test_live import let_a_minute_pass, message_of, wait_for_message
from tests.harness.live import Live
from tests.harness.service import Service

pytestmark = pytest.mark.one_database("the processes are the subject; the SQL is test_routing's")

COMMUNES = {"90006": "Argiésans", "90007": "Auxelles-Bas", "90008": "Auxelles-Haut"}
SECONDS = 30.0


def order(service: Service, names: str) -> None:
    done = service.run("source", "set", "CORG 90", "--sms-providers", names)
    assert done.returncode == 0, done.stderr


def health(service: Service, code: str) -> None:
    """Change what is known of the providers, and have the worker read it."""
    done = service.run(
        "shell",
        "-c",
        "from datetime import timedelta; from django.utils import timezone;"
        f"from notifier.delivery.models import ProviderHealth as H; {code}",
    )
    assert done.returncode == 0, done.stderr
    service.enqueue("delivery.upkeep")
    service.wait_until_idle()


@pytest.fixture
def two(live: Live) -> Iterator[Live]:
    """Twilio first, then OVHcloud, for this source."""
    order(live.service, "twilio,ovh")
    health(live.service, "H.objects.all().delete()")
    yield live
    live.simulator.clear_faults()
    order(live.service, "aucun")
    health(live.service, "H.objects.all().delete()")


@pytest.fixture(scope="module")
def mayors(service: Service) -> dict[str, str]:
    """The number of each mayor, who has no mailbox."""
    numbers = {code: service.new_number() for code in COMMUNES}
    service.add_contacts(*(f"{code};maire;1;Essai;Camille;{n};" for code, n in numbers.items()))
    return numbers


def push(live: Live, code: str) -> str:
    answer = live.service.push(location={"insee": code})
    assert answer.code == 202, answer
    return str(answer.body["id"])


def told_by(live: Live, number: str) -> str:
    return live.expect_sms(to=number)["provider"]


def wait_until_aside(service: Service, provider: str, value: int) -> None:
    line = f'notifier_sms_provider_set_aside{{provider="{provider}"}} {value}'
    deadline = time.monotonic() + SECONDS
    while True:
        if line in requests.get(f"{service.url}/metrics", timeout=5).text:
            return
        assert time.monotonic() < deadline, f"never: {line}"
        time.sleep(0.1)


def test_the_first_is_down_the_second_carries_on_and_the_first_comes_back(
    two: Live, mayors: dict[str, str]
) -> None:
    two.simulator.fault("down")
    for code, number in mayors.items():
        push(two, code)
        assert told_by(two, number) == "ovh"
    wait_until_aside(two.service, "twilio", 1)
    code, number = next(iter(mayors.items()))
    report_id = push(two, code)
    assert told_by(two, number) == "ovh"
    wait_for_message(two.service, report_id, "delivered")
    tried = [line["text"] for line in two.service.status(report_id)["timeline"]]
    assert not any("injoignable" in text for text in tried), tried
    two.simulator.clear_faults()
    soon = "timezone.now() + timedelta(seconds=5)"
    health(two.service, f"H.objects.update(set_aside_until={soon})")
    wait_until_aside(two.service, "twilio", 0)
    push(two, code)
    assert told_by(two, number) == "twilio"


def test_a_first_that_is_slow_is_left_to_itself(two: Live, mayors: dict[str, str]) -> None:
    two.simulator.fault("slow", seconds=5.2, provider="twilio", times=3)
    for code in mayors:
        push(two, code)
    for number in mayors.values():
        assert told_by(two, number) == "twilio"
    wait_until_aside(two.service, "twilio", 1)
    code, number = next(iter(mayors.items()))
    push(two, code)
    assert told_by(two, number) == "ovh"


def test_what_the_first_took_without_an_answer_is_sent_by_no_other(
    two: Live, mayors: dict[str, str]
) -> None:
    code, number = next(iter(mayors.items()))
    two.simulator.fault("no_callback", to=number)
    two.simulator.fault("accept_then_cut", to=number, times=1)
    report_id = push(two, code)
    assert told_by(two, number) == "twilio"
    wait_for_message(two.service, report_id, "unknown")
    two.simulator.fault("down")
    let_a_minute_pass(two.service)
    two.service.enqueue("delivery.upkeep")
    two.service.wait_until_idle()
    assert message_of(two.service, report_id)["state"] == "unknown"
    two.simulator.clear_faults()
    let_a_minute_pass(two.service)
    wait_for_message(two.service, report_id, "accepted", "delivered")


def test_at_night_ovhcloud_holds_nothing_of_ours(two: Live, mayors: dict[str, str]) -> None:
    order(two.service, "ovh")
    two.simulator.fault("ovh_night")
    code, number = next(iter(mayors.items()))
    report_id = push(two, code)
    assert told_by(two, number) == "ovh"
    wait_for_message(two.service, report_id, "delivered")
    assert "STOP" not in two.simulator.messages(number)[0]["body"]


def test_both_are_down_and_one_text_leaves_when_they_are_back(
    two: Live, mayors: dict[str, str]
) -> None:
    code, number = next(iter(mayors.items()))
    two.simulator.fault("down")
    two.simulator.fault("ovh_down")
    report_id = push(two, code)
    deadline = time.monotonic() + SECONDS
    tried: list[str] = []
    while sum("injoignable" in text for text in tried) < 2:
        assert time.monotonic() < deadline, tried
        tried = [line["text"] for line in two.service.status(report_id)["timeline"]]
    assert any("passe par OVHcloud" in text for text in tried)
    two.simulator.clear_faults()
    told_by(two, number)
    wait_for_message(two.service, report_id, "delivered")
