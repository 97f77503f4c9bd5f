"""What a worker and beat do of ours as they start and end."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING

from celery import signals

from notifier.jobs.enqueue import serve
from notifier.jobs.heartbeat import BEAT, WORKER, Pulse

# Every process of the service passes here; these two are long to load.
if TYPE_CHECKING:
    from celery.apps.worker import Worker
    from celery.worker.consumer import Consumer


@signals.celeryd_after_setup.connect
def serve_own_queues(instance: Worker, **_: object) -> None:
    """Let the worker do by itself what it enqueues for queues that it consumes."""
    serve(instance.app.amqp.queues.consume_from)


@signals.worker_ready.connect
def start_heartbeat_of_worker(sender: Consumer, **_: object) -> None:
    """Say in the database that the worker runs, until it shuts down."""
    pulse = Pulse(WORKER, sender.app.amqp.queues.consume_from)
    pulse.start()
    signals.worker_shutdown.connect(lambda **_: pulse.stop(), weak=False)


@signals.beat_init.connect
def start_heartbeat_of_beat(**_: object) -> None:
    """Say in the database that beat runs, until the process ends."""
    pulse = Pulse(BEAT)
    pulse.start()
    atexit.register(pulse.stop)
