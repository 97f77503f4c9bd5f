"""Deliver what is due in a lane: claim, send, record. The whole way of a message to its provider.

One wake-up takes a batch, sends its messages side by side, and records together those that end
together; a single message goes straight through.
"""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import structlog
from django.utils import timezone

from notifier.delivery.claim import BATCH, claim_due
from notifier.delivery.models import Channel, Lane, Message
from notifier.delivery.record import record
from notifier.delivery.schedule import FRESH_CLAIM
from notifier.delivery.throughput import most_at_once, wait_for_slot
from notifier.delivery.transports.base import Outcome, Result, transport_for

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Try:
    """One try to hand a message to its provider, with its instants (UTC)."""

    message: Message
    outcome: Outcome
    started_at: datetime
    ended_at: datetime


def deliver(lane: Lane) -> int:
    """Hand every due message of the lane to its provider; how many tries were made."""
    tries = 0
    while True:
        most = most_at_once(lane, BATCH)
        batch = claim_due(lane, most) if most else []
        for ended in _send_side_by_side(batch):
            record(ended)
        tries += len(batch)
        if len(batch) < most or not most:
            return tries


def _send_side_by_side(batch: list[Message]) -> Iterator[list[Try]]:
    if len(batch) == 1:
        yield [_try(batch[0])]
        return
    flying: set[Future[Try]] = {_senders().submit(_try, message) for message in batch}
    while flying:
        landed, flying = wait(flying, return_when=FIRST_COMPLETED)
        yield [future.result() for future in landed]


def _try(message: Message) -> Try:
    if not wait_for_slot(Channel(message.channel), Lane(message.lane)):
        now = timezone.now()
        return Try(message, Outcome(Result.RETRY, detail="débit permis atteint"), now, now)
    started_at = timezone.now()
    if message.claimed_at is None or started_at - message.claimed_at > FRESH_CLAIM:
        # Frozen since the claim: the lease may be another's by now.
        return Try(
            message, Outcome(Result.RETRY, detail="prise trop ancienne"), started_at, started_at
        )
    try:
        outcome = transport_for(Channel(message.channel)).send(message)
    except Exception as error:  # a transport must not raise; if one does, the text may have left
        log.exception("transport raised", message=message.pk)
        outcome = Outcome(Result.UNKNOWN, detail=f"erreur interne ({type(error).__name__})")
    return Try(message, outcome, started_at, timezone.now())


@cache
def _senders() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=BATCH, thread_name_prefix="sender")
