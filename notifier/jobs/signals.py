"""Receivers of Celery's signals: what a worker and beat do as they start and end."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING

from celery import signals

from notifier.jobs.enqueue import run_locally
from notifier.jobs.heartbeat import BEAT, WORKER, HeartbeatThread

# Every process of the service passes here; these two are slow to load.
if TYPE_CHECKING:
    from celery.apps.worker import Worker
    from celery.worker.consumer import Consumer


@signals.celeryd_after_setup.connect
def run_own_queues_locally(instance: Worker, **_: object) -> None:
    """Let the worker run by itself what it enqueues for queues that it consumes."""
    run_locally(instance.app.amqp.queues.consume_from)


@signals.worker_ready.connect
def start_worker_heartbeat(sender: Consumer, **_: object) -> None:
    """Keep the worker's heartbeat until it shuts down."""
    heartbeat = HeartbeatThread(WORKER, sender.app.amqp.queues.consume_from)
    heartbeat.start()
    signals.worker_shutdown.connect(lambda **_: heartbeat.stop(), weak=False)


@signals.beat_init.connect
def start_beat_heartbeat(**_: object) -> None:
    """Keep the heartbeat of the beat process until it ends."""
    heartbeat = HeartbeatThread(BEAT)
    heartbeat.start()
    atexit.register(heartbeat.stop)
