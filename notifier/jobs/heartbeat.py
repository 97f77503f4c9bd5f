"""Heartbeats: each worker and beat says in the database that it runs, every BEAT_S seconds.

Without them a service whose workers are all stopped looks well for as long as nothing is due.
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
from django.utils import timezone

from notifier.jobs.broker import QUEUES
from notifier.jobs.models import Heartbeat

log = structlog.get_logger(__name__)

WORKER = "worker"
BEAT = "beat"
BEAT_S = 5.0
# Three beats missed and more: it has stopped, hangs, or does not reach the database.
SILENT_AFTER = timedelta(seconds=20)
# A process that was killed leaves its row; nobody asks for it any longer after this.
FORGOTTEN_AFTER = timedelta(hours=1)


class Pulse:
    """The heartbeat of this process, from `start` to `stop`, in a thread of its own."""

    def __init__(self, role: str, queues: Iterable[str] = ()) -> None:
        self._process = f"{socket.gethostname()[:100]}:{os.getpid()}"
        self._role = role
        self._queues = sorted(queues)
        self._started_at = timezone.now()
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Beat now and every BEAT_S seconds."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and take the row away: who looks sees at once that the process has ended."""
        self._stopped.set()
        self._thread.join(timeout=BEAT_S)
        try:
            Heartbeat.objects.filter(process=self._process).delete()
        except Error as error:
            log.warning("heartbeat cannot be removed", error=repr(error))
        connection.close()

    def _run(self) -> None:
        while True:
            try:
                self._beat(timezone.now())
            except Error as error:
                log.warning("heartbeat cannot be written", error=repr(error))
            # A connection for one statement in five seconds is better made anew than kept.
            connection.close()
            if self._stopped.wait(BEAT_S):
                return

    def _beat(self, now: datetime) -> None:
        facts = {"role": self._role, "queues": self._queues, "started_at": self._started_at}
        if not Heartbeat.objects.filter(process=self._process).update(seen_at=now, **facts):
            Heartbeat.objects.filter(seen_at__lt=now - FORGOTTEN_AFTER).delete()
            Heartbeat.objects.update_or_create(
                process=self._process, defaults={**facts, "seen_at": now}
            )


def unserved_queues() -> list[str]:
    """Those of the queues that no running worker consumes from."""
    served = {queue for beat in _running(WORKER) for queue in beat.queues}
    return [queue for queue in chain.from_iterable(QUEUES.values()) if queue not in served]


def is_beat_running() -> bool:
    """Whether a process runs that triggers the sweeps."""
    return bool(_running(BEAT))


def seconds_since(role: str) -> float | None:
    """How long ago a process of this role was last seen; None if none ever was, or it ended."""
    latest = Heartbeat.objects.filter(role=role).order_by("-seen_at").first()
    return (timezone.now() - latest.seen_at).total_seconds() if latest else None


def _running(role: str) -> list[Heartbeat]:
    since = timezone.now() - SILENT_AFTER
    return list(Heartbeat.objects.filter(role=role, seen_at__gte=since))
