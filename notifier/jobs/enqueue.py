"""Enqueue a job for a worker without waiting for the broker.

One daemon thread in each process publishes, so a frozen or absent broker holds up only that thread.
A worker that serves the queue itself bypasses the broker: see `run_locally`.
"""

from __future__ import annotations

import atexit
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import structlog
from django.db import close_old_connections, transaction

log = structlog.get_logger(__name__)

# Jobs kept while the broker hangs; further ones are dropped, and the sweeps find them.
MAX_PENDING = 10_000
# Seconds that an ending process waits for its last jobs to be published.
FLUSH_TIMEOUT_S = 2.0
# The first job is published at once; those that follow within so many seconds are published as one
# task, for a task costs the worker more than one more id. An idle service never waits for it.
COALESCE_S = 0.02
MAX_BATCH_SIZE = 32


@dataclass(frozen=True)
class _Job:
    task: str
    queue_name: str
    object_id: str


_pending: queue.Queue[_Job] = queue.Queue(MAX_PENDING)
_lock = threading.Lock()
_publisher_pid: int | None = None
_local_queues: frozenset[str] = frozenset()
_local_jobs = ThreadPoolExecutor(max_workers=4, thread_name_prefix="jobs")


def run_locally(queue_names: Iterable[str]) -> None:
    """Run in this process, from now on, what it enqueues for these queues.

    Called once, by a worker, with the queues that it consumes: what it has just decided it delivers
    without the detour by the broker.
    """
    global _local_queues
    _local_queues = frozenset(queue_names)


def is_local(queue_name: str) -> bool:
    """Say whether this process runs itself what it enqueues for the queue."""
    return queue_name in _local_queues


def start(work: Callable[[], object]) -> None:
    """Run `work` in a thread of this process, with a fresh database connection.

    What it raises is logged.
    """
    _local_jobs.submit(_run, work)


def enqueue_after_commit(task: str, object_id: str, *, queue_name: str) -> None:
    """Enqueue once the current transaction has committed; at once outside of one."""
    transaction.on_commit(partial(enqueue, task, object_id, queue_name=queue_name), robust=True)


def enqueue(task: str, object_id: str, *, queue_name: str) -> None:
    """Have a worker run `task`, which takes any number of ids, with this one.

    Returns at once; never raises.
    """
    if is_local(queue_name):
        start(partial(_run_task, task, object_id))
        return
    job = _Job(task, queue_name, object_id)
    _start_publisher()
    try:
        _pending.put_nowait(job)
    except queue.Full:
        log.warning("job dropped, the sweep will find it", task=task)


def _run_task(task: str, object_id: str) -> None:
    from notifier.celery import app

    try:
        app.tasks[task](object_id)
    except Exception:  # whatever a task raises is logged, as Celery would; the sweep repeats it
        log.exception("task failed", task=task)


def _run(work: Callable[[], object]) -> None:
    close_old_connections()
    try:
        work()
    except Exception:  # the sweep repeats it
        log.exception("local job failed")
    finally:
        close_old_connections()


def _start_publisher() -> None:
    global _publisher_pid
    # A forked child inherits the module's state, but not its thread.
    if _publisher_pid != os.getpid():
        with _lock:
            if _publisher_pid != os.getpid():
                threading.Thread(target=_publish_forever, name="jobs", daemon=True).start()
                _publisher_pid = os.getpid()


def _publish_forever() -> None:
    published_at = 0.0
    while True:
        jobs = [_pending.get()]
        if (remaining := published_at + COALESCE_S - time.monotonic()) > 0:
            time.sleep(remaining)
        while len(jobs) < MAX_BATCH_SIZE and not _pending.empty():
            jobs.append(_pending.get_nowait())
        published_at = time.monotonic()
        _publish(jobs)
        for _ in jobs:
            _pending.task_done()


def _publish(jobs: list[_Job]) -> None:
    from notifier.jobs.publish import publish

    ids_by_task: dict[tuple[str, str], dict[str, None]] = {}
    for job in jobs:
        ids_by_task.setdefault((job.task, job.queue_name), {})[job.object_id] = None
    for (task, queue_name), ids in ids_by_task.items():
        try:
            publish(task, list(ids), queue_name)
        # Whatever the broker's client raises, it may not end this thread.
        except Exception as error:
            log.warning("broker unreachable, the sweep will find it", task=task, error=str(error))


@atexit.register
def _flush() -> None:
    """Wait for pending jobs: a command ends right after it has enqueued its own."""
    with _pending.all_tasks_done:
        _pending.all_tasks_done.wait_for(lambda: not _pending.unfinished_tasks, FLUSH_TIMEOUT_S)
