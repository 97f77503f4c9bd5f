"""Channels on which nothing leaves: a provider that does not answer, or that refuses our account.

The workers see it and write it beside the message that waits; the web process reads it there.
"""

import time
from datetime import datetime, timedelta
from threading import Lock

import structlog
from django.db.models import Min
from django.utils import timezone

from notifier.delivery.models import NOT_PAUSED, OPEN, UNSENT, Message

log = structlog.get_logger(__name__)

# So long nothing leaves before an operator hears of it; a provider's short failure is no alarm.
BLOCKED_AFTER = timedelta(minutes=1)
# Each process says so of a channel once in this time, however many messages wait.
SAID_AGAIN_S = 60.0

_said: dict[str, float] = {}
_lock = Lock()


def warn_if_blocked(message: Message, at: datetime, why: str) -> None:
    """Write an ERROR line if, with a try at `at`, it has been so for a minute."""
    since = message.blocked_since or at
    if at - since < BLOCKED_AFTER:
        return
    with _lock:
        if time.monotonic() - _said.get(message.channel, -SAID_AGAIN_S) < SAID_AGAIN_S:
            return
        _said[message.channel] = time.monotonic()
    log.error(
        "nothing leaves on this channel, its provider cannot be reached or refuses us",
        channel=message.channel,
        message=message.pk,
        since=since.isoformat(),
        why=why,
    )


def note_blocked(message: Message, why: str) -> None:
    """Write beside an open message that its provider does not answer, as of now."""
    now = timezone.now()
    Message.objects.filter(pk=message.pk, state__in=OPEN, blocked_since=None).update(
        blocked_since=now
    )
    warn_if_blocked(message, now, why)


def blocked_channels() -> dict[str, float]:
    """For how many seconds nothing has left, by channel; only where it is a minute or more."""
    now = timezone.now()
    waiting = Message.objects.filter(UNSENT, NOT_PAUSED, blocked_since__lte=now - BLOCKED_AFTER)
    oldest = waiting.values_list("channel").annotate(since=Min("blocked_since")).order_by()
    return {channel: (now - since).total_seconds() for channel, since in oldest}


def oldest_unsent_s() -> float:
    """Age in seconds of the oldest message that its provider does not have yet, whatever its state.

    0 if there is none. One that was given up, and told to others, does not count, nor what a pause
    holds.
    """
    oldest = Message.objects.filter(UNSENT, NOT_PAUSED).aggregate(since=Min("created_at"))["since"]
    return max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0
