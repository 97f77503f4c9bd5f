"""Enqueue a job for a worker without waiting for the broker.

One daemon thread a process publishes; a frozen or absent broker holds up only that thread. A worker
that serves the queue itself does not go by way of the broker at all: see `serve`.
"""

from __future__ import annotations

import atexit
import os
import queue
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import structlog
from django.db import close_old_connections, transaction

log = structlog.get_logger(__name__)

# Jobs kept while the broker hangs; what is beyond is dropped, and found by the sweeps.
MAX_WAITING = 10_000
# Seconds that a process which ends waits for its last jobs to be published.
LAST_JOBS_S = 2.0
# The first job is published at once; those that follow within so many seconds are published as one
# task, for a task costs the worker more than one more id. An idle service never waits for it.
COALESCE_S = 0.02
MAX_BATCH_SIZE = 32


@dataclass(frozen=True)
class _Job:
    task: str
    queue_name: str
    thing: str


_waiting: queue.Queue[_Job] = queue.Queue(MAX_WAITING)
_lock = threading.Lock()
_publisher_of: int | None = None
_served: frozenset[str] = frozenset()
_own_jobs = ThreadPoolExecutor(max_workers=4, thread_name_prefix="jobs")


def serve(queue_names: Iterable[str]) -> None:
    """Run in this process, from now on, what it enqueues for these queues.

    Called once, by a worker, with the queues that it consumes: what it has just decided it can
    deliver without a way round.
    """
    global _served
    _served = frozenset(queue_names)


def enqueue_after_commit(task: str, thing: str, *, queue_name: str) -> None:
    """Enqueue once the transaction that wrote the thing has committed; at once outside of one."""
    transaction.on_commit(partial(enqueue, task, thing, queue_name=queue_name), robust=True)


def enqueue(task: str, thing: str, *, queue_name: str) -> None:
    """Ask a worker to look at `thing` by `task`, which takes any number of things.

    Returns at once; never raises.
    """
    job = _Job(task, queue_name, thing)
    if queue_name in _served:
        _own_jobs.submit(_run, job)
        return
    _start_publisher()
    try:
        _waiting.put_nowait(job)
    except queue.Full:
        log.warning("job dropped, the sweep will find it", task=task)


def _run(job: _Job) -> None:
    from notifier.celery import app

    close_old_connections()
    try:
        app.tasks[job.task](job.thing)
    except Exception:  # whatever a task raises is logged, as Celery would; the sweep repeats it
        log.exception("task failed", task=job.task)
    finally:
        close_old_connections()


def _start_publisher() -> None:
    global _publisher_of
    # A forked child has the module's state, but not its thread.
    if _publisher_of != os.getpid():
        with _lock:
            if _publisher_of != os.getpid():
                threading.Thread(target=_publish_forever, name="jobs", daemon=True).start()
                _publisher_of = os.getpid()


def _publish_forever() -> None:
    published_at = 0.0
    while True:
        jobs = [_waiting.get()]
        if (left := published_at + COALESCE_S - time.monotonic()) > 0:
            time.sleep(left)
        while len(jobs) < MAX_BATCH_SIZE and not _waiting.empty():
            jobs.append(_waiting.get_nowait())
        published_at = time.monotonic()
        _publish(jobs)
        for _ in jobs:
            _waiting.task_done()


def _publish(jobs: list[_Job]) -> None:
    from notifier.celery import app

    things: dict[tuple[str, str], dict[str, None]] = {}
    for job in jobs:
        things.setdefault((job.task, job.queue_name), {})[job.thing] = None
    for (task, queue_name), these in things.items():
        try:
            app.send_task(
                task, args=tuple(these), queue=queue_name, retry=False, ignore_result=True
            )
        # The broker's client raises dozens of kinds; none of them may end this thread.
        except Exception as error:
            log.warning("broker unreachable, the sweep will find it", task=task, error=str(error))


@atexit.register
def _publish_the_last() -> None:
    """A command ends right after it has enqueued; without this only the sweep would find it."""
    with _waiting.all_tasks_done:
        _waiting.all_tasks_done.wait_for(lambda: not _waiting.unfinished_tasks, LAST_JOBS_S)
