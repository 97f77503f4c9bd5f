"""The Celery application.

A task carries the id of a row to look at, never its data: the database is the truth, Celery is the
alarm clock. Started by `notifier worker` and `notifier beat` (`jobs/run.py`), or by
`celery -A worker`; `jobs/signals.py` connects what they do as they start.
"""

import os
import sys

import django
from celery import Celery, signals
from celery.apps.worker import Worker
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "notifier.settings")
if not apps.ready:
    django.setup()

# Steps of Unix's niceness; ten leave about a tenth of the share of a process that took none.
ROUTINE_NICENESS = 10

# Celery's own Django fixup closes the database connection around every task, which costs more than
# the task; `close_old_connections` below drops only those that broke or grew old.
app = Celery("worker", fixups=[])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    ["notifier.accounts", "notifier.alerting", "notifier.delivery", "notifier.directory"]
)


@signals.task_prerun.connect
@signals.task_postrun.connect
def _drop_broken_connections(**_: object) -> None:
    from django.db import close_old_connections

    close_old_connections()


@signals.celeryd_after_setup.connect
def _give_way_to_urgent(instance: Worker, **_: object) -> None:
    """Lower the priority of a worker that does not serve the urgent queue."""
    if "urgent" not in instance.app.amqp.queues.consume_from:
        os.nice(ROUTINE_NICENESS)


@signals.celeryd_init.connect
@signals.beat_init.connect
def _refuse_to_start_incomplete(**_: object) -> None:
    from notifier.readiness import CHECK_TAG, require_complete

    try:
        require_complete([CHECK_TAG])
    except ImproperlyConfigured as error:
        # Whatever else a receiver raises, Celery logs it and goes on.
        sys.exit(f"notifier : {error}")
