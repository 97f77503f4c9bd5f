"""Find channels on which nothing leaves: their provider does not answer, or refuses our account.

The workers notice it and mark the messages that wait; the web process reads it there.
"""

import time
from datetime import datetime, timedelta
from threading import Lock

import structlog
from django.db.models import Min, Q
from django.utils import timezone

from notifier.delivery import routing
from notifier.delivery.models import NOT_PAUSED, OPEN, UNSENT, Message

log = structlog.get_logger(__name__)

# So long nothing leaves before an operator is alarmed; a provider's short failure is no alarm.
BLOCKED_AFTER = timedelta(minutes=1)
# Each process warns of a channel once in this time, however many messages wait.
WARN_INTERVAL_S = 60.0

_warned_at: dict[str, float] = {}
_lock = Lock()


def warn_if_blocked(message: Message, at: datetime, why: str) -> None:
    """Log an error if the message has been blocked for a minute, with the attempt at `at`."""
    since = message.blocked_since or at
    if at - since < BLOCKED_AFTER:
        return
    with _lock:
        if time.monotonic() - _warned_at.get(message.channel, -WARN_INTERVAL_S) < WARN_INTERVAL_S:
            return
        _warned_at[message.channel] = time.monotonic()
    log.error(
        "nothing leaves on this channel, its provider cannot be reached or refuses us",
        channel=message.channel,
        message=message.pk,
        since=since.isoformat(),
        why=why,
    )


def note_blocked(message: Message, why: str) -> None:
    """Mark an open message as blocked since now: its provider does not answer."""
    now = timezone.now()
    Message.objects.filter(pk=message.pk, state__in=OPEN, blocked_since=None).update(
        blocked_since=now
    )
    warn_if_blocked(message, now, why)


def blocked_channels() -> dict[str, float]:
    """Return for how many seconds nothing has left, by channel, where that is a minute or more.

    What waits for the word of a provider whose texts another one carries blocks nothing.
    """
    now = timezone.now()
    waiting = Message.objects.filter(UNSENT, NOT_PAUSED, blocked_since__lte=now - BLOCKED_AFTER)
    if carried := routing.carried_by_others():
        waiting = waiting.filter(~Q(provider__in=carried) | Q(providers=""))
    oldest = waiting.values_list("channel").annotate(since=Min("blocked_since")).order_by()
    return {channel: (now - since).total_seconds() for channel, since in oldest}


def oldest_unsent_s() -> float:
    """Return the age in seconds of the oldest message that its provider does not have yet.

    0 if there is none. Those that were given up, or that a pause holds, do not count.
    """
    oldest = Message.objects.filter(UNSENT, NOT_PAUSED).aggregate(since=Min("created_at"))["since"]
    return max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0
