"""A Celery application whose task does nothing, set up as the service's own.

`python -m tests.bench.noop NUMBER` queues so many tasks.
"""

import os
import sys

from celery import Celery

app = Celery("noop", broker=os.environ["BROKER_URL"])
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    task_default_queue="noop",
)


@app.task(name="noop")
def noop(_number: int) -> None:
    """Nothing."""


if __name__ == "__main__":
    with app.connection_for_write() as connection:
        for number in range(int(sys.argv[1])):
            app.send_task("noop", args=(number,), connection=connection, queue="noop")
