"""A direct connection to the broker, for what Celery does not offer: probes and shared counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    import redis

# The queues that a worker of each lane serves. What may have to wait for a provider's answers never
# stands before an urgent message.
QUEUES = {"urgent": ["urgent"], "routine": ["routine", "upkeep"]}


def broker_client(timeout_s: float) -> redis.Redis:
    """Return a client of the configured broker that gives up after `timeout_s` seconds.

    It does not retry. Its commands raise redis.RedisError; this raises ValueError for a malformed
    address.
    """
    # A twentieth of a second, which whoever asks for the names of the queues does not spend.
    import redis

    # redis-py does not know kombu's name for a Unix socket.
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(
        url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=None
    )
