"""Every fault of the provider's answer, as Twilio's own library meets it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from notifier.simulator.client import Simulator, SimulatorError

from .conftest import ACCOUNT_SID, AUTH_TOKEN
from .test_twilio_api import MESSAGES, OTHER, TO, send


def refused(twilio: Client, to: str = TO) -> tuple[int, int]:
    with pytest.raises(TwilioRestException) as error:
        send(twilio, to=to)
    return error.value.status, error.value.code


def test_answer_429_accepts_nothing_and_says_when_to_come_back(simulator: Simulator) -> None:
    simulator.fault("answer_429", retry_after=7)
    answer = requests.post(
        simulator.http + MESSAGES,
        data={"To": TO, "From": "ALERTE", "Body": "Bonjour"},
        auth=(ACCOUNT_SID, AUTH_TOKEN),
        timeout=10,
    )
    assert (answer.status_code, answer.json()["code"]) == (429, 20429)
    assert answer.headers["Retry-After"] == "7"
    assert simulator.messages() == []


def test_answer_500_accepts_nothing(twilio: Client, simulator: Simulator) -> None:
    simulator.fault("answer_500")
    assert refused(twilio) == (500, 20500)
    assert simulator.messages() == []


def test_answer_500_after_accept_keeps_the_text(twilio: Client, simulator: Simulator) -> None:
    simulator.fault("answer_500_after_accept")
    assert refused(twilio) == (500, 20500)
    [sms] = simulator.messages()
    assert sms["answered"] == 500
    assert [found.sid for found in twilio.messages.list(to=TO)] == [sms["sid"]]


@pytest.mark.parametrize("code", [21211, 21610, 21614, 30999])
def test_reject_answers_the_code_asked_for(twilio: Client, simulator: Simulator, code: int) -> None:
    simulator.fault("reject", error_code=code)
    assert refused(twilio) == (400, code)
    assert simulator.messages() == []


def test_refuse_drops_the_line_unread(twilio: Client, simulator: Simulator) -> None:
    simulator.fault("refuse", times=1)
    with pytest.raises(requests.ConnectionError):
        send(twilio)
    assert (simulator.messages(), simulator.requests()) == ([], 0)
    send(twilio)
    assert len(simulator.messages()) == 1


def test_accept_then_cut_keeps_the_text_without_an_answer(
    twilio: Client, simulator: Simulator
) -> None:
    simulator.fault("accept_then_cut")
    with pytest.raises(requests.ConnectionError):
        send(twilio)
    [sms] = simulator.messages()
    assert sms["answered"] is None


def test_accept_then_timeout_keeps_the_text_at_once(
    connect: Callable[..., Client], simulator: Simulator
) -> None:
    simulator.fault("accept_then_timeout", seconds=60)
    with pytest.raises(requests.ReadTimeout):
        send(connect(timeout=0.3))
    [sms] = simulator.messages()
    assert sms["answered"] is None
    simulator.wait(sms=1, settled=True)


def test_accept_then_timeout_answers_in_the_end(twilio: Client, simulator: Simulator) -> None:
    simulator.fault("accept_then_timeout", seconds=0.05)
    assert send(twilio).sid == simulator.messages()[0]["sid"]


def test_slow_accepts_nothing_before_its_time(
    connect: Callable[..., Client], simulator: Simulator
) -> None:
    simulator.fault("slow", seconds=60, times=1)
    with pytest.raises(requests.ReadTimeout):
        send(connect(timeout=0.3))
    assert simulator.messages() == []

    simulator.fault("slow", seconds=0.05)
    assert send(connect()).status == "queued"


def test_what_slept_through_a_reset_is_not_accepted_after_it(
    connect: Callable[..., Client], simulator: Simulator
) -> None:
    simulator.fault("slow", seconds=0.5, times=1)
    with pytest.raises(requests.ReadTimeout):
        send(connect(timeout=0.2))
    simulator.reset()
    with pytest.raises(TimeoutError):
        simulator.wait(sms=1, timeout=0.8)


def test_lookup_500_hides_what_was_accepted(twilio: Client, simulator: Simulator) -> None:
    made = send(twilio)
    simulator.fault("lookup_500", times=1)
    with pytest.raises(TwilioRestException) as error:
        made.fetch()
    assert (error.value.status, error.value.code) == (500, 20500)
    assert made.fetch().sid == made.sid


def test_down_refuses_to_connect_until_it_is_withdrawn(
    twilio: Client, simulator: Simulator
) -> None:
    send(twilio, "avant la panne")
    simulator.fault("down")
    for _ in range(2):
        with pytest.raises(requests.ConnectionError) as error:
            send(twilio, "pendant la panne")
    assert "refused" in str(error.value)
    assert len(simulator.messages()) == 1

    simulator.clear_faults()
    send(twilio, "après la panne")
    assert [sms["body"] for sms in simulator.messages()] == ["avant la panne", "après la panne"]


def test_down_ends_by_itself(twilio: Client, simulator: Simulator) -> None:
    simulator.fault("down", seconds=0.3)
    failures = 0
    for _ in range(100_000):
        try:
            send(twilio)
            break
        except requests.ConnectionError:
            failures += 1
    assert failures > 0
    assert len(simulator.messages()) == 1


def test_a_fault_strikes_only_whom_and_as_often_as_it_was_asked_for(
    twilio: Client, simulator: Simulator
) -> None:
    simulator.fault("answer_500", to=TO, times=2)
    send(twilio, to=OTHER)
    assert [refused(twilio), refused(twilio)] == [(500, 20500), (500, 20500)]
    send(twilio)
    assert [sms["tries"] for sms in simulator.messages(TO)] == [3]


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ({"kind": "explode"}, "unknown kind 'explode'"),
        ({"kind": "slow"}, "needs 'seconds'"),
        ({"kind": "refuse", "to": TO}, "drop 'to'"),
        ({"kind": "down", "times": 1}, "does not count 'times'"),
        ({"kind": "reject", "error_code": -1}, "cannot be negative"),
    ],
)
def test_a_wrong_fault_is_refused_with_the_reason(
    simulator: Simulator, fault: dict[str, object], complaint: str
) -> None:
    with pytest.raises(SimulatorError, match=complaint):
        simulator.fault(**fault)  # type: ignore[arg-type]
