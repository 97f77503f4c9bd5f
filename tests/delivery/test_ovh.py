"""Texts by OVHcloud: what it is asked for, what its answers mean, and what it is asked about."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from notifier.delivery import routing
from notifier.delivery.intervals import LISTED_WITHIN
from notifier.delivery.models import Lane, Message, MessageState, Result
from notifier.delivery.providers.base import AddressFault, Outcome
from notifier.delivery.providers.ovh import client as ovh_client
from notifier.delivery.providers.ovh.provider import OvhProvider
from notifier.delivery.providers.ovh.webhook import callback_url
from notifier.delivery.providers.registry import (
    address_fault,
    explain_error,
    provider_named,
    sms_provider_named,
)
from notifier.delivery.sending.sender import deliver
from notifier.simulator.client import Simulator
from tests.delivery.samples import PHONE, run_round, told
from tests.harness.variables import changed

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what a provider answers is no matter of SQL"),
]

Post = Callable[..., Message]
TimePasses = Callable[[Message, timedelta], None]


@pytest.fixture
def ovh(both: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """OVHcloud as the only provider that is asked."""
    alone = changed(settings.ENVIRONMENT, SMS_PROVIDERS="ovh", TWILIO_ACCOUNT_SID="")
    monkeypatch.setattr(settings, "ENVIRONMENT", alone)
    return both


def delivered(post: Post, **changes: object) -> Message:
    message = post(**changes)
    deliver(Lane.URGENT)
    message.refresh_from_db()
    return message


def settle(message: Message, time_passes: TimePasses) -> Message:
    time_passes(message, LISTED_WITHIN)
    run_round()
    message.refresh_from_db()
    return message


def outcome(post: Post) -> Outcome:
    return sms_provider_named("ovh").send(post())


def test_a_text_is_no_advertising_and_leaves_at_night(ovh: Simulator, post: Post) -> None:
    ovh.fault("ovh_night")
    message = delivered(post)
    [sms] = ovh.messages()
    assert (sms["provider"], sms["to"], sms["body"]) == ("ovh", PHONE, message.body)
    assert (message.state, message.provider_id) == (MessageState.ACCEPTED, sms["sid"])
    ovh.wait(settled=True)
    assert ovh.messages()[0]["status"] == "delivered"


@pytest.mark.parametrize(
    ("fault", "result", "code", "common"),
    [
        ("reject", Result.PERMANENT, "receiver", False),
        ("ovh_stopped", Result.PERMANENT, "blacklisted", False),
        ("ovh_no_credit", Result.RETRY, "credit", True),
        ("ovh_bad_sender", Result.RETRY, "sender", True),
        ("ovh_bad_key", Result.RETRY, "INVALID_CREDENTIAL", True),
        ("answer_429", Result.RETRY, "429", False),
        ("answer_500", Result.UNKNOWN, "500", True),
        ("refuse", Result.UNKNOWN, "", True),
        ("accept_then_cut", Result.UNKNOWN, "", True),
        ("accept_then_empty", Result.UNKNOWN, "", True),
        ("accept_then_null", Result.UNKNOWN, "", True),
    ],
)
def test_what_its_answers_mean(
    ovh: Simulator, post: Post, fault: str, result: Result, code: str, common: bool
) -> None:
    sms_provider_named("ovh").is_available()  # the clock is known: only the text meets the fault
    ovh.fault(fault)
    met = outcome(post)
    assert (met.result, met.code, met.is_common) == (result, code, common)


def test_a_server_that_is_down_has_nothing(ovh: Simulator, post: Post) -> None:
    ovh.fault("ovh_down")
    for known in (None, 0):  # without its clock, and with it
        provider = OvhProvider.from_settings()
        provider._clock.ahead_s, provider._clock.read_at = known, time.monotonic()
        met = provider.send(post())
        assert (met.result, met.is_common) == (Result.RETRY, True)


def test_without_its_keys_it_refuses_every_text_alike(
    both: Simulator, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that waits there when the keys are taken away goes to the other."""
    message = post(sms_providers=("ovh", "twilio"))
    without = changed(settings.ENVIRONMENT, OVH_CONSUMER_KEY="", OVH_APPLICATION_SECRET="")
    monkeypatch.setattr(settings, "ENVIRONMENT", without)
    met = OvhProvider.from_settings().send(message)
    assert (met.result, met.code, met.is_common) == (Result.RETRY, "account", True)
    provider_named.cache_clear()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert (message.state, message.provider) == (MessageState.PENDING, "twilio")


def test_a_clock_that_went_wrong_is_read_again(
    ovh: Simulator, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = provider_named("ovh")
    assert isinstance(provider, OvhProvider)
    assert provider.send(post()).result is Result.ACCEPTED
    provider._clock.ahead_s = -3_600
    met = provider.send(post())
    assert (met.result, met.code, met.is_common) == (Result.RETRY, "clock", True)
    assert provider.send(post()).result is Result.ACCEPTED


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("receiver", AddressFault.DEAD),
        ("23", AddressFault.DEAD),
        ("blacklisted", AddressFault.OPTED_OUT),
        ("24", None),
        ("credit", None),
    ],
)
def test_an_error_is_read_by_the_tables_of_its_own_provider(
    code: str, fault: AddressFault | None
) -> None:
    message = Message(channel="sms", provider="ovh", error_code=code)
    assert address_fault(message) is fault
    assert "erreur" not in explain_error(message)


@pytest.mark.parametrize("fault", ["answer_500_after_accept", "accept_then_cut"])
def test_what_it_has_after_all_is_found_and_not_sent_twice(
    ovh: Simulator, post: Post, time_passes: TimePasses, fault: str
) -> None:
    ovh.fault(fault, times=1)
    message = settle(delivered(post), time_passes)
    assert message.provider_id == ovh.messages()[0]["sid"]
    assert told(ovh) == [PHONE]


def test_what_it_never_got_is_sent_again(
    ovh: Simulator, post: Post, time_passes: TimePasses
) -> None:
    ovh.fault("answer_500", times=1)
    message = settle(delivered(post), time_passes)
    assert message.state == MessageState.ACCEPTED
    assert told(ovh) == [PHONE]


def test_an_older_text_with_the_same_words_is_not_taken_for_ours(
    ovh: Simulator, post: Post, time_passes: TimePasses
) -> None:
    earlier = delivered(post)
    ovh.fault("answer_500", times=1)
    message = settle(delivered(post), time_passes)
    assert message.provider_id not in ("", earlier.provider_id)
    assert told(ovh) == [PHONE, PHONE]


def test_an_answer_that_comes_too_late_is_not_a_second_text(
    ovh: Simulator, post: Post, time_passes: TimePasses, monkeypatch: pytest.MonkeyPatch
) -> None:
    sms_provider_named("ovh").is_available()
    monkeypatch.setattr(ovh_client, "READ_TIMEOUT_S", 0.3)
    ovh.fault("accept_then_timeout", seconds=2, times=1)
    message = delivered(post)
    assert message.state == MessageState.UNKNOWN
    monkeypatch.undo()
    settle(message, time_passes)
    assert told(ovh) == [PHONE]


def test_an_overdue_receipt_is_asked_for(
    ovh: Simulator, post: Post, time_passes: TimePasses
) -> None:
    ovh.fault("undelivered")
    message = delivered(post)
    ovh.wait(settled=True)
    time_passes(message, timedelta(minutes=3))
    run_round()
    message.refresh_from_db()
    assert (message.state, message.error_code) == (MessageState.UNDELIVERED, "24")


def test_what_it_has_no_trace_of_any_more_is_told_to_another(
    ovh: Simulator, post: Post, time_passes: TimePasses, failed_ids: list[int]
) -> None:
    ovh.fault("no_callback")
    ovh.fault("lookup_404")
    message = delivered(post)
    time_passes(message, timedelta(minutes=3))
    run_round()
    message.refresh_from_db()
    assert (message.state, failed_ids) == (MessageState.UNDELIVERED, [message.pk])
    assert explain_error(message) == "OVHcloud n’en a plus trace (gone)"


@pytest.mark.parametrize(
    ("query", "state"),
    [
        ({"ptt": "4", "description": "1"}, MessageState.DELIVERED),
        ({"ptt": "24", "description": "2"}, MessageState.UNDELIVERED),
        ({"ptt": "3", "description": "4"}, MessageState.ACCEPTED),
    ],
)
def test_a_receipt_names_its_text_by_its_number(
    ovh: Simulator, post: Post, query: dict[str, str], state: MessageState
) -> None:
    message = delivered(post)
    path = callback_url().removeprefix(settings.ENVIRONMENT.PUBLIC_URL)
    assert Client().get(path, {"id": message.provider_id, **query}).status_code == 204
    message.refresh_from_db()
    assert message.state == state


def test_no_receipt_of_a_stranger_is_taken(ovh: Simulator, post: Post) -> None:
    message = delivered(post)
    said = {"id": message.provider_id, "ptt": "4", "description": "1"}
    path = callback_url().removeprefix(settings.ENVIRONMENT.PUBLIC_URL)
    for where, what, status in (
        (path[:-1] + "-", said, 404),
        (path, {**said, "id": "1"}, 404),
        (path, {**said, "id": "SM1"}, 400),
        (path, {"id": message.provider_id}, 400),
    ):
        assert Client().get(where, what).status_code == status
    assert Client().post(path, said).status_code == 405
    message.refresh_from_db()
    assert message.state == MessageState.ACCEPTED


def test_a_receipt_that_is_here_before_its_number_is_to_come_again(
    ovh: Simulator, post: Post
) -> None:
    ovh.fault("accept_then_cut", times=1)
    delivered(post)
    path = callback_url().removeprefix(settings.ENVIRONMENT.PUBLIC_URL)
    said = {"id": ovh.messages()[0]["sid"], "ptt": "4", "description": "1"}
    assert Client().get(path, said).status_code == 503


def test_with_one_provider_nothing_is_counted(ovh: Simulator, post: Post) -> None:
    ovh.fault("ovh_no_credit")
    for _ in range(routing.FAILURES):
        delivered(post)
    assert routing.set_aside() == []
