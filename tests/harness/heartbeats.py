"""Processes that run, for tests that look at a service of which only the database is there."""

from datetime import timedelta

from django.utils import timezone

from notifier.jobs.broker import QUEUES
from notifier.jobs.heartbeat import BEAT, WORKER
from notifier.jobs.models import Heartbeat


def all_running() -> None:
    """A worker for each lane and beat, seen just now."""
    for lane, queues in QUEUES.items():
        running(WORKER, *queues, process=lane)
    running(BEAT, process="beat")


def running(role: str, *queues: str, process: str, ago: timedelta = timedelta()) -> None:
    """One process, last seen so long ago."""
    now = timezone.now()
    Heartbeat.objects.create(
        process=process, role=role, queues=list(queues), started_at=now, seen_at=now - ago
    )
