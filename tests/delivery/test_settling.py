"""A text whose fate nobody knows: the provider is asked, and sent only what it does not have."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.delivery.deliver import deliver
from notifier.delivery.models import Lane, Message, MessageState
from notifier.delivery.schedule import LISTED_WITHIN
from notifier.delivery.transports.twilio import http
from notifier.intake.schema import FURTHEST_AHEAD
from notifier.simulator.client import Simulator
from tests.delivery.letters import PHONE, a_round, told

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
    a_round()
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
    Message.objects.filter(pk=message.pk).update(created_at=message.created_at + FURTHEST_AHEAD)
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
    a_round()
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
    earlier = post(topic="0")
    deliver(Lane.URGENT)
    earlier.refresh_from_db()
    provider.fault("answer_500", times=1)
    message = post()
    deliver(Lane.URGENT)
    settle(message, time_passes)
    assert told(provider) == [PHONE, PHONE]
    assert message.provider_id not in ("", earlier.provider_id)
