"""Calls by the provider's own library against the simulator: made once, settled by asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from notifier.delivery.models import Channel, Lane, Message, MessageState
from notifier.delivery.providers import registry
from notifier.delivery.providers.base import AddressFault, Receipt
from notifier.delivery.receipts.apply import ReceiptResult, apply_receipt
from notifier.delivery.sending import rate_limit
from notifier.delivery.sending.sender import deliver
from notifier.simulator.client import Simulator
from tests.delivery.samples import PHONE, run_round
from tests.harness.variables import changed

pytestmark = pytest.mark.django_db
CALLER = "+33353010090"
LANDLINE = "+33384000001"
SPOKEN = "Gendarmerie. Delle. Feu d’habitation. Appuyez sur 1 si c’est noté."
A_MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _caller(provider: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(
        settings, "ENVIRONMENT", changed(settings.ENVIRONMENT, TWILIO_VOICE_FROM=CALLER)
    )
    rate_limit.rate_limit_of.cache_clear()
    # Nobody listens: each test says itself what is told.
    provider.fault("no_callback")
    yield
    rate_limit.rate_limit_of.cache_clear()


@pytest.fixture
def call(post: Callable[..., Message]) -> Callable[..., Message]:
    """Enqueue a call, and return its row."""
    usual = {"channel": Channel.VOICE, "address": LANDLINE, "body": SPOKEN}
    return lambda **changes: post(**{**usual, **changes})


def _now(message: Message) -> Message:
    message.refresh_from_db()
    return message


def test_a_call_is_made_once_and_says_its_text_twice(
    provider: Simulator, call: Callable[..., Message]
) -> None:
    message = call()
    deliver(Lane.URGENT)
    (made,) = provider.calls()
    assert (made["to"], made["from"]) == (LANDLINE, CALLER)
    assert made["twiml"].count(SPOKEN) == 2
    assert f"/{message.pk}/key" in made["twiml"]
    assert _now(message).state == MessageState.ACCEPTED
    assert message.provider_id == made["sid"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("call_busy", "busy"),
        ("call_no_answer", "no-answer"),
        ("call_failed", "failed"),
        ("call_canceled", "canceled"),
        ("call_machine", "machine"),
        ("call_no_key", "no-key"),
    ],
)
def test_without_a_receipt_the_provider_is_asked_and_nobody_counts_as_told(
    provider: Simulator,
    call: Callable[..., Message],
    failed_ids: list[int],
    time_passes: Callable[[Message, timedelta], None],
    fault: str,
    code: str,
) -> None:
    provider.fault(fault, to=LANDLINE)
    message = call()
    deliver(Lane.URGENT)
    provider.wait_for_calls_to_end(LANDLINE)
    time_passes(message, 3 * A_MINUTE)
    run_round()
    assert (_now(message).state, message.error_code) == (MessageState.UNDELIVERED, code)
    assert failed_ids == [message.pk]


@pytest.mark.parametrize(
    "fault", ["accept_then_cut", "accept_then_empty", "answer_500_after_accept"]
)
def test_a_call_that_may_have_been_made_is_asked_for_and_not_made_again(
    provider: Simulator,
    call: Callable[..., Message],
    time_passes: Callable[[Message, timedelta], None],
    fault: str,
) -> None:
    provider.fault(fault, times=1)
    message = call()
    deliver(Lane.URGENT)
    assert _now(message).state == MessageState.UNKNOWN
    time_passes(message, A_MINUTE)
    run_round()
    (made,) = provider.calls()
    assert (_now(message).state, message.provider_id) == (MessageState.ACCEPTED, made["sid"])


def test_a_call_that_was_not_made_is_made(
    provider: Simulator,
    call: Callable[..., Message],
    time_passes: Callable[[Message, timedelta], None],
) -> None:
    provider.fault("answer_500", times=1)
    message = call()
    deliver(Lane.URGENT)
    time_passes(message, A_MINUTE)
    run_round()
    assert len(provider.calls()) == 1
    assert _now(message).state == MessageState.ACCEPTED


def test_of_two_unsettled_calls_to_one_number_neither_is_made_again(
    provider: Simulator,
    call: Callable[..., Message],
    failed_ids: list[int],
    time_passes: Callable[[Message, timedelta], None],
) -> None:
    """Nothing in the provider's list tells which of the two it is: others are told."""
    provider.fault("accept_then_cut", times=1)
    provider.fault("answer_500", times=1)
    messages = [call(), call()]
    deliver(Lane.URGENT)
    for message in messages:
        time_passes(message, A_MINUTE)
    run_round()
    assert len(provider.calls()) == 1
    assert [_now(message).state for message in messages] == [MessageState.UNKNOWN] * 2
    assert sorted(failed_ids) == [message.pk for message in messages]


@pytest.mark.parametrize("code", [21211, 21214, 13224])
def test_a_number_that_cannot_be_called_fails_at_once(
    provider: Simulator, call: Callable[..., Message], failed_ids: list[int], code: int
) -> None:
    provider.fault("reject", to=LANDLINE, error_code=code)
    message = call()
    deliver(Lane.URGENT)
    assert _now(message).state == MessageState.FAILED
    assert registry.address_fault(message) is AddressFault.DEAD
    assert failed_ids == [message.pk]


def test_without_a_number_to_call_from_nobody_is_called(
    provider: Simulator,
    call: Callable[..., Message],
    failed_ids: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        settings, "ENVIRONMENT", changed(settings.ENVIRONMENT, TWILIO_VOICE_FROM="")
    )
    registry.provider_named.cache_clear()
    message = call()
    deliver(Lane.URGENT)
    assert provider.requests() == 0
    assert (_now(message).state, message.error_code) == (MessageState.FAILED, "no-caller")
    assert "TWILIO_VOICE_FROM" in registry.explain_error(message)
    assert registry.address_fault(message) is None
    assert failed_ids == [message.pk]


SID = "CA" + "1" * 32


def _call_receipt(state: MessageState, code: str = "") -> Receipt:
    return Receipt(SID, state, code, address=LANDLINE)


@pytest.mark.parametrize(
    "order",
    [
        ["ringing", "key", "completed"],
        ["key", "ringing", "completed"],
        ["completed", "ringing", "key"],
        ["key", "key", "completed", "completed"],
        ["completed", "completed", "key"],
    ],
)
def test_receipts_of_a_call_in_any_order_end_with_the_key(
    call: Callable[..., Message], receivers_of_failure: Any, order: list[str]
) -> None:
    message = call()
    said = {
        "ringing": _call_receipt(MessageState.ACCEPTED),
        "completed": _call_receipt(MessageState.UNDELIVERED, "no-key"),
        "key": _call_receipt(MessageState.DELIVERED),
    }
    for name in order:
        apply_receipt(message.pk, said[name])
    assert _now(message).state == MessageState.DELIVERED


def test_a_receipt_of_another_call_changes_nothing(call: Callable[..., Message]) -> None:
    message = call()
    deliver(Lane.URGENT)
    assert apply_receipt(message.pk, _call_receipt(MessageState.DELIVERED)) is (
        ReceiptResult.MISMATCH
    )
    assert _now(message).state == MessageState.ACCEPTED


def test_a_limit_of_calls_holds_no_text_up(
    provider: Simulator,
    call: Callable[..., Message],
    post: Callable[..., Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "ENVIRONMENT", changed(settings.ENVIRONMENT, CALLS_PER_SECOND=1))
    rate_limit.rate_limit_of.cache_clear()
    calls = [call(address=f"+3338400001{n}") for n in range(4)]
    texts = [post(body=f"texte {n}") for n in range(8)]
    deliver(Lane.URGENT)
    assert {_now(text).state for text in texts} == {MessageState.ACCEPTED}
    assert len(provider.messages(PHONE)) == 8
    states = sorted(_now(each).state for each in calls)
    assert states == ["accepted", "pending", "pending", "pending"]
