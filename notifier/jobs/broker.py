"""Ask the broker itself how it is. Nothing else in the service speaks to it but Celery."""

import redis
from django.conf import settings

# The queues that a worker of each lane serves. What may have to wait for a provider's answers never
# stands before an urgent message.
QUEUES = {"urgent": ["urgent"], "routine": ["routine", "upkeep"]}


def broker_client(timeout_s: float) -> redis.Redis:
    """A client of the configured broker that gives up after `timeout_s` seconds, without retry.

    Its questions raise redis.RedisError; this raises ValueError for an address that is none.
    """
    # redis-py does not know kombu's name for a Unix socket.
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(
        url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=None
    )
