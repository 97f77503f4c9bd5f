"""Claims and leases: two workers, dead workers, frozen workers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from notifier.delivery.intervals import FRESH_CLAIM, LEASE
from notifier.delivery.models import Lane, Message, MessageState, Result
from notifier.delivery.outbox import cancel_pending
from notifier.delivery.providers.base import Outcome, SendResult
from notifier.delivery.sending.claim import claim_due, mark_expired_leases
from notifier.delivery.sending.record import record
from notifier.delivery.sending.sender import deliver
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry
from notifier.simulator.client import Simulator
from tests.delivery.samples import PHONE, run_round

pytestmark = pytest.mark.django_db

Post = Callable[..., Message]
TimePasses = Callable[[Message, timedelta], None]


def ended(message: Message, outcome: Outcome) -> SendResult:
    now = timezone.now()
    return SendResult(message, outcome, now, now)


def test_a_claimed_message_is_nobody_elses(post: Post) -> None:
    message = post()
    (mine,) = claim_due(Lane.URGENT)
    assert mine.pk == message.pk
    assert (mine.state, mine.attempt_count) == (MessageState.SENDING, 1)
    assert claim_due(Lane.URGENT) == []


def test_a_claim_takes_the_longest_due_and_no_more_than_asked(post: Post) -> None:
    messages = [post(address=f"+3363998010{n}") for n in range(4)]
    now = timezone.now()
    for age, message in enumerate(messages):
        Message.objects.filter(pk=message.pk).update(due_at=now - timedelta(minutes=age))
    taken = claim_due(Lane.URGENT, most=2)
    assert {m.pk for m in taken} == {messages[3].pk, messages[2].pk}


def test_what_is_not_due_yet_is_not_taken(post: Post) -> None:
    message = post()
    Message.objects.filter(pk=message.pk).update(due_at=timezone.now() + timedelta(minutes=1))
    assert claim_due(Lane.URGENT) == []


def test_a_worker_that_died_before_sending_costs_a_question_and_then_one_text(
    provider: Simulator, post: Post, time_passes: TimePasses
) -> None:
    message = post()
    claim_due(Lane.URGENT)  # and dead
    run_round()
    message.refresh_from_db()
    assert message.state == MessageState.SENDING
    time_passes(message, LEASE)
    run_round()
    message.refresh_from_db()
    assert message.state == MessageState.ACCEPTED
    assert [sms["to"] for sms in provider.messages()] == [PHONE]
    assert "s’est arrêté en chemin" in Entry.objects.earliest("id").text


def test_a_worker_that_died_after_sending_costs_a_question_and_no_second_text(
    provider: Simulator, post: Post, time_passes: TimePasses, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = post()
    with monkeypatch.context() as dead:
        dead.setattr("notifier.delivery.sending.sender.record", lambda _tries: None)
        deliver(Lane.URGENT)
    message.refresh_from_db()
    assert message.state == MessageState.SENDING
    time_passes(message, LEASE)
    run_round()
    message.refresh_from_db()
    assert message.state in (MessageState.ACCEPTED, MessageState.DELIVERED)
    assert len(provider.messages()) == 1


def test_a_worker_that_comes_back_from_a_freeze_does_not_send(
    provider: Simulator, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = post()

    def frozen(lane: Lane, most: int) -> list[Message]:
        claimed = claim_due(lane, most)
        for one in claimed:
            one.claimed_at = timezone.now() - FRESH_CLAIM * 2
        return claimed

    with monkeypatch.context() as freeze:
        freeze.setattr("notifier.delivery.sending.sender.claim_due", frozen)
        deliver(Lane.URGENT)
    assert provider.messages() == []
    message.refresh_from_db()
    assert message.state == MessageState.PENDING


def test_a_late_record_of_a_lapsed_lease_still_counts(post: Post) -> None:
    message = post()
    (mine,) = claim_due(Lane.URGENT)
    Message.objects.filter(pk=message.pk).update(due_at=timezone.now())
    mark_expired_leases(lambda lost: new_entry(lost.incident_id, Step.ATTEMPT, "sort inconnu"))
    record([ended(mine, Outcome(Result.ACCEPTED, provider_id="SM1"))])
    message.refresh_from_db()
    assert (message.state, message.provider_id) == (MessageState.ACCEPTED, "SM1")


def test_a_late_record_keeps_a_message_given_up_for_lost_from_a_second_sending(post: Post) -> None:
    message = post()
    (mine,) = claim_due(Lane.URGENT)
    Message.objects.filter(pk=message.pk).update(state=MessageState.PENDING)
    record([ended(mine, Outcome(Result.ACCEPTED, provider_id="SM1"))])
    message.refresh_from_db()
    assert message.state == MessageState.ACCEPTED
    assert claim_due(Lane.URGENT) == []


def test_a_record_on_a_claim_that_another_took_over_changes_nothing(post: Post) -> None:
    message = post()
    (late,) = claim_due(Lane.URGENT)
    Message.objects.filter(pk=message.pk).update(state=MessageState.PENDING, due_at=timezone.now())
    (other,) = claim_due(Lane.URGENT)
    record([ended(late, Outcome(Result.RETRY))])
    message.refresh_from_db()
    assert (message.state, message.claim) == (MessageState.SENDING, other.claim)


def test_withdrawing_takes_back_only_what_was_not_sent(provider: Simulator, post: Post) -> None:
    sent = post(address="+33639980101")
    deliver(Lane.URGENT)
    waiting = post(address="+33639980102")
    assert cancel_pending([sent.pk, waiting.pk]) == 1
    for message in (sent, waiting):
        message.refresh_from_db()
    assert (sent.state, waiting.state) == (MessageState.ACCEPTED, MessageState.CANCELLED)
    run_round()
    assert [sms["to"] for sms in provider.messages()] == ["+33639980101"]
