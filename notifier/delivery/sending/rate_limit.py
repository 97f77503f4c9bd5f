"""Send no more messages a second than a provider allows its customer, over all workers.

A sender has the limit: its next free slot stands in the broker, where all workers see it. An urgent
message reserves the next slot ahead; a routine one takes a slot only when it is free now, so it
never holds one that an urgent message could have. Without the broker each process keeps the limit
by itself: that may be more than is allowed, and is better than silence.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

import redis
import structlog
from django.conf import settings

from notifier.delivery.intervals import FRESH_CLAIM
from notifier.delivery.models import Channel, Lane
from notifier.jobs.broker import broker_client

log = structlog.get_logger(__name__)

# What one process claims of a limited channel takes this long to send, so that several that claim
# at once are all done while their claims are fresh.
CLAIM_AHEAD_S = 1.0
# A message that has no slot by then goes back to pending, well before its claim is stale.
MAX_WAIT_S = FRESH_CLAIM.total_seconds() * 0.6
# A broker that does not answer in this time is not asked for a while: every message would wait.
BROKER_TIMEOUT_S = 0.25
BROKER_RETRY_S = 5.0

# Returns how many microseconds to wait for the slot that is now this message's, or minus how many
# until it may ask again. A slot that a step of the clock has put out of reach is forgotten.
# KEYS: the sender. ARGV: microseconds between two messages, the longest wait, 1 for urgent.
_NEXT_SLOT = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local interval, longest = tonumber(ARGV[1]), tonumber(ARGV[2])
local free = tonumber(redis.call('GET', KEYS[1]) or 0)
if free > now + longest + interval then free = now end
local wait = math.max(0, free - now)
if wait > longest or (wait > 0 and ARGV[3] == '0') then return -wait end
local kept_ms = math.ceil((wait + interval) / 1000) + 1
redis.call('SET', KEYS[1], string.format('%.0f', now + wait + interval), 'PX', kept_ms)
return wait
"""


@dataclass
class RateLimit:
    """A sender's limit in this process: how many wait, and its slots while the broker is silent."""

    per_second: int
    key: str
    waiting: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))
    lock: threading.Lock = field(default_factory=threading.Lock)
    own_next_free: float = 0.0
    ask_broker_from: float = 0.0

    @property
    def max_waiting(self) -> int:
        """The number of messages that may wait in this process."""
        return max(1, int(self.per_second * CLAIM_AHEAD_S))

    @contextmanager
    def count_waiting(self, lane: Lane) -> Iterator[None]:
        """Count a message among those that wait, for the length of the block."""
        with self.lock:
            self.waiting[lane] += 1
        try:
            yield
        finally:
            with self.lock:
                self.waiting[lane] -= 1

    def next_slot_s(self, lane: Lane) -> float:
        """Take a slot and return the seconds until it; negative: none taken, ask again then."""
        if time.monotonic() >= self.ask_broker_from:
            try:
                return self._by_broker(lane)
            except redis.RedisError as error:
                self.ask_broker_from = time.monotonic() + BROKER_RETRY_S
                log.warning(
                    "broker unreachable, this process keeps the limit by itself", error=str(error)
                )
        return self._by_this_process(lane)

    def _by_broker(self, lane: Lane) -> float:
        interval, longest = 1_000_000 // self.per_second, int(MAX_WAIT_S * 1_000_000)
        script = _broker().register_script(_NEXT_SLOT)
        microseconds = script(keys=[self.key], args=[interval, longest, int(lane == Lane.URGENT)])
        return int(microseconds) / 1_000_000

    def _by_this_process(self, lane: Lane) -> float:
        with self.lock:
            now = time.monotonic()
            wait = max(0.0, self.own_next_free - now)
            if wait > MAX_WAIT_S or (wait > 0 and lane != Lane.URGENT):
                return -wait
            self.own_next_free = now + wait + 1 / self.per_second
            return wait


def wait_for_slot(channel: Channel, lane: Lane) -> bool:
    """Wait until a message may be sent; return False if its claim would be stale by then.

    A call does not wait.
    """
    limit = rate_limit_of(channel)
    if limit is None:
        return True
    if channel is Channel.VOICE:
        # Far fewer calls than texts are allowed in a second: they never wait in the texts' threads.
        return limit.next_slot_s(Lane.ROUTINE) >= 0
    deadline = time.monotonic() + MAX_WAIT_S
    with limit.count_waiting(lane):
        while True:
            slot_s = limit.next_slot_s(lane)
            time.sleep(min(abs(slot_s), max(0.0, deadline - time.monotonic())))
            if slot_s >= 0:
                return True
            if time.monotonic() >= deadline:
                return False


def max_claim(lane: Lane, room: int) -> int:
    """Return how many messages this process may claim now; `room` where no channel has a limit.

    That of calls is none of these: a call without a slot waits in the database.

    0: it has claimed enough already.
    """
    channels = (Channel.SMS, Channel.EMAIL)
    limits = [limit for channel in channels if (limit := rate_limit_of(channel)) is not None]
    if not limits:
        return room
    # Routine messages that wait for a slot never hold all the threads that send.
    allowed = room if lane == Lane.URGENT else room // 2
    return max(0, min(min(allowed, each.max_waiting) - each.waiting[lane] for each in limits))


@cache
def rate_limit_of(channel: Channel) -> RateLimit | None:
    """Return the limit of the configured sender of a channel; None where there is none."""
    environment = settings.ENVIRONMENT
    if channel is Channel.SMS:
        senders = (environment.TWILIO_MESSAGING_SERVICE_SID, environment.TWILIO_FROM)
        sender = next(filter(None, senders), environment.OVH_SENDER)
        per_second = environment.SMS_PER_SECOND
    elif channel is Channel.VOICE:
        sender, per_second = environment.caller, environment.CALLS_PER_SECOND
    else:
        sender, per_second = environment.EMAIL_FROM, environment.EMAIL_PER_SECOND
    return RateLimit(per_second, f"rate-limit:{channel}:{sender}") if per_second else None


@cache
def _broker() -> redis.Redis:
    return broker_client(BROKER_TIMEOUT_S)
