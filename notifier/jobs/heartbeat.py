"""Heartbeats: each worker and beat writes to the database every INTERVAL_S seconds that it runs.

Without them a service whose workers are all stopped looks healthy for as long as nothing is due.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain
from threading import Event, Thread

import structlog
from django.db import Error, connection
from django.dispatch import Signal
from django.utils import timezone

from notifier.jobs.broker import QUEUES
from notifier.jobs.models import Heartbeat

log = structlog.get_logger(__name__)

WORKER = "worker"
BEAT = "beat"
INTERVAL_S = 5.0
# More than three missed: the process has stopped, hangs, or does not reach the database.
MISSING_AFTER = timedelta(seconds=20)
# A killed process leaves its row behind, which is deleted after this.
DELETE_AFTER = timedelta(hours=1)
# Sent with each heartbeat of a process, with role (str): what every process keeps is read anew.
beating = Signal()


class HeartbeatThread:
    """The heartbeat of this process, from `start` to `stop`."""

    def __init__(self, role: str, queues: Iterable[str] = ()) -> None:
        self._process = f"{socket.gethostname()[:100]}:{os.getpid()}"
        self._role = role
        self._queues = sorted(queues)
        self._started_at = timezone.now()
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Write now and every INTERVAL_S seconds."""
        self._thread.start()

    def stop(self) -> None:
        """Stop and delete the row, so that the end of the process shows at once."""
        self._stopped.set()
        self._thread.join(timeout=INTERVAL_S)
        try:
            Heartbeat.objects.filter(process=self._process).delete()
        except Error as error:
            log.warning("heartbeat cannot be removed", error=repr(error))
        connection.close()

    def _run(self) -> None:
        while True:
            try:
                self._write(timezone.now())
                beating.send(sender=HeartbeatThread, role=self._role)
            except Error as error:
                log.warning("heartbeat cannot be written", error=repr(error))
            # For one statement in five seconds a new connection is better than a kept one.
            connection.close()
            if self._stopped.wait(INTERVAL_S):
                return

    def _write(self, now: datetime) -> None:
        values = {"role": self._role, "queues": self._queues, "started_at": self._started_at}
        if not Heartbeat.objects.filter(process=self._process).update(seen_at=now, **values):
            Heartbeat.objects.filter(seen_at__lt=now - DELETE_AFTER).delete()
            Heartbeat.objects.update_or_create(
                process=self._process, defaults={**values, "seen_at": now}
            )


def unserved_queues() -> list[str]:
    """Return the queues that no running worker consumes."""
    served = {queue for worker in _running(WORKER) for queue in worker.queues}
    return [queue for queue in chain.from_iterable(QUEUES.values()) if queue not in served]


def is_beat_running() -> bool:
    """Return whether a process that triggers the sweeps is running."""
    return bool(_running(BEAT))


def beat_running_since() -> datetime | None:
    """Return since when a process triggers the sweeps; None if none is running."""
    return min((process.started_at for process in _running(BEAT)), default=None)


def seconds_since_heartbeat(role: str) -> float | None:
    """Return the seconds since a process of this role was last seen; None if there is no row."""
    latest = Heartbeat.objects.filter(role=role).order_by("-seen_at").first()
    return (timezone.now() - latest.seen_at).total_seconds() if latest else None


def _running(role: str) -> list[Heartbeat]:
    since = timezone.now() - MISSING_AFTER
    return list(Heartbeat.objects.filter(role=role, seen_at__gte=since))
