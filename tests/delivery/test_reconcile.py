"""A text whose fate nobody knows: the provider is asked, and sent only what it does not have."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from notifier.delivery.intervals import LISTED_WITHIN
from notifier.delivery.models import Lane, Message, MessageState
from notifier.delivery.providers.base import Receipt
from notifier.delivery.providers.twilio import http
from notifier.delivery.providers.twilio import provider as twilio_provider
from notifier.delivery.receipts.apply import ReceiptResult, apply_receipt
from notifier.delivery.sending.sender import deliver
from notifier.intake.schema.report import MAX_CLOCK_SKEW
from notifier.journal.models import Entry, Step
from notifier.simulator.client import Simulator
from tests.delivery.samples import PHONE, run_round, told

pytestmark = pytest.mark.django_db

Post = Callable[..., Message]
TimePasses = Callable[[Message, timedelta], None]


def lost(provider: Simulator, post: Post, fault: str) -> Message:
    """A message of which nobody can say whether the provider has it."""
    provider.fault(fault, times=1)
    message = post()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert message.state == MessageState.UNKNOWN
    return message


def settle(message: Message, time_passes: TimePasses) -> Message:
    """Let the time pass after which the provider can be asked, and sweep."""
    time_passes(message, LISTED_WITHIN)
    run_round()
    message.refresh_from_db()
    return message


@pytest.mark.parametrize("fault", ["answer_500_after_accept", "accept_then_cut"])
def test_what_the_provider_has_after_all_is_found_and_not_sent_twice(
    provider: Simulator, post: Post, time_passes: TimePasses, fault: str
) -> None:
    message = lost(provider, post, fault)
    settle(message, time_passes)
    assert message.state in (MessageState.ACCEPTED, MessageState.DELIVERED)
    assert message.provider_id == provider.messages()[0]["sid"]
    assert told(provider) == [PHONE]


def test_a_clock_that_ran_ahead_when_the_text_was_made_does_not_hide_it(
    provider: Simulator, post: Post, time_passes: TimePasses
) -> None:
    """As far as intake lets the clocks of two machines differ."""
    provider.fault("accept_then_cut", times=1)
    message = post()
    deliver(Lane.URGENT)
    Message.objects.filter(pk=message.pk).update(created_at=message.created_at + MAX_CLOCK_SKEW)
    settle(message, time_passes)
    assert message.provider_id == provider.messages()[0]["sid"]
    assert told(provider) == [PHONE]


def test_an_answer_that_comes_too_late_is_not_a_second_text(
    provider: Simulator, post: Post, time_passes: TimePasses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ_TIMEOUT_S", 0.3)
    provider.fault("accept_then_timeout", seconds=2, times=1)
    message = post()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert message.state == MessageState.UNKNOWN
    settle(message, time_passes)
    assert told(provider) == [PHONE]
    assert message.state in (MessageState.ACCEPTED, MessageState.DELIVERED)


@pytest.mark.parametrize("fault", ["answer_500", "refuse"])
def test_what_the_provider_never_got_is_sent_again(
    provider: Simulator, post: Post, time_passes: TimePasses, fault: str
) -> None:
    message = lost(provider, post, fault)
    settle(message, time_passes)
    assert message.state == MessageState.ACCEPTED
    assert told(provider) == [PHONE]


def test_an_unknown_fate_is_not_settled_before_the_provider_can_know(
    provider: Simulator, post: Post, time_passes: TimePasses
) -> None:
    provider.fault("answer_500", times=1)
    message = post()
    deliver(Lane.URGENT)
    time_passes(message, LISTED_WITHIN / 2)
    run_round()
    message.refresh_from_db()
    assert (message.state, told(provider)) == (MessageState.UNKNOWN, [])


def test_a_provider_that_cannot_be_asked_gets_nothing_twice(
    provider: Simulator, post: Post, time_passes: TimePasses
) -> None:
    provider.fault("accept_then_cut", times=1)
    provider.fault("lookup_500")
    message = post()
    deliver(Lane.URGENT)
    for _ in range(3):
        settle(message, time_passes)
        assert message.state == MessageState.UNKNOWN
    provider.clear_faults()
    settle(message, time_passes)
    assert message.state in (MessageState.ACCEPTED, MessageState.DELIVERED)
    assert told(provider) == [PHONE]


def test_an_older_text_with_the_same_words_is_not_taken_for_ours(
    provider: Simulator, post: Post, time_passes: TimePasses
) -> None:
    """The same words to the same phone, told earlier and recorded: they are another message's."""
    earlier = post()
    deliver(Lane.URGENT)
    earlier.refresh_from_db()
    provider.fault("answer_500", times=1)
    message = post()
    deliver(Lane.URGENT)
    settle(message, time_passes)
    assert told(provider) == [PHONE, PHONE]
    assert message.provider_id not in ("", earlier.provider_id)


@pytest.mark.parametrize("hides", ["redacted_words", "redacted_numbers"])
def test_of_texts_that_the_provider_hides_none_is_sent_twice(
    provider: Simulator, post: Post, time_passes: TimePasses, failed_ids: list[int], hides: str
) -> None:
    """Nobody can say whether one of them is ours: others are told, and a receipt may yet say."""
    provider.fault(hides)
    provider.fault("no_callback")
    message = lost(provider, post, "accept_then_cut")
    for _ in range(3):
        settle(message, time_passes)
    assert (message.state, message.due_at) == (MessageState.UNKNOWN, None)
    assert failed_ids == [message.pk]
    assert told(provider) == [PHONE]
    receipt = Receipt(provider.messages()[0]["sid"], MessageState.DELIVERED)
    assert apply_receipt(message.pk, receipt) is ReceiptResult.APPLIED
    message.refresh_from_db()
    assert message.state == MessageState.DELIVERED
    assert failed_ids == [message.pk]


@pytest.mark.parametrize("hides", ["redacted_words", "redacted_numbers"])
def test_hidden_texts_that_are_known_to_be_others_are_no_doubt(
    provider: Simulator, post: Post, time_passes: TimePasses, failed_ids: list[int], hides: str
) -> None:
    post()
    deliver(Lane.URGENT)
    provider.fault(hides)
    message = lost(provider, post, "answer_500")
    settle(message, time_passes)
    assert message.state in (MessageState.ACCEPTED, MessageState.DELIVERED)
    assert (told(provider), failed_ids) == ([PHONE, PHONE], [])


def test_what_may_stand_further_down_the_list_is_not_sent_twice(
    provider: Simulator,
    post: Post,
    time_passes: TimePasses,
    failed_ids: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a storm, on an account that hides numbers, ours may stand below all that is looked at."""
    monkeypatch.setattr(twilio_provider, "MAX_LISTED", 2)
    provider.fault("redacted_numbers")
    message = lost(provider, post, "accept_then_cut")
    for n in range(2):
        post(address=f"+3363997000{n}")
    deliver(Lane.URGENT)
    settle(message, time_passes)
    assert (message.is_given_up, failed_ids) == (True, [message.pk])
    assert told(provider).count(PHONE) == 1


def test_hidden_texts_to_another_phone_are_no_doubt(
    provider: Simulator, post: Post, time_passes: TimePasses
) -> None:
    post(address="+33639970001")
    deliver(Lane.URGENT)
    Message.objects.update(provider_id="SM0")
    provider.fault("redacted_numbers")
    message = lost(provider, post, "answer_500")
    settle(message, time_passes)
    assert told(provider) == ["+33639970001", PHONE]


def test_at_the_end_of_its_lifetime_an_unknown_fate_is_told_to_others(
    provider: Simulator, post: Post, time_passes: TimePasses, failed_ids: list[int]
) -> None:
    provider.fault("lookup_500")
    message = lost(provider, post, "accept_then_cut")
    settle(message, time_passes)
    assert (message.state, failed_ids) == (MessageState.UNKNOWN, [])
    Message.objects.filter(pk=message.pk).update(expires_at=timezone.now())
    for _ in range(2):
        settle(message, time_passes)
    assert (message.state, message.due_at, failed_ids) == (MessageState.UNKNOWN, None, [message.pk])
    assert Entry.objects.filter(step=Step.SETTLED).count() == 1
    assert told(provider) == [PHONE]


def test_many_unknown_fates_do_not_wait_for_each_others_silence(
    provider: Simulator,
    post: Post,
    time_passes: TimePasses,
    failed_ids: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A provider that hangs costs one question's time, and all of the round move on."""
    monkeypatch.setattr("notifier.delivery.receipts.reconcile.MAX_UNANSWERED_S", 0.0)
    provider.fault("answer_500", times=5)
    provider.fault("lookup_500")
    lost_ones = [post() for topic in range(5)]
    deliver(Lane.URGENT)
    Message.objects.update(expires_at=timezone.now())
    for message in lost_ones:
        time_passes(message, LISTED_WITHIN)
    run_round()
    assert sorted(failed_ids) == [message.pk for message in lost_ones]


@pytest.mark.parametrize("answer", ["accept_then_empty", "accept_then_null"])
def test_an_acceptance_without_a_number_is_asked_about(
    provider: Simulator, post: Post, time_passes: TimePasses, answer: str
) -> None:
    message = lost(provider, post, answer)
    assert message.provider_id == ""
    settle(message, time_passes)
    assert message.provider_id == provider.messages()[0]["sid"]
    assert told(provider) == [PHONE]
