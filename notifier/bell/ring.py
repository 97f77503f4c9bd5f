"""Ring for a worker without waiting for the broker.

One daemon thread a process publishes; a frozen or absent broker holds up only that thread.
"""

import atexit
import os
import queue
import threading
from functools import partial

import structlog
from django.db import transaction

log = structlog.get_logger(__name__)

# What is rung for while the broker hangs is kept up to here, then dropped: the sweeps see to it.
MOST_WAITING = 10_000
# How long a process that ends waits for its last rings.
LAST_RINGS_S = 2.0

_waiting: queue.Queue[tuple[str, str, tuple[object, ...]]] = queue.Queue(MOST_WAITING)
_lock = threading.Lock()
_publisher_of: int | None = None


def ring_after_commit(task: str, *args: object, queue_name: str = "urgent") -> None:
    """Ring once the transaction that wrote the thing has committed; at once outside of one."""
    transaction.on_commit(partial(ring, task, *args, queue_name=queue_name))


def ring(task: str, *args: object, queue_name: str = "urgent") -> None:
    """Ask a worker to run `task` with `args`. Returns at once; never raises."""
    _start_publisher()
    try:
        _waiting.put_nowait((task, queue_name, args))
    except queue.Full:
        log.warning("bell dropped, the sweep will find it", task=task)


def _start_publisher() -> None:
    global _publisher_of
    # A forked child has the module's state, but not its thread.
    if _publisher_of != os.getpid():
        with _lock:
            if _publisher_of != os.getpid():
                threading.Thread(target=_publish_forever, name="bell", daemon=True).start()
                _publisher_of = os.getpid()


def _publish_forever() -> None:
    from worker import app

    while True:
        task, queue_name, args = _waiting.get()
        try:
            app.send_task(task, args=args, queue=queue_name, retry=False, ignore_result=True)
        # The broker's client raises dozens of kinds; none of them may end the bell.
        except Exception as error:
            log.warning("broker unreachable, the sweep will ring", task=task, error=str(error))
        finally:
            _waiting.task_done()


@atexit.register
def _let_the_last_rings_out() -> None:
    """A command ends right after its ring; without this the sweep would be its only bell."""
    with _waiting.all_tasks_done:
        _waiting.all_tasks_done.wait_for(lambda: not _waiting.unfinished_tasks, LAST_RINGS_S)
