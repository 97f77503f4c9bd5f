"""Publish a task as Celery's `send_task` does, over one connection that stays open.

Gains 0.9 ms of the 20 from a report to the provider on an idle service, whose caches are cold. The
message is Celery's own (message protocol 2, in kombu's envelope for Redis), made once for each
task; then only its ids and arguments change.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import uuid4

import redis

from notifier.jobs.broker import broker_client

# A frozen broker holds up the thread that publishes for so long.
TIMEOUT_S = 5.0


def publish(task: str, args: Sequence[str], queue_name: str) -> None:
    """Append the task to the queue. Raises redis.RedisError or OSError."""
    _client().lpush(queue_name, message(task, args, queue_name))


def message(task: str, args: Sequence[str], queue_name: str) -> str:
    """Return the task as Celery's consumer reads it from Redis."""
    headers, properties, options = _template(task)
    task_id = str(uuid4())
    changed = {"id": task_id, "root_id": task_id, "argsrepr": repr(tuple(args))}
    body = json.dumps((args, {}, options)).encode()
    return json.dumps(
        {
            "body": b64encode(body).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": headers | changed,
            "properties": properties
            | {
                "correlation_id": task_id,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue_name},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": task_id,
            },
        }
    )


@cache
def _template(task: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    from notifier.celery import app

    made = app.amqp.as_task_v2("", task, ignore_result=True)
    _, _, options = made.body
    return made.headers, made.properties, options


@cache
def _client() -> redis.Redis:
    return broker_client(TIMEOUT_S)
