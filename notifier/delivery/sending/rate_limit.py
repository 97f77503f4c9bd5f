"""No more messages a second than a provider allows its customer, all workers taken together.

The limit is of a sender: its next free slot stands in the broker, where all workers see it. An
urgent message reserves the next slot ahead; a routine one takes a slot only when it is free now, so
it never holds one that an urgent message could have. Without the broker each process keeps the pace
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

from notifier.delivery.models import Channel, Lane
from notifier.delivery.retry import FRESH_CLAIM
from notifier.jobs.broker import broker_client

log = structlog.get_logger(__name__)

# What one process claims of a limited channel is sent within this time, so that several that claim
# at once are all done while their claims are fresh.
CLAIMED_AHEAD_S = 1.0
# A message that has no slot by then is put back, well before its claim is stale.
MAX_WAIT_S = FRESH_CLAIM.total_seconds() * 0.6
# A broker that does not answer in this time is left alone for a while: every message would wait.
BROKER_TIMEOUT_S = 0.25
LEFT_ALONE_S = 5.0

# Answers how many microseconds to wait for the slot that is now this message's, or minus how many
# until it may ask again. A slot that a clock's step has put out of reach is forgotten.
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
class Pace:
    """A sender's limit in this process: how many wait, and its pace while the broker is silent."""

    per_second: int
    key: str
    waiting: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))
    lock: threading.Lock = field(default_factory=threading.Lock)
    own_free: float = 0.0
    ask_broker_from: float = 0.0

    @property
    def claimed_ahead(self) -> int:
        """How many messages this process may have waiting."""
        return max(1, int(self.per_second * CLAIMED_AHEAD_S))

    @contextmanager
    def one_waits(self, lane: Lane) -> Iterator[None]:
        """Count a message among those that wait."""
        with self.lock:
            self.waiting[lane] += 1
        try:
            yield
        finally:
            with self.lock:
                self.waiting[lane] -= 1

    def next_slot_s(self, lane: Lane) -> float:
        """Seconds to wait for the slot that is now taken; negative: none taken, ask again then."""
        if time.monotonic() >= self.ask_broker_from:
            try:
                return self._by_broker(lane)
            except redis.RedisError as error:
                self.ask_broker_from = time.monotonic() + LEFT_ALONE_S
                log.warning("broker unreachable, this process keeps its own pace", error=str(error))
        return self._by_this_process(lane)

    def _by_broker(self, lane: Lane) -> float:
        interval, longest = 1_000_000 // self.per_second, int(MAX_WAIT_S * 1_000_000)
        script = _broker().register_script(_NEXT_SLOT)
        microseconds = script(keys=[self.key], args=[interval, longest, int(lane == Lane.URGENT)])
        return int(microseconds) / 1_000_000

    def _by_this_process(self, lane: Lane) -> float:
        with self.lock:
            now = time.monotonic()
            wait = max(0.0, self.own_free - now)
            if wait > MAX_WAIT_S or (wait > 0 and lane != Lane.URGENT):
                return -wait
            self.own_free = now + wait + 1 / self.per_second
            return wait


def wait_for_slot(channel: Channel, lane: Lane) -> bool:
    """Return when a message may go; False if none may for so long that its claim would be stale."""
    pace = pace_of(channel)
    if pace is None:
        return True
    deadline = time.monotonic() + MAX_WAIT_S
    with pace.one_waits(lane):
        while True:
            slot_s = pace.next_slot_s(lane)
            time.sleep(min(abs(slot_s), max(0.0, deadline - time.monotonic())))
            if slot_s >= 0:
                return True
            if time.monotonic() >= deadline:
                return False


def most_at_once(lane: Lane, otherwise: int) -> int:
    """How many messages this process may claim now; `otherwise` where no channel has a limit.

    0: those that it has claimed already are enough for the time being.
    """
    paces = [pace for channel in Channel if (pace := pace_of(channel)) is not None]
    if not paces:
        return otherwise
    # Routine messages that wait for a slot never hold all the threads that send.
    room = otherwise if lane == Lane.URGENT else otherwise // 2
    return max(0, min(min(room, p.claimed_ahead) - p.waiting[lane] for p in paces))


@cache
def pace_of(channel: Channel) -> Pace | None:
    """The limit of the configured sender of a channel; None where there is none."""
    environment = settings.ENVIRONMENT
    if channel is Channel.SMS:
        sender = environment.TWILIO_MESSAGING_SERVICE_SID or environment.TWILIO_FROM
        per_second = environment.SMS_PER_SECOND
    else:
        sender, per_second = environment.EMAIL_FROM, environment.EMAIL_PER_SECOND
    return Pace(per_second, f"pace:{channel}:{sender}") if per_second else None


@cache
def _broker() -> redis.Redis:
    return broker_client(BROKER_TIMEOUT_S)
