"""The Celery application. It carries the number of a thing to look at, never the thing itself:
the database is the truth, Celery is the bell.

Started by `notifier worker` and `notifier beat`, or by `celery -A worker`.
"""

import atexit
import os

import django
from celery import Celery, signals
from celery.apps.worker import Worker
from celery.worker.consumer import Consumer
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "notifier.settings")
if not apps.ready:
    django.setup()

# Steps of Unix's niceness; ten leave about a tenth of the share of a process that took none.
BEHIND = 10

# Celery's own Django fixup closes the database connection around every task, which costs more than
# the task; `close_old_connections` below drops only those that broke or grew old.
app = Celery("worker", fixups=[])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["notifier.alerting", "notifier.delivery"])


@signals.task_prerun.connect
@signals.task_postrun.connect
def _drop_broken_connections(**_: object) -> None:
    from django.db import close_old_connections

    close_old_connections()


@signals.celeryd_after_setup.connect
def _answer_own_bells(instance: Worker, **_: object) -> None:
    from notifier.jobs.enqueue import serve

    serve(instance.app.amqp.queues.consume_from)


@signals.celeryd_after_setup.connect
def _give_way_to_urgent(instance: Worker, **_: object) -> None:
    """On a full machine, a worker without the urgent queue goes behind those that serve it."""
    if "urgent" not in instance.app.amqp.queues.consume_from:
        os.nice(BEHIND)


@signals.worker_ready.connect
def _beat_as_worker(sender: Consumer, **_: object) -> None:
    from notifier.jobs.heartbeat import WORKER, Pulse

    pulse = Pulse(WORKER, sender.app.amqp.queues.consume_from)
    pulse.start()
    signals.worker_shutdown.connect(lambda **_: pulse.stop(), weak=False)


@signals.beat_init.connect
def _beat_as_beat(**_: object) -> None:
    from notifier.jobs.heartbeat import BEAT, Pulse

    pulse = Pulse(BEAT)
    pulse.start()
    atexit.register(pulse.stop)


@signals.celeryd_init.connect
@signals.beat_init.connect
def _refuse_to_start_incomplete(**_: object) -> None:
    from notifier.readiness import OURS, require_complete

    require_complete([OURS])
