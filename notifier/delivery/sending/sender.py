"""Deliver what is due in a lane: claim, send, record. The whole way of a message to its provider.

One thread of a process does so for a lane at a time, with up to `IN_THE_AIR` sends beside each
other; those that land together are recorded together. It claims again as soon as a job comes,
so that a fresh message does not wait for slow ones, and otherwise once there is room for many: in
a backlog each claim and each record serves a batch.
"""

from __future__ import annotations

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from queue import Empty, SimpleQueue
from threading import Lock

import structlog
from django.utils import timezone

from notifier.delivery.models import Channel, Lane, Message, Result
from notifier.delivery.providers.base import Outcome, SendResult
from notifier.delivery.providers.registry import provider_for
from notifier.delivery.retry import FRESH_CLAIM, LEASE
from notifier.delivery.sending.claim import claim_due
from notifier.delivery.sending.rate_limit import most_at_once, wait_for_slot
from notifier.delivery.sending.recipients import drop_departed
from notifier.delivery.sending.record import record

log = structlog.get_logger(__name__)

# How many sends one process has in the air. The routine lane leaves the machine, the provider and
# the receipts' way back to the urgent one: measured on two cores with ten thousand routine messages
# waiting, eight made an urgent one wait twice as long as alone, five half as long again.
IN_THE_AIR = {Lane.URGENT: 32, Lane.ROUTINE: 5}
# What lands within so long is recorded together; nobody waits for a record.
RECORD_INTERVAL_S = 0.01


@dataclass(frozen=True)
class _JobCame:
    """A job has come: a message is due."""


@dataclass
class _Desk:
    """Where one lane's tries land in this process, and jobs come in; one thread reads them."""

    inbox: SimpleQueue[SendResult | _JobCame] = field(default_factory=SimpleQueue)
    turn: Lock = field(default_factory=Lock)


_desks: dict[Lane, _Desk] = defaultdict(_Desk)


def deliver(lane: Lane) -> int:
    """Hand every due message of the lane to its provider; how many tries this call recorded.

    While another thread of the process is at it, that one looks once more, and this call returns
    at once with 0. Raises what the database raises; what landed meanwhile is recorded by the next.
    """
    desk = _desks[lane]
    desk.inbox.put(_JobCame())
    tries = 0
    while not desk.inbox.empty() and desk.turn.acquire(blocking=False):
        try:
            tries += _deliver_until_idle(lane, desk.inbox)
        finally:
            desk.turn.release()
    return tries


def _deliver_until_idle(lane: Lane, inbox: SimpleQueue[SendResult | _JobCame]) -> int:
    tries = 0
    flying: set[int] = set()
    wanted = True
    while wanted or flying:
        landed, is_wanted_now = _from(inbox, len(flying))
        flying -= {t.message.pk for t in landed}
        wanted = wanted or is_wanted_now
        room = IN_THE_AIR[lane] - len(flying)
        # In a backlog, half of it is waited for before more is claimed.
        if wanted and room >= (1 if is_wanted_now else IN_THE_AIR[lane] // 2):
            most = most_at_once(lane, room)
            batch = claim_due(lane, most) if most else []
            # More may be due; of what is held back by the pace, the next sweep takes the rest.
            wanted = len(batch) == most and bool(most or flying)
            for message in drop_departed(batch):
                flying.add(message.pk)
                _senders().submit(_try_into, inbox, message)
        if landed:
            _record(landed, inbox)
            tries += len(landed)
    return tries


def _from(inbox: SimpleQueue[SendResult | _JobCame], flying: int) -> tuple[list[SendResult], bool]:
    """What has landed, and whether a job has come; waits for either while anything flies."""
    landed: list[SendResult] = []
    is_wanted_now = False
    until: float | None = None
    while True:
        left = None if until is None else max(0.0, until - time.monotonic())
        try:
            item = inbox.get(block=not is_wanted_now and len(landed) < flying, timeout=left)
        except Empty:
            return landed, is_wanted_now
        if isinstance(item, _JobCame):
            is_wanted_now = True
        else:
            landed.append(item)
            until = until or time.monotonic() + RECORD_INTERVAL_S


def _record(landed: list[SendResult], inbox: SimpleQueue[SendResult | _JobCame]) -> None:
    try:
        record(landed)
    except Exception:
        for unrecorded in landed:
            # After its lease, the provider is asked about it.
            if timezone.now() - unrecorded.ended_at < LEASE:
                inbox.put(unrecorded)
        raise


def _try_into(inbox: SimpleQueue[SendResult | _JobCame], message: Message) -> None:
    inbox.put(_try(message))


def _try(message: Message) -> SendResult:
    if not wait_for_slot(Channel(message.channel), Lane(message.lane)):
        now = timezone.now()
        return SendResult(message, Outcome(Result.RETRY, detail="débit permis atteint"), now, now)
    started_at = timezone.now()
    if message.claimed_at is None or started_at - message.claimed_at > FRESH_CLAIM:
        # Frozen since the claim: the lease may be another's by now.
        return SendResult(
            message, Outcome(Result.RETRY, detail="prise trop ancienne"), started_at, started_at
        )
    try:
        outcome = provider_for(message).send(message)
    except (
        Exception
    ) as error:  # a provider's client must not raise; if it does, the text may have left
        log.exception("provider client raised", message=message.pk)
        outcome = Outcome(Result.UNKNOWN, detail=f"erreur interne ({type(error).__name__})")
    return SendResult(message, outcome, started_at, timezone.now())


@cache
def _senders() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=sum(IN_THE_AIR.values()), thread_name_prefix="sender")
