"""Ring for a worker without waiting for the broker.

One daemon thread a process publishes; a frozen or absent broker holds up only that thread. A worker
that serves the queue itself is not rung by way of the broker at all: see `serve`.
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

# What is rung for while the broker hangs is kept up to here, then dropped: the sweeps see to it.
MOST_WAITING = 10_000
# How long a process that ends waits for its last rings.
LAST_RINGS_S = 2.0
# The first ring leaves at once; those that follow within so long of it leave together, for a ring
# costs the worker more than the look at one more thing. Nobody rings so often on an idle service.
TOGETHER_S = 0.02
MOST_TOGETHER = 32


@dataclass(frozen=True)
class _Ring:
    task: str
    queue_name: str
    thing: str


_waiting: queue.Queue[_Ring] = queue.Queue(MOST_WAITING)
_lock = threading.Lock()
_publisher_of: int | None = None
_served: frozenset[str] = frozenset()
_at_hand = ThreadPoolExecutor(max_workers=4, thread_name_prefix="bell")


def serve(queue_names: Iterable[str]) -> None:
    """From now on, this process answers by itself what it rings for in these queues.

    Called once, by a worker, with the queues that it consumes: what it has just decided it can
    deliver without a way round.
    """
    global _served
    _served = frozenset(queue_names)


def ring_after_commit(task: str, thing: str, *, queue_name: str) -> None:
    """Ring once the transaction that wrote the thing has committed; at once outside of one."""
    transaction.on_commit(partial(ring, task, thing, queue_name=queue_name), robust=True)


def ring(task: str, thing: str, *, queue_name: str) -> None:
    """Ask a worker to look at `thing` by `task`, which takes any number of things.

    Returns at once; never raises.
    """
    rung = _Ring(task, queue_name, thing)
    if queue_name in _served:
        _at_hand.submit(_answer, rung)
        return
    _start_publisher()
    try:
        _waiting.put_nowait(rung)
    except queue.Full:
        log.warning("bell dropped, the sweep will find it", task=task)


def _answer(rung: _Ring) -> None:
    from notifier.celery import app

    close_old_connections()
    try:
        app.tasks[rung.task](rung.thing)
    except Exception:  # whatever a task raises is logged, as Celery would; the sweep repeats it
        log.exception("task failed", task=rung.task)
    finally:
        close_old_connections()


def _start_publisher() -> None:
    global _publisher_of
    # A forked child has the module's state, but not its thread.
    if _publisher_of != os.getpid():
        with _lock:
            if _publisher_of != os.getpid():
                threading.Thread(target=_publish_forever, name="bell", daemon=True).start()
                _publisher_of = os.getpid()


def _publish_forever() -> None:
    published_at = 0.0
    while True:
        rings = [_waiting.get()]
        if (left := published_at + TOGETHER_S - time.monotonic()) > 0:
            time.sleep(left)
        while len(rings) < MOST_TOGETHER and not _waiting.empty():
            rings.append(_waiting.get_nowait())
        published_at = time.monotonic()
        _publish(rings)
        for _ in rings:
            _waiting.task_done()


def _publish(rings: list[_Ring]) -> None:
    from notifier.celery import app

    things: dict[tuple[str, str], dict[str, None]] = {}
    for rung in rings:
        things.setdefault((rung.task, rung.queue_name), {})[rung.thing] = None
    for (task, queue_name), these in things.items():
        try:
            app.send_task(
                task, args=tuple(these), queue=queue_name, retry=False, ignore_result=True
            )
        # The broker's client raises dozens of kinds; none of them may end the bell.
        except Exception as error:
            log.warning("broker unreachable, the sweep will ring", task=task, error=str(error))


@atexit.register
def _let_the_last_rings_out() -> None:
    """A command ends right after its ring; without this the sweep would be its only bell."""
    with _waiting.all_tasks_done:
        _waiting.all_tasks_done.wait_for(lambda: not _waiting.unfinished_tasks, LAST_RINGS_S)
