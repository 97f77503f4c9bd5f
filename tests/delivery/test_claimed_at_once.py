"""A worker that has a free slot stores messages as claimed by itself, and sends them right away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from notifier.delivery.intervals import LEASE
from notifier.delivery.models import Lane, Message, MessageState
from notifier.delivery.outbox import enqueue_messages
from notifier.delivery.sending import pause, sender
from notifier.delivery.sweep import sweep, upkeep
from notifier.jobs import enqueue
from notifier.simulator.client import Simulator
from tests.delivery.samples import OUTGOING, PHONE, told

Post = Callable[..., Message]
LATER = {"expires_at": timezone.now() + timedelta(hours=1)}


@pytest.fixture
def worker(real_commits, provider: Simulator, monkeypatch) -> Iterator[Simulator]:
    """This process serves both lanes, as a worker does."""
    monkeypatch.setattr(enqueue, "_local_queues", frozenset(Lane))
    yield provider
    settled()


def settled() -> None:
    """Wait until nothing is in flight in this process any more."""
    for lane in Lane:
        sender.serve(lane)
        # Whoever serves the lane has recorded all of it when it lets go.
        with sender._lanes[lane].lock:
            assert not sender._lanes[lane].in_flight


def test_it_is_stored_as_claimed_and_sent_without_a_claim(worker: Simulator, post: Post) -> None:
    with transaction.atomic():
        message = post()
        stored = Message.objects.get()
        assert (stored.state, stored.attempt_count) == (MessageState.SENDING, 1)
        assert stored.claim == message.claim != ""
        assert stored.due_at == stored.claimed_at + LEASE
        assert told(worker) == []
    settled()
    assert told(worker) == [PHONE]
    stored.refresh_from_db()
    assert (stored.state, stored.attempt_count) == (MessageState.ACCEPTED, 1)
    assert stored.attempts.count() == 1


def test_what_is_rolled_back_is_not_sent(worker: Simulator, post: Post) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        post()
        raise RuntimeError
    settled()
    assert told(worker) == []
    assert not Message.objects.exists()


def test_a_pause_that_began_meanwhile_holds_it(worker: Simulator, post: Post) -> None:
    with transaction.atomic():
        message = post(pause_key="7")
        assert pause.begin("7", "chef")
    settled()
    assert told(worker) == []
    message.refresh_from_db()
    assert (message.state, message.attempt_count, message.claim) == (MessageState.PENDING, 0, "")
    pause.end("7")
    sweep(Lane.URGENT)
    settled()
    assert told(worker) == [PHONE]


def test_more_than_there_are_free_slots_waits_for_a_claim(worker: Simulator, post: Post) -> None:
    number = sender.MAX_IN_FLIGHT[Lane.ROUTINE] + 1
    with transaction.atomic():
        enqueue_messages(
            [
                OUTGOING.__class__(**{**vars(OUTGOING), **LATER, "lane": Lane.ROUTINE})
                for _ in range(number)
            ]
        )
        states = set(Message.objects.values_list("state", flat=True))
    assert states == {MessageState.PENDING}
    sweep(Lane.ROUTINE)
    settled()
    assert len(told(worker)) == number


def test_a_worker_that_dies_before_it_sends_loses_its_lease(
    worker: Simulator, post: Post, monkeypatch, time_passes
) -> None:
    """As any other claim: the provider is asked, has nothing, and it is sent again."""
    monkeypatch.setattr(sender, "send_claimed", lambda *_: None)
    message = post()
    assert message.state == MessageState.SENDING
    time_passes(message, LEASE)
    upkeep()
    message.refresh_from_db()
    assert message.state == MessageState.PENDING
    sweep(Lane.URGENT)
    settled()
    assert told(worker) == [PHONE]


def test_many_threads_store_and_send_at_once_each_text_once(worker: Simulator, post: Post) -> None:
    start = threading.Barrier(6)

    def run(n: int) -> None:
        try:
            start.wait(10)
            for m in range(10):
                with transaction.atomic():
                    post(address=f"+336399800{n}{m}")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sweep(Lane.URGENT)
    settled()
    assert sorted(told(worker)) == sorted(f"+336399800{n}{m}" for n in range(6) for m in range(10))
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.ACCEPTED}
