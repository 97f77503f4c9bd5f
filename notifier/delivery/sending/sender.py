"""Deliver what is due in a lane: claim, send, record; or send what was stored as claimed.

One thread of a process serves a lane at a time, with up to `MAX_IN_FLIGHT` sends in parallel; those
that complete together are recorded together. It claims again as soon as a job wakes it, so that a
fresh message does not wait for slow ones, and otherwise once there is room for many: in a backlog
each claim and each record serves a batch.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TypeAlias

import structlog
from django.utils import timezone

from notifier.delivery.intervals import FRESH_CLAIM, LEASE
from notifier.delivery.models import Channel, Lane, Message, Result
from notifier.delivery.providers.base import Outcome, SendResult
from notifier.delivery.providers.registry import provider_for
from notifier.delivery.sending.claim import claim_due, unclaim_paused
from notifier.delivery.sending.former_recipients import drop_former_recipients
from notifier.delivery.sending.rate_limit import max_claim, wait_for_slot
from notifier.delivery.sending.record import record
from notifier.jobs.enqueue import is_local, start

log = structlog.get_logger(__name__)

# Maximum sends of one process in flight. Few in the routine lane, so that the machine, the provider
# and the receipts have room for the urgent one: measured on two cores with ten thousand routine
# messages waiting, eight made an urgent one wait twice as long as alone, five half as long again.
MAX_IN_FLIGHT = {Lane.URGENT: 32, Lane.ROUTINE: 5}
# What completes within so long is recorded together; nobody waits for a record.
RECORD_INTERVAL_S = 0.01


@dataclass(frozen=True)
class _Wake:
    """A job says that a message is due."""


_Events: TypeAlias = "SimpleQueue[SendResult | _Wake]"


@dataclass
class _LaneState:
    """One lane in this process: in flight, what comes in, the lock of the thread that serves it."""

    in_flight: set[int] = field(default_factory=set)
    events: _Events = field(default_factory=SimpleQueue)
    lock: Lock = field(default_factory=Lock)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight and nothing has come in."""
        return not self.in_flight and self.events.empty()


_lanes: dict[Lane, _LaneState] = defaultdict(_LaneState)


def deliver(lane: Lane) -> int:
    """Hand every due message of the lane to its provider; return how many attempts were recorded.

    While another thread of the process serves the lane, the thread that has the lock looks once
    more, and this call returns 0 at once. Raises what the database raises; what completes
    meanwhile is recorded by the next call.
    """
    _lanes[lane].events.put(_Wake())
    return serve(lane)


def has_free_slots(lane: Lane, number: int) -> bool:
    """Say whether this process serves the lane and could send so many messages of it now."""
    room = MAX_IN_FLIGHT[lane] - len(_lanes[lane].in_flight)
    return is_local(lane) and number <= room and number <= max_claim(lane, room)


def send_claimed(lane: Lane, messages: Sequence[Message]) -> None:
    """Send messages that this process has claimed as it stored them, once that is committed.

    Returns at once; a thread of its own records what comes of them.
    """
    paused = unclaim_paused(messages)
    state = _lanes[lane]
    for message in messages:
        if message.pk not in paused:
            _submit(state, message)
    start(partial(serve, lane))


def serve(lane: Lane) -> int:
    """Record what is in flight in the lane and claim what wakes ask for, until it is idle.

    Returns how many attempts were recorded: 0 at once while another thread does so.
    """
    state = _lanes[lane]
    recorded = 0
    # Asked again once the lock is free: what came in just before was seen by nobody.
    while not state.is_idle and state.lock.acquire(blocking=False):
        try:
            recorded += _deliver_until_idle(lane, state)
        finally:
            state.lock.release()
    return recorded


def _deliver_until_idle(lane: Lane, state: _LaneState) -> int:
    recorded = 0
    may_be_due = False
    while may_be_due or not state.is_idle:
        results, is_woken = _next_results(state)
        state.in_flight.difference_update(r.message.pk for r in results)
        may_be_due = may_be_due or is_woken
        room = MAX_IN_FLIGHT[lane] - len(state.in_flight)
        # In a backlog, half of it is waited for before more is claimed.
        if may_be_due and room >= (1 if is_woken else MAX_IN_FLIGHT[lane] // 2):
            most = max_claim(lane, room)
            claimed = claim_due(lane, most) if most else []
            # More may be due; of what the rate limit holds back, the next sweep takes the rest.
            may_be_due = len(claimed) == most and bool(most or state.in_flight)
            for message in drop_former_recipients(claimed):
                _submit(state, message)
        if results:
            _record(results, state.events)
            recorded += len(results)
    return recorded


def _submit(state: _LaneState, message: Message) -> None:
    state.in_flight.add(message.pk)
    _senders().submit(_send_and_report, state.events, message)


def _next_results(state: _LaneState) -> tuple[list[SendResult], bool]:
    """Return what has completed, and whether a job has come; wait while anything is in flight."""
    results: list[SendResult] = []
    is_woken = False
    until: float | None = None
    while True:
        remaining_s = None if until is None else max(0.0, until - time.monotonic())
        try:
            is_awaited = not is_woken and len(results) < len(state.in_flight)
            event = state.events.get(block=is_awaited, timeout=remaining_s)
        except Empty:
            return results, is_woken
        if isinstance(event, _Wake):
            is_woken = True
        else:
            results.append(event)
            until = until or time.monotonic() + RECORD_INTERVAL_S


def _record(results: list[SendResult], events: _Events) -> None:
    try:
        record(results)
    except Exception:
        for unrecorded in results:
            # After its lease, the provider is asked about it.
            if timezone.now() - unrecorded.ended_at < LEASE:
                events.put(unrecorded)
        raise


def _send_and_report(events: _Events, message: Message) -> None:
    events.put(send(message))


def send(message: Message) -> SendResult:
    """Send a claimed message, unless its rate limit or the age of its claim forbids it."""
    if not wait_for_slot(Channel(message.channel), Lane(message.lane)):
        now = timezone.now()
        return SendResult(message, Outcome(Result.RETRY, detail="débit permis atteint"), now, now)
    started_at = timezone.now()
    if message.claimed_at is None or started_at - message.claimed_at > FRESH_CLAIM:
        # Frozen since the claim: the lease may be another's by now.
        outcome = Outcome(Result.RETRY, detail="prise trop ancienne")
        return SendResult(message, outcome, started_at, started_at)
    try:
        outcome = provider_for(message).send(message)
    except Exception as error:  # a provider's client must not raise; if it does, it may have sent
        log.exception("provider client raised", message=message.pk)
        outcome = Outcome(Result.UNKNOWN, detail=f"erreur interne ({type(error).__name__})")
    return SendResult(message, outcome, started_at, timezone.now())


@cache
def _senders() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=sum(MAX_IN_FLIGHT.values()), thread_name_prefix="sender")
