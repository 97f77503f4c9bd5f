"""A superseded text is not sent any more: nobody reads the end before the alert."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection

from notifier.delivery.intervals import LISTED_WITHIN
from notifier.delivery.models import Lane, Message, MessageState
from notifier.delivery.outbox import cancel_superseded
from notifier.delivery.receipts.reconcile import _reconcile
from notifier.delivery.sending.claim import claim_due, claim_questions
from notifier.delivery.sending.record import record
from notifier.delivery.sending.sender import deliver, send
from notifier.journal.models import Entry, Step
from notifier.simulator.client import Simulator
from tests.delivery.samples import run_round

pytestmark = pytest.mark.django_db

Post = Callable[..., Message]
TimePasses = Callable[[Message, timedelta], None]


def states() -> list[str]:
    return list(Message.objects.order_by("id").values_list("state", flat=True))


def replace(first: Message, post: Post) -> Message:
    """A newer text for the reader of the first, as alerting makes one."""
    cancel_superseded([first.pk])
    return post(body="Fin")


def test_a_waiting_text_gives_way_to_the_newer_one(provider: Simulator, post: Post) -> None:
    replace(post(body="Première alerte"), post)
    deliver(Lane.URGENT)
    assert [sms["body"] for sms in provider.messages()] == ["Fin"]
    assert states() == [MessageState.CANCELLED, MessageState.ACCEPTED]
    assert Entry.objects.filter(step=Step.CANCELLED).count() == 1


def test_a_text_on_its_way_when_the_newer_came_is_not_tried_again(
    provider: Simulator, post: Post, time_passes: TimePasses
) -> None:
    first = post(body="Première alerte")
    (claimed,) = claim_due(Lane.URGENT)
    replace(first, post)
    provider.fault("answer_429", times=1)
    record([send(claimed)])
    first.refresh_from_db()
    assert first.state == MessageState.CANCELLED
    deliver(Lane.URGENT)
    assert [sms["body"] for sms in provider.messages()] == ["Fin"]


def test_a_text_of_unknown_fate_that_the_provider_lacks_is_not_sent_after_the_newer(
    provider: Simulator, post: Post, time_passes: TimePasses
) -> None:
    provider.fault("answer_500", times=1)
    first = post(body="Première alerte")
    deliver(Lane.URGENT)
    replace(first, post)
    time_passes(first, LISTED_WITHIN)
    run_round()
    assert [sms["body"] for sms in provider.messages()] == ["Fin"]
    assert states() == [MessageState.CANCELLED, MessageState.ACCEPTED]


@pytest.mark.parametrize(
    ("state", "after", "is_marked"),
    [
        (MessageState.PENDING, MessageState.CANCELLED, True),
        (MessageState.SENDING, MessageState.SENDING, True),
        (MessageState.UNKNOWN, MessageState.UNKNOWN, True),
        (MessageState.ACCEPTED, MessageState.ACCEPTED, False),
        (MessageState.DELIVERED, MessageState.DELIVERED, False),
        (MessageState.FAILED, MessageState.FAILED, False),
    ],
)
def test_what_the_provider_may_have_is_marked_and_only_what_waits_is_cancelled(
    post: Post, state: MessageState, after: MessageState, is_marked: bool
) -> None:
    message, other = post(), post(address="+33639980102")
    Message.objects.filter(pk=message.pk).update(state=state)
    for _ in range(2):
        cancel_superseded([message.pk])
    due_at = message.due_at
    message.refresh_from_db()
    other.refresh_from_db()
    assert (message.state, message.superseded_at is not None) == (after, is_marked)
    is_cancelled = after == MessageState.CANCELLED
    assert (message.due_at, message.ended_at is not None) == (
        None if is_cancelled else due_at,
        is_cancelled,
    )
    assert Entry.objects.filter(step=Step.CANCELLED).count() == is_cancelled
    assert (other.state, other.superseded_at) == (MessageState.PENDING, None)


@contextmanager
def before_the_next_update(happens: Callable[[], object]) -> Iterator[None]:
    """Let something happen once, right before a message is updated: all checks are made by then."""
    pending = [happens]

    def run(execute, sql, params, many, context):
        if pending and sql.startswith('UPDATE "delivery_message"'):
            pending.pop()()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(run):
        yield
    assert not pending


def test_a_text_superseded_while_its_failure_is_recorded_is_not_tried_again(
    provider: Simulator, post: Post
) -> None:
    first = post(body="Première alerte")
    (claimed,) = claim_due(Lane.URGENT)
    provider.fault("answer_429", times=1)
    ended = send(claimed)
    with before_the_next_update(lambda: replace(first, post)):
        record([ended])
    first.refresh_from_db()
    assert first.state == MessageState.CANCELLED
    assert "un texte plus récent le remplace" in Entry.objects.get(step=Step.ATTEMPT).text


def test_a_text_superseded_while_it_goes_back_to_pending_is_not_sent_again(
    provider: Simulator, post: Post, time_passes: TimePasses
) -> None:
    provider.fault("answer_500", times=1)
    first = post(body="Première alerte")
    deliver(Lane.URGENT)
    time_passes(first, LISTED_WITHIN)
    (asked,) = claim_questions(MessageState.UNKNOWN, again_after=timedelta(seconds=10))
    with before_the_next_update(lambda: replace(first, post)):
        _reconcile(asked, True)
    assert states() == [MessageState.CANCELLED, MessageState.PENDING]
    assert Entry.objects.filter(step=Step.CANCELLED).count() == 1
