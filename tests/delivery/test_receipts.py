"""Receipts: early, late, twice, out of order, never; a state never walks backwards."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifier.delivery.claim import claim_due
from notifier.delivery.deliver import Try, deliver
from notifier.delivery.models import Lane, Message, MessageState
from notifier.delivery.receipts import Reading, Receipt, apply_all, apply_receipt
from notifier.delivery.record import record
from notifier.delivery.schedule import RECEIPT_OVERDUE
from notifier.delivery.transports.base import Fate, Outcome, Result
from notifier.journal.models import Entry, Step
from notifier.simulator.client import Simulator
from tests.delivery.conftest import ACCOUNT, TOKEN
from tests.delivery.letters import a_round

pytestmark = pytest.mark.django_db

Post = Callable[..., Message]
TimePasses = Callable[[Message, timedelta], None]

SENT = Fate("SM1", MessageState.ACCEPTED)
DELIVERED = Fate("SM1", MessageState.DELIVERED)
UNDELIVERED = Fate("SM1", MessageState.UNDELIVERED, "30003")


def accept(message: Message) -> None:
    now = timezone.now()
    record([Try(message, Outcome(Result.ACCEPTED, provider_id="SM1"), now, now)])


def test_a_receipt_of_an_accepted_message_ends_it(post: Post) -> None:
    message = post()
    accept(*claim_due(Lane.URGENT))
    assert apply_receipt(message.pk, DELIVERED) is Reading.APPLIED
    message.refresh_from_db()
    assert (message.state, message.due_at) == (MessageState.DELIVERED, None)
    assert message.ended_at is not None


def test_a_receipt_that_comes_before_our_own_record_stands(post: Post) -> None:
    message = post()
    (claimed,) = claim_due(Lane.URGENT)
    assert apply_receipt(message.pk, DELIVERED) is Reading.APPLIED
    accept(claimed)
    message.refresh_from_db()
    assert (message.state, message.provider_id, message.due_at) == (
        MessageState.DELIVERED,
        "SM1",
        None,
    )


def test_twice_and_out_of_order_is_old_news_and_one_line_in_the_journal(post: Post) -> None:
    message = post()
    accept(*claim_due(Lane.URGENT))
    assert apply_receipt(message.pk, DELIVERED) is Reading.APPLIED
    for fate in (DELIVERED, SENT, UNDELIVERED):
        assert apply_receipt(message.pk, fate) is Reading.OLD_NEWS
    message.refresh_from_db()
    assert message.state == MessageState.DELIVERED
    assert Entry.objects.filter(step=Step.RECEIPT).count() == 1


def test_receipts_applied_together_end_as_if_they_came_one_by_one(post: Post) -> None:
    early, twice, refused, foreign = (post(topic=topic).pk for topic in "1234")
    claimed = claim_due(Lane.URGENT, 4)
    taken = [
        Try(m, Outcome(Result.ACCEPTED, provider_id=f"SM{m.pk}"), m.created_at, m.created_at)
        for m in claimed
    ]
    record([t for t in taken if t.message.pk != early])

    def says(message_id: int, state: MessageState, of: int | None = None) -> Receipt:
        return Receipt(message_id, Fate(f"SM{of or message_id}", state))

    assert apply_all(
        [
            says(twice, MessageState.DELIVERED),
            says(early, MessageState.ACCEPTED),
            says(refused, MessageState.UNDELIVERED),
            says(foreign, MessageState.DELIVERED, of=early),
            says(987_654, MessageState.DELIVERED),
            says(early, MessageState.DELIVERED),
            says(twice, MessageState.DELIVERED),
            says(twice, MessageState.ACCEPTED),
        ]
    ) == [
        Reading.APPLIED,
        Reading.APPLIED,
        Reading.APPLIED,
        Reading.OF_ANOTHER_TEXT,
        Reading.NO_SUCH_MESSAGE,
        Reading.APPLIED,
        Reading.OLD_NEWS,
        Reading.OLD_NEWS,
    ]
    record([t for t in taken if t.message.pk == early])
    assert dict(Message.objects.values_list("pk", "state")) == {
        early: MessageState.DELIVERED,
        twice: MessageState.DELIVERED,
        refused: MessageState.UNDELIVERED,
        foreign: MessageState.ACCEPTED,
    }
    assert Entry.objects.filter(step=Step.RECEIPT).count() == 4


def test_an_unknown_message_is_said_to_be_unknown() -> None:
    assert apply_receipt(987_654, DELIVERED) is Reading.NO_SUCH_MESSAGE


@pytest.mark.parametrize(
    "state", [MessageState.PENDING, MessageState.UNKNOWN, MessageState.EXPIRED]
)
def test_a_receipt_is_the_truth_about_a_message_given_up_for_lost(
    post: Post, state: MessageState
) -> None:
    message = post()
    Message.objects.filter(pk=message.pk).update(state=state)
    assert apply_receipt(message.pk, DELIVERED) is Reading.APPLIED
    assert claim_due(Lane.URGENT) == []


def test_no_receipt_undoes_a_withdrawal(post: Post) -> None:
    message = post()
    Message.objects.filter(pk=message.pk).update(state=MessageState.CANCELLED)
    assert apply_receipt(message.pk, SENT) is Reading.OLD_NEWS


@pytest.mark.parametrize(
    ("fault", "state"), [(None, MessageState.DELIVERED), ("undelivered", MessageState.UNDELIVERED)]
)
def test_a_receipt_that_never_came_is_asked_for(
    provider: Simulator, post: Post, time_passes: TimePasses, fault: str | None, state: MessageState
) -> None:
    """The simulator cannot reach us here: its callbacks go to a port where nobody listens."""
    if fault:
        provider.fault(fault)
    message = post()
    deliver(Lane.URGENT)
    provider.wait(sms=1, settled=True, timeout=20)
    a_round()
    message.refresh_from_db()
    assert message.state == MessageState.ACCEPTED
    time_passes(message, RECEIPT_OVERDUE[0])
    a_round()
    message.refresh_from_db()
    assert message.state == state


@pytest.fixture
def unhurried(provider: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A provider that no test outlasts: its texts are on their way for ten minutes."""
    from django.conf import settings as configured

    from notifier.delivery.transports import base

    with Simulator.start(ACCOUNT, TOKEN, delivered_after_ms=600_000) as simulator:
        there = configured.ENVIRONMENT.model_copy(update={"TWILIO_API_URL": simulator.http})
        monkeypatch.setattr(configured, "ENVIRONMENT", there)
        base.transport_for.cache_clear()
        yield


@pytest.mark.usefixtures("unhurried")
def test_a_provider_that_does_not_know_yet_is_asked_again_later(
    post: Post, time_passes: TimePasses
) -> None:
    message = post()
    deliver(Lane.URGENT)
    time_passes(message, RECEIPT_OVERDUE[0])
    a_round()
    message.refresh_from_db()
    assert message.state == MessageState.ACCEPTED
    assert message.accepted_at is not None
    assert message.due_at == message.accepted_at + RECEIPT_OVERDUE[1]


RANK = {
    MessageState.PENDING: 0,
    MessageState.SENDING: 1,
    MessageState.ACCEPTED: 2,
    MessageState.DELIVERED: 3,
    MessageState.UNDELIVERED: 3,
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["claim", "accept", "sent", "delivered", "undelivered"]), max_size=8)
)
def test_no_order_of_events_makes_a_state_walk_backwards(post: Post, events: list[str]) -> None:
    Message.objects.all().delete()
    message = post()
    claimed: list[Message] = []
    for event in events:
        before = Message.objects.get(pk=message.pk).state
        match event:
            case "claim":
                claimed += claim_due(Lane.URGENT)
            case "accept" if claimed:
                accept(claimed[-1])
            case "sent":
                apply_receipt(message.pk, SENT)
            case "delivered":
                apply_receipt(message.pk, DELIVERED)
            case "undelivered":
                apply_receipt(message.pk, UNDELIVERED)
        after = Message.objects.get(pk=message.pk).state
        assert RANK[MessageState(after)] >= RANK[MessageState(before)], (before, event, after)
        if RANK[MessageState(before)] == 3:
            assert after == before
