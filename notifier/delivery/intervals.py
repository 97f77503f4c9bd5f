"""Intervals of retries, leases and questions to the provider; sending.record decides on a retry."""

import random
from datetime import datetime, timedelta

from notifier.delivery.models import Lane

# Seconds before the 2nd, 3rd, … attempt. A short failure is over in seconds; a provider that is
# down for ten minutes gets a dozen; the last delay repeats itself until the lifetime ends.
DELAYS_S = (1, 2, 5, 10, 20, 40, 60, 120, 180, 300)
# Messages that failed together must not come back together.
JITTER = 0.2

# What was attempted and is not sent by then calls the next person, while it is retried. Mail
# servers that defer unknown senders (greylisting) take a quarter of an hour, and routine texts wake
# nobody.
DELAYED_AFTER = {Lane.URGENT: timedelta(minutes=1), Lane.ROUTINE: timedelta(minutes=30)}

# A worker that has claimed a message must have recorded it by then; well above the sum of the
# provider client's timeouts, so that only a dead or frozen worker loses its lease.
LEASE = timedelta(seconds=30)
# A worker that comes back from a freeze does not start sending on a lease this old.
FRESH_CLAIM = LEASE / 3
# How long a provider may take to list what it accepted before "not listed" means "not accepted".
LISTED_WITHIN = timedelta(seconds=20)
# Questions to the provider about a message in `unknown`.
ASK_AGAIN = timedelta(seconds=10)
# Questions about a message that it accepted, while it does not answer them.
ASK_FOR_RECEIPT_AGAIN = timedelta(minutes=1)
# Without a receipt, ask what became of the message after these times since its acceptance.
RECEIPT_OVERDUE = (
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)


def next_attempt(attempts: int, now: datetime, retry_after_s: float | None = None) -> datetime:
    """Return when to retry after this many attempts; never before what the provider asked for."""
    delay = DELAYS_S[min(max(attempts, 1), len(DELAYS_S)) - 1]
    jittered = delay * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreading, not secrecy
    return now + timedelta(seconds=max(jittered, retry_after_s or 0))


def next_question(accepted_at: datetime, now: datetime) -> datetime | None:
    """Return when to ask for an overdue receipt; None once it is not worth asking any more."""
    return next((accepted_at + wait for wait in RECEIPT_OVERDUE if accepted_at + wait > now), None)
