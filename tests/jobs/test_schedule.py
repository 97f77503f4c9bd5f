"""What the clock triggers is there, and goes to a queue that a worker serves."""

from __future__ import annotations

from itertools import chain

from django.conf import settings

from notifier.celery import app
from notifier.jobs.broker import QUEUES


def test_every_task_of_the_schedule_exists_and_its_queue_is_served() -> None:
    app.loader.import_default_modules()
    served = set(chain.from_iterable(QUEUES.values()))
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        assert entry["task"] in app.tasks, name
        assert entry["options"]["queue"] in served, name
