"""The rate limit of a source: a bucket of tokens in each web process.

It protects the service from a source gone mad, not the mayor (storms are alerting's): so it lives
in memory, costs no statement, and counts every authenticated request, refused ones included.
"""

import threading
import time
from dataclasses import dataclass

from notifier.intake.models import Source


class TooFastError(Exception):
    """The source pushes faster than it may. `retry_after_s` is when the next token is there."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


_buckets: dict[int, _Bucket] = {}
_lock = threading.Lock()


def take_token(source: Source) -> None:
    """Count a request of the source. Raises TooFastError above `rate_per_minute` (also at once)."""
    capacity = source.rate_per_minute
    per_second = capacity / 60
    now = time.monotonic()
    with _lock:
        bucket = _buckets.setdefault(source.pk, _Bucket(capacity, now))
        bucket.tokens = min(capacity, bucket.tokens + (now - bucket.filled_at) * per_second)
        bucket.filled_at = now
        if bucket.tokens < 1:
            raise TooFastError((1 - bucket.tokens) / per_second if per_second else 60)
        bucket.tokens -= 1
