"""One text, one address, once: the straight way, and every way in which a try can go wrong."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from notifier.delivery.models import Lane, Message, MessageState
from notifier.delivery.outbox import enqueue_messages
from notifier.delivery.sending.sender import deliver
from notifier.delivery.signals import delivery_failed
from notifier.journal.models import Entry, Step
from notifier.simulator.client import Simulator
from tests.delivery.samples import OUTGOING, PHONE, run_round, told

pytestmark = pytest.mark.django_db

Post = Callable[..., Message]
TimePasses = Callable[[Message, timedelta], None]


def steps() -> list[tuple[str, str]]:
    return [(entry.step, entry.data.get("result", "")) for entry in Entry.objects.order_by("id")]


def test_a_letter_reaches_its_phone_with_its_text_and_is_accepted(
    provider: Simulator, post: Post
) -> None:
    message = post()
    assert deliver(Lane.URGENT) == 1
    message.refresh_from_db()
    (sms,) = provider.messages()
    assert (sms["to"], sms["body"], sms["sid"]) == (PHONE, OUTGOING.body, message.provider_id)
    assert message.state == MessageState.ACCEPTED
    assert message.attempt_count == 1
    assert message.accepted_at is not None
    assert steps() == [(Step.ATTEMPT, "accepted")]


def test_the_journal_names_neither_number_nor_text(provider: Simulator, post: Post) -> None:
    post()
    deliver(Lane.URGENT)
    (entry,) = Entry.objects.all()
    assert "maire" in entry.text
    assert "+33 6 •• •• •• 01" in entry.text
    assert PHONE not in entry.text + str(entry.data)


def test_what_is_delivered_is_not_delivered_again(provider: Simulator, post: Post) -> None:
    post()
    deliver(Lane.URGENT)
    deliver(Lane.URGENT)
    run_round()
    assert told(provider) == [PHONE]


def test_nothing_to_entrust_is_no_fault() -> None:
    enqueue_messages([])
    assert not Message.objects.exists()


def test_a_lane_is_delivered_by_itself(provider: Simulator, post: Post) -> None:
    post(lane=Lane.ROUTINE)
    assert deliver(Lane.URGENT) == 0
    assert deliver(Lane.ROUTINE) == 1


def test_more_than_a_batch_is_sent_whole(provider: Simulator, post: Post) -> None:
    phones = [f"+336399801{n:02d}" for n in range(70)]
    for phone in phones:
        post(address=phone)
    assert deliver(Lane.URGENT) == len(phones)
    assert sorted(told(provider)) == phones
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.ACCEPTED}


def test_429_is_tried_again_when_the_provider_says(
    provider: Simulator, post: Post, time_passes: TimePasses
) -> None:
    provider.fault("answer_429", retry_after=30, times=1)
    message = post()
    before = timezone.now()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert message.state == MessageState.PENDING
    assert message.due_at is not None
    assert message.due_at >= before + timedelta(seconds=30)
    deliver(Lane.URGENT)
    assert told(provider) == []
    time_passes(message, timedelta(seconds=40))
    deliver(Lane.URGENT)
    assert told(provider) == [PHONE]


def test_a_provider_that_is_down_gets_the_text_once_it_is_back(
    provider: Simulator, post: Post, time_passes: TimePasses
) -> None:
    provider.fault("down")
    message = post()
    for _ in range(3):
        deliver(Lane.URGENT)
        message.refresh_from_db()
        assert message.state == MessageState.PENDING
        time_passes(message, timedelta(minutes=10))
    provider.clear_faults()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert (message.state, message.attempt_count) == (MessageState.ACCEPTED, 4)
    assert told(provider) == [PHONE]


@pytest.mark.parametrize("code", [21211, 21610, 21614])
def test_a_permanent_refusal_ends_at_once_and_is_told(
    provider: Simulator, post: Post, failed_ids: list[int], code: int
) -> None:
    provider.fault("reject", error_code=code)
    message = post()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert (message.state, message.error_code, message.due_at) == (
        MessageState.FAILED,
        str(code),
        None,
    )
    assert failed_ids == [message.pk]
    assert told(provider) == []


def test_a_refusal_that_an_operator_can_mend_is_tried_again_loudly(
    provider: Simulator,
    post: Post,
    failed_ids: list[int],
    time_passes: TimePasses,
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider.fault("reject", error_code=20003, times=1)
    message = post()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert (message.state, failed_ids) == (MessageState.PENDING, [])
    (line,) = [line for line in caplog.records if line.levelname == "ERROR"]
    assert "our account" in line.getMessage() and "20003" in line.getMessage()
    assert PHONE not in line.getMessage()
    time_passes(message, timedelta(minutes=5))
    deliver(Lane.URGENT)
    assert told(provider) == [PHONE]


def test_past_its_lifetime_nothing_is_sent(
    provider: Simulator, post: Post, failed_ids: list[int]
) -> None:
    message = post(expires_at=timezone.now() - timedelta(seconds=1))
    run_round()
    message.refresh_from_db()
    assert (message.state, told(provider), failed_ids) == (MessageState.EXPIRED, [], [message.pk])
    assert steps() == [(Step.EXPIRED, "")]


def test_a_retry_beyond_the_lifetime_ends_the_message_now(
    provider: Simulator, post: Post, failed_ids: list[int]
) -> None:
    provider.fault("answer_429", retry_after=3600)
    message = post(expires_at=timezone.now() + timedelta(minutes=5))
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert (message.state, failed_ids) == (MessageState.EXPIRED, [message.pk])
    said = Entry.objects.latest("id").text
    assert "périmé" in said and "à réessayer" not in said


def test_a_bad_end_is_told_once_even_when_the_listener_fails_at_first(
    provider: Simulator, post: Post, failed_ids: list[int]
) -> None:
    failures = iter([RuntimeError("database gone")])

    def fail_once(message: Message, **_: object) -> None:
        for failure in failures:
            raise failure

    delivery_failed.connect(fail_once, weak=False)
    provider.fault("reject", error_code=21211)
    message = post()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert not message.is_followed_up
    run_round()
    run_round()
    message.refresh_from_db()
    assert message.is_followed_up
    assert failed_ids == [message.pk, message.pk]  # the first was undone with the failure
