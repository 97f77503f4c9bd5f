"""The rate that a provider allows: all workers together, urgent before routine, never silence."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from notifier.delivery.models import Channel, Lane
from notifier.delivery.sending import rate_limit
from notifier.delivery.sending.rate_limit import (
    MAX_WAIT_S,
    RateLimit,
    max_claim,
    rate_limit_of,
    wait_for_slot,
)
from notifier.ops.local.stack import current_environment, free_port
from notifier.ops.local.supervisor import Child, Supervisor
from notifier.ops.local.valkey import READY, own_valkey
from tests.harness.live import Live

BATCH = 32


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Child, str]]:
    """A real broker and its address."""
    supervisor = Supervisor(lambda *_: None)
    folder = tmp_path_factory.mktemp("valkey")
    program, url = own_valkey(folder, free_port(), current_environment())
    child = supervisor.start(program)
    child.wait_for_line(READY, 30)
    yield child, url
    child.signal(signal.SIGCONT)
    supervisor.end()


@pytest.fixture
def limited(valkey: tuple[Child, str], settings) -> Iterator[Callable[..., RateLimit]]:
    """Puts limits in force, with a sender that no other test has."""

    def limit(per_second: int) -> RateLimit:
        settings.CELERY_BROKER_URL = valkey[1]
        sender = {"SMS_PER_SECOND": per_second, "TWILIO_FROM": f"S{time.monotonic_ns()}"}
        settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update=sender)
        forget()
        sms_limit = rate_limit_of(Channel.SMS)
        assert sms_limit is not None
        return sms_limit

    yield limit
    forget()


def forget() -> None:
    rate_limit_of.cache_clear()
    rate_limit._broker.cache_clear()


def another_process(sms_limit: RateLimit) -> RateLimit:
    """The same sender as another worker has it."""
    return RateLimit(sms_limit.per_second, sms_limit.key)


def test_without_a_limit_nothing_waits_and_nobody_is_asked(settings) -> None:
    forget()
    assert all(wait_for_slot(channel, lane) for channel in Channel for lane in Lane)
    assert max_claim(Lane.ROUTINE, BATCH) == BATCH


def test_urgent_messages_reserve_one_slot_after_the_other_in_all_processes(limited) -> None:
    here = limited(10)
    there = another_process(here)
    start = time.monotonic()
    slots = [
        sms_limit.next_slot_s(Lane.URGENT) + time.monotonic() - start
        for sms_limit in (here, there) * 5
    ]
    assert all(slot >= 0.1 * n - 0.001 for n, slot in enumerate(slots))


def test_a_routine_message_never_holds_a_slot_that_an_urgent_one_could_have(limited) -> None:
    sms_limit = limited(1)
    assert sms_limit.next_slot_s(Lane.ROUTINE) == 0
    for _ in range(5):
        assert sms_limit.next_slot_s(Lane.ROUTINE) < 0
    # However many routine ones wait, the next slot is the urgent one's.
    assert 0 < sms_limit.next_slot_s(Lane.URGENT) <= 1


def test_what_would_wait_too_long_for_its_claim_gets_no_slot(limited) -> None:
    sms_limit = limited(1)
    waits = [sms_limit.next_slot_s(Lane.URGENT) for _ in range(20)]
    given = [wait for wait in waits if wait >= 0]
    assert max(given) <= MAX_WAIT_S
    assert len(given) == int(MAX_WAIT_S) + 1
    assert all(wait < -MAX_WAIT_S for wait in waits[len(given) :])


def test_a_clock_that_stepped_back_blocks_nobody(limited) -> None:
    sms_limit = limited(1)
    an_hour_ahead = int((time.time() + 3600) * 1_000_000)
    rate_limit._broker().set(sms_limit.key, an_hour_ahead)
    assert sms_limit.next_slot_s(Lane.URGENT) == 0


@contextmanager
def frozen(broker: Child) -> Iterator[None]:
    broker.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        broker.signal(signal.SIGCONT)


def test_while_the_broker_is_frozen_this_process_keeps_the_limit_by_itself(limited, valkey) -> None:
    sms_limit = limited(10)
    with frozen(valkey[0]):
        start = time.monotonic()
        slots = [sms_limit.next_slot_s(Lane.URGENT) + time.monotonic() - start for _ in range(5)]
        assert sms_limit.ask_broker_from > time.monotonic()
    assert all(later - slot >= 0.099 for slot, later in pairwise(slots))
    assert wait_for_slot(Channel.SMS, Lane.ROUTINE)


def test_a_process_claims_no_more_than_it_may_send_in_a_second(limited) -> None:
    sms_limit = limited(20)
    assert max_claim(Lane.URGENT, BATCH) == 20
    # Routine ones leave threads to the urgent.
    assert max_claim(Lane.ROUTINE, BATCH) == 16
    with sms_limit.count_waiting(Lane.ROUTINE), sms_limit.count_waiting(Lane.ROUTINE):
        assert max_claim(Lane.ROUTINE, BATCH) == 14
        assert max_claim(Lane.URGENT, BATCH) == 20
    limited(1)
    assert max_claim(Lane.ROUTINE, BATCH) == 1


# --- the real processes


@pytest.mark.one_database(reason="the limit is kept in Valkey")
def test_two_workers_together_keep_the_limit_and_every_message_arrives_once(
    live: Live,
) -> None:
    slow = live.service
    numbers = [slow.new_number() for _ in range(5)]
    communes = ["90081", "90082", "90083", "90084", "90085"]
    slow.add_contacts(
        *(
            f"{commune};maire;1;Essai;Camille;0{number.removeprefix('+33')};"
            for commune, number in zip(communes, numbers, strict=True)
        )
    )
    expected = []
    with slow.workers_with(2, SMS_PER_SECOND="5"):
        for n in range(30):
            # Two communes with routine events only, not enough of them for a storm.
            place = n % 5 if n < 20 else 2 + n % 3
            category = "C09.02.00" if place < 2 else "C01.01.00"
            reference = slow.new_reference()
            answer = slow.push(
                reference=reference, category=category, location={"insee": communes[place]}
            )
            assert answer.code == 202
            expected.append((numbers[place], reference))
        for number, reference in expected:
            live.expect_sms(to=number, containing=reference, timeout=60)
        live.verify()
    created = sorted(datetime.fromisoformat(sms["created"]) for sms in slow.simulator.messages())
    assert len(created) == 30
    in_a_second = [
        sum(first <= at < first + timedelta(seconds=1) for at in created) for first in created
    ]
    assert max(in_a_second) <= 5 + 1
