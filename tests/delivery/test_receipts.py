"""Receipts: early, late, twice, out of order, never; a state never walks backwards."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.rest.api.v2010.account.message import MessageInstance

from notifier.alerting.models import Notification, NotificationState
from notifier.alerting.notification.recipients import not_failed
from notifier.delivery.follow_up import follow_up
from notifier.delivery.intervals import RECEIPT_OVERDUE
from notifier.delivery.models import Lane, Message, MessageState, Result
from notifier.delivery.providers.base import Outcome, Receipt, SendResult
from notifier.delivery.providers.twilio.statuses import state_of
from notifier.delivery.receipts.apply import ReceiptResult, apply_all, apply_receipt
from notifier.delivery.sending.claim import claim_due
from notifier.delivery.sending.record import record
from notifier.delivery.sending.sender import deliver
from notifier.journal.models import Entry, Step
from notifier.simulator.client import Simulator
from tests.delivery.conftest import ACCOUNT, TOKEN
from tests.delivery.samples import run_round

pytestmark = pytest.mark.django_db

Post = Callable[..., Message]
TimePasses = Callable[[Message, timedelta], None]

SENT = Receipt("SM1", MessageState.ACCEPTED)
DELIVERED = Receipt("SM1", MessageState.DELIVERED)
READ = Receipt("SM1", MessageState.READ)
UNDELIVERED = Receipt("SM1", MessageState.UNDELIVERED, "30003")


def accept(message: Message) -> None:
    now = timezone.now()
    record([SendResult(message, Outcome(Result.ACCEPTED, provider_id="SM1"), now, now)])


def test_a_receipt_of_an_accepted_message_ends_it(post: Post) -> None:
    message = post()
    accept(*claim_due(Lane.URGENT))
    assert apply_receipt(message.pk, DELIVERED) is ReceiptResult.APPLIED
    message.refresh_from_db()
    assert (message.state, message.due_at) == (MessageState.DELIVERED, None)
    assert message.ended_at is not None


def test_a_receipt_that_comes_before_our_own_record_stands(post: Post) -> None:
    message = post()
    (claimed,) = claim_due(Lane.URGENT)
    assert apply_receipt(message.pk, DELIVERED) is ReceiptResult.APPLIED
    accept(claimed)
    message.refresh_from_db()
    assert (message.state, message.provider_id, message.due_at) == (
        MessageState.DELIVERED,
        "SM1",
        None,
    )


def test_those_that_are_accepted_together_stand_each_as_if_alone(post: Post, mail: Post) -> None:
    """Ended is the mail, for which no receipt comes, and what a receipt has ended before."""
    waiting, early, mailed, taken_over = post(), post(), mail(), post()
    by_id = {message.pk: message for message in claim_due(Lane.URGENT)}
    apply_receipt(early.pk, replace(DELIVERED, provider_id=f"SM{early.pk}"))
    Message.objects.filter(pk=taken_over.pk).update(claim="another worker's")
    at = timezone.now()
    record(
        [
            SendResult(by_id[pk], Outcome(Result.ACCEPTED, provider_id=f"SM{pk}"), at, at)
            for pk in (taken_over.pk, mailed.pk, early.pk, waiting.pk)
        ]
    )
    overdue_at = at + RECEIPT_OVERDUE[0]
    rows = Message.objects.in_bulk()
    assert {pk: (row.state, row.due_at, row.provider_id) for pk, row in rows.items()} == {
        waiting.pk: (MessageState.ACCEPTED, overdue_at, f"SM{waiting.pk}"),
        early.pk: (MessageState.DELIVERED, None, f"SM{early.pk}"),
        mailed.pk: (MessageState.ACCEPTED, None, f"SM{mailed.pk}"),
        taken_over.pk: (MessageState.SENDING, by_id[taken_over.pk].due_at, ""),
    }
    assert (rows[waiting.pk].ended_at, rows[mailed.pk].ended_at) == (None, at)
    assert rows[waiting.pk].accepted_at == rows[mailed.pk].accepted_at == at
    assert rows[early.pk].ended_at is not None


def test_twice_and_out_of_order_is_old_news_and_one_line_in_the_journal(post: Post) -> None:
    message = post()
    accept(*claim_due(Lane.URGENT))
    assert apply_receipt(message.pk, DELIVERED) is ReceiptResult.APPLIED
    for receipt in (DELIVERED, SENT, UNDELIVERED):
        assert apply_receipt(message.pk, receipt) is ReceiptResult.UNCHANGED
    message.refresh_from_db()
    assert message.state == MessageState.DELIVERED
    assert Entry.objects.filter(step=Step.RECEIPT).count() == 1


def test_receipts_applied_together_end_as_if_they_came_one_by_one(post: Post) -> None:
    early, twice, refused, foreign = (post().pk for _ in range(4))
    claimed = claim_due(Lane.URGENT, 4)
    taken = [
        SendResult(m, Outcome(Result.ACCEPTED, provider_id=f"SM{m.pk}"), m.created_at, m.created_at)
        for m in claimed
    ]
    record([t for t in taken if t.message.pk != early])

    def says(message_id: int, state: MessageState, of: int | None = None) -> Receipt:
        return message_id, Receipt(f"SM{of or message_id}", state)

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
        ReceiptResult.APPLIED,
        ReceiptResult.APPLIED,
        ReceiptResult.APPLIED,
        ReceiptResult.MISMATCH,
        ReceiptResult.UNKNOWN_MESSAGE,
        ReceiptResult.APPLIED,
        ReceiptResult.UNCHANGED,
        ReceiptResult.UNCHANGED,
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
    assert apply_receipt(987_654, DELIVERED) is ReceiptResult.UNKNOWN_MESSAGE


@pytest.mark.parametrize(
    "state", [MessageState.PENDING, MessageState.UNKNOWN, MessageState.EXPIRED]
)
def test_a_receipt_is_the_truth_about_a_message_given_up_for_lost(
    post: Post, state: MessageState
) -> None:
    message = post()
    Message.objects.filter(pk=message.pk).update(state=state)
    assert apply_receipt(message.pk, DELIVERED) is ReceiptResult.APPLIED
    assert claim_due(Lane.URGENT) == []


def test_no_receipt_undoes_a_withdrawal(post: Post) -> None:
    message = post()
    Message.objects.filter(pk=message.pk).update(state=MessageState.CANCELLED)
    assert apply_receipt(message.pk, SENT) is ReceiptResult.UNCHANGED


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
    run_round()
    message.refresh_from_db()
    assert message.state == MessageState.ACCEPTED
    time_passes(message, RECEIPT_OVERDUE[0])
    run_round()
    message.refresh_from_db()
    assert message.state == state


@pytest.fixture
def unhurried(provider: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A provider that no test outlasts: its texts are on their way for ten minutes."""
    from django.conf import settings as configured

    from notifier.delivery.providers import registry

    with Simulator.start(ACCOUNT, TOKEN, delivered_after_ms=600_000) as simulator:
        there = configured.ENVIRONMENT.model_copy(update={"TWILIO_API_URL": simulator.http})
        monkeypatch.setattr(configured, "ENVIRONMENT", there)
        registry.provider_named.cache_clear()
        yield


@pytest.mark.usefixtures("unhurried")
def test_a_provider_that_does_not_know_yet_is_asked_again_later(
    post: Post, time_passes: TimePasses
) -> None:
    message = post()
    deliver(Lane.URGENT)
    time_passes(message, RECEIPT_OVERDUE[0])
    run_round()
    message.refresh_from_db()
    assert message.state == MessageState.ACCEPTED
    assert message.accepted_at is not None
    assert message.due_at == message.accepted_at + RECEIPT_OVERDUE[1]


RANK = {
    MessageState.PENDING: 0,
    MessageState.SENDING: 1,
    MessageState.ACCEPTED: 2,
    MessageState.UNDELIVERED: 3,
    MessageState.DELIVERED: 4,
    MessageState.READ: 5,
}
SAYS = {"sent": SENT, "delivered": DELIVERED, "undelivered": UNDELIVERED, "read": READ}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["claim", "accept", "sent", "delivered", "undelivered", "read"]), max_size=8
    )
)
@pytest.mark.usefixtures("failed_ids")
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
            case "sent" | "delivered" | "undelivered" | "read":
                apply_receipt(message.pk, SAYS[event])
        after = Message.objects.get(pk=message.pk).state
        assert RANK[MessageState(after)] >= RANK[MessageState(before)], (before, event, after)
        if event in ("delivered", "read"):
            assert RANK[MessageState(after)] >= RANK[SAYS[event].state]


LATER = [SENT, UNDELIVERED, DELIVERED, READ]


@pytest.mark.parametrize("together", [False, True])
def test_whatever_the_order_the_phone_has_the_last_word(
    post: Post, failed_ids: list[int], together: bool
) -> None:
    """Every order of every set of receipts, twice, one by one and in one commit."""
    orders = [p for n in (1, 2, 3, 4) for p in permutations(LATER, n)]
    messages = [post() for n in range(len(orders))]
    while claimed := claim_due(Lane.URGENT):
        for each in claimed:
            accept(each)
    receipts = Entry.objects.filter(step=Step.RECEIPT).order_by("id")
    for message, order in zip(messages, orders, strict=True):
        twice = [*order, order[0]]
        if together:
            apply_all([(message.pk, receipt) for receipt in twice])
        else:
            for receipt in twice:
                apply_receipt(message.pk, receipt)
        message.refresh_from_db()
        assert message.state == max((f.state for f in order), key=RANK.__getitem__), order
        assert (message.error_code == "30003") == (message.state == MessageState.UNDELIVERED)
        lines = [e.data["state"] for e in receipts.filter(message_id=message.pk)]
        told = [f.state for n, f in enumerate(order) if all(
            RANK[f.state] > RANK[g.state] for g in order[:n]
        ) and f is not SENT]  # fmt: skip
        assert lines == told, order
    # Those of which nothing else was said before; none twice.
    assert len(set(failed_ids)) == len(failed_ids)
    if not together:
        firsts = [o[: o.index(UNDELIVERED)] for o in orders if UNDELIVERED in o]
        assert len(failed_ids) == sum(not {DELIVERED, READ} & set(before) for before in firsts)


def test_delivered_after_all_he_counts_as_told_and_the_journal_says_both(
    post: Post, failed_ids: list[int]
) -> None:
    message = post()
    accept(*claim_due(Lane.URGENT))
    apply_receipt(
        message.pk, Receipt("SM1", MessageState.UNDELIVERED, "30008", explanation="raison inconnue")
    )
    assert apply_receipt(message.pk, DELIVERED) is ReceiptResult.APPLIED
    message.refresh_from_db()
    assert (message.state, message.error_code) == (MessageState.DELIVERED, "")
    told = Notification(state=NotificationState.QUEUED, message=message)
    assert not_failed([told]) == [told]
    said = [entry.text for entry in Entry.objects.filter(step=Step.RECEIPT)]
    assert "non reçu : raison inconnue" in said[0] and "reçu" in said[1]
    assert failed_ids == [message.pk]


def test_read_is_later_than_delivered_and_keeps_when_it_came(post: Post) -> None:
    message = post()
    accept(*claim_due(Lane.URGENT))
    apply_receipt(message.pk, DELIVERED)
    message.refresh_from_db()
    came_at = message.ended_at
    assert apply_receipt(message.pk, READ) is ReceiptResult.APPLIED
    message.refresh_from_db()
    assert (message.state, message.ended_at) == (MessageState.READ, came_at)


def test_what_arrived_meanwhile_is_not_followed_up(post: Post, failed_ids: list[int]) -> None:
    """Between the receipt that said so and its follow-up, another said that the phone has it."""
    message = post()
    accept(*claim_due(Lane.URGENT))
    apply_all([(message.pk, UNDELIVERED), (message.pk, DELIVERED)])
    message.state = MessageState.UNDELIVERED
    follow_up(message)
    assert failed_ids == []


@pytest.mark.parametrize(
    "end", [MessageState.EXPIRED, MessageState.FAILED, MessageState.CANCELLED, MessageState.UNKNOWN]
)
@pytest.mark.parametrize("receipt", [DELIVERED, READ])
def test_a_phone_that_has_the_text_is_believed_whatever_we_thought(
    post: Post, end: MessageState, receipt: Receipt
) -> None:
    """A first try of unknown fate that arrived, after a second was refused or withdrawn."""
    message = post()
    Message.objects.filter(pk=message.pk).update(state=end, due_at=None, is_followed_up=True)
    assert apply_receipt(message.pk, receipt) is ReceiptResult.APPLIED
    message.refresh_from_db()
    assert message.state == receipt.state


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("delivered_after_all", MessageState.DELIVERED),
        ("read", MessageState.READ),
        ("partially_delivered", MessageState.UNDELIVERED),
    ],
)
def test_each_word_of_the_provider_is_known(
    provider: Simulator,
    post: Post,
    time_passes: TimePasses,
    failed_ids: list[int],
    fault: str,
    state: MessageState,
) -> None:
    provider.fault(fault)
    provider.fault("no_callback")
    message = post()
    deliver(Lane.URGENT)
    provider.wait(sms=1, settled=True, timeout=20)
    time_passes(message, RECEIPT_OVERDUE[0])
    run_round()
    message.refresh_from_db()
    assert message.state == state


def test_every_status_that_twilio_documents_is_known() -> None:
    inbound = {"receiving", "received"}
    documented = {v for k, v in vars(MessageInstance.Status).items() if k.isupper()}
    assert {status for status in documented if state_of(status) is None} == inbound


def test_a_number_that_the_provider_does_not_know_is_asked_once(
    provider: Simulator, post: Post, time_passes: TimePasses, failed_ids: list[int]
) -> None:
    provider.fault("lookup_404")
    message = post()
    deliver(Lane.URGENT)
    time_passes(message, RECEIPT_OVERDUE[0])
    run_round()
    message.refresh_from_db()
    assert (message.state, message.due_at) == (MessageState.UNDELIVERED, None)
    assert failed_ids == [message.pk]
    assert "trace" in Entry.objects.filter(step=Step.RECEIPT).get().text


def test_a_receipt_that_nobody_can_be_asked_for_is_given_up_in_the_end(
    provider: Simulator, post: Post, time_passes: TimePasses
) -> None:
    provider.fault("lookup_500")
    message = post()
    deliver(Lane.URGENT)
    time_passes(message, RECEIPT_OVERDUE[0])
    run_round()
    message.refresh_from_db()
    assert message.due_at is not None
    time_passes(message, RECEIPT_OVERDUE[-1])
    run_round()
    message.refresh_from_db()
    assert (message.state, message.due_at) == (MessageState.ACCEPTED, None)
