"""Run a worker or beat in this process, as `celery worker` and `celery beat` would.

Loading Celery's command line takes a tenth of their start, and a process of its own the whole of it
once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from notifier.celery import app
from notifier.jobs import signals  # noqa: F401 - imported for its receivers

WORKER_THREADS = 8


def run_worker(queues: Iterable[str], log_level: str) -> int:
    """Serve these queues until a signal ends the process; return its exit code."""
    worker = app.Worker(
        pool="threads",
        concurrency=WORKER_THREADS,
        queues=list(queues),
        loglevel=log_level,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        # Its banner would push what `up` says out of sight.
        quiet=True,
    )
    worker.start()
    return worker.exitcode or 0


def run_beat(schedule: Path, log_level: str) -> None:
    """Trigger the sweeps until a signal ends the process. `schedule` keeps when each was last."""
    app.Beat(schedule=str(schedule), loglevel=log_level, quiet=True).run()
