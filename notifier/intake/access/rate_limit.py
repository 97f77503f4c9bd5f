"""The rate limits of a source: token buckets in each web process.

They protect the service from a runaway source, not the mayor (storms are alerting's): so they live
in memory and cost no statement. Pushes, queries, and requests sent in its name by somebody else or
repeated have a bucket each, so that none locks out the others.
"""

import threading
import time
from dataclasses import dataclass, field
from enum import Enum, auto

from notifier.intake.access.signature import TOLERANCE_S
from notifier.intake.models import Source

# The ids of signed requests that are remembered of a source, at the most.
MAX_IDS = 10_000


class Budget(Enum):
    """What a request is counted as; each has the source's whole `rate_per_minute`."""

    PUSH = auto()
    READ = auto()
    OTHERS = auto()
    """Whose signature failed, or was seen already: whoever holds the secret need not have sent it,
    and must not be locked out by it."""


class TooFastError(Exception):
    """More requests than the source may make. `retry_after_s`: seconds until the next token."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


@dataclass
class _Ids:
    """The ids seen from a source, oldest first, with their expiry."""

    until: dict[str, float] = field(default_factory=dict)

    def is_new(self, message_id: str, now: float) -> bool:
        while self.until and (len(self.until) >= MAX_IDS or next(iter(self.until.values())) <= now):
            del self.until[next(iter(self.until))]
        if message_id in self.until:
            return False
        # A signature may be of five minutes hence.
        self.until[message_id] = now + 2 * TOLERANCE_S
        return True


_buckets: dict[tuple[int, Budget], _Bucket] = {}
_ids: dict[int, _Ids] = {}
_lock = threading.Lock()


def take_token(source: Source, budget: Budget) -> None:
    """Count a request of the source. Raises TooFastError above `rate_per_minute`, or in a burst."""
    capacity = source.rate_per_minute
    per_second = capacity / 60
    now = time.monotonic()
    with _lock:
        bucket = _buckets.setdefault((source.pk, budget), _Bucket(capacity, now))
        bucket.tokens = min(capacity, bucket.tokens + (now - bucket.filled_at) * per_second)
        bucket.filled_at = now
        if bucket.tokens < 1:
            raise TooFastError((1 - bucket.tokens) / per_second if per_second else 60)
        bucket.tokens -= 1


def is_first_of_id(source: Source, message_id: str) -> bool:
    """Record the id of a signed request; return whether this process had not seen it lately."""
    with _lock:
        return _ids.setdefault(source.pk, _Ids()).is_new(message_id, time.monotonic())


def reset() -> None:
    """Refill every bucket and forget every id."""
    with _lock:
        _buckets.clear()
        _ids.clear()
