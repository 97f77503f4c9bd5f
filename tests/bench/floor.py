"""Part `floor`: what nobody can beat here: the bare client, and Celery doing nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import redis

from notifier.ops.local.supervisor import Child, Program
from tests.bench.house import House
from tests.bench.procfs import cpu_seconds
from tests.bench.progress import say
from tests.bench.run import Figures, Run

THREADS = 32
SECONDS = 300.0


def floor(run: Run) -> Figures:
    """The bare client and no-op tasks, on the simulator and the Valkey of a service that idles.

    `calls_per_s`, `cpu_ms_per_call`: Twilio's library on 32 threads, a client each, in one process;
    wall and CPU of that process only, after one call a thread. No receipts are asked for.
    `noop_threads_per_s`, `noop_prefork_per_s`, `noop_cpu_ms`: tasks that do nothing, all queued
    before the worker starts; from the first one taken to the last one acknowledged, CPU of the
    worker with 32 threads in that time.
    """
    counts = run.counts
    with run.house() as house:
        say(f"{counts.bare_calls} appels du client nu")
        bare = _bare(house, counts.bare_calls)
        say(f"{counts.noop_tasks} tâches vides, fils puis processus")
        threads, cpu_s = _noop(house, ["-P", "threads", "-c", "32"], counts.noop_tasks)
        prefork, _ = _noop(house, ["-P", "prefork", "-c", "2"], counts.noop_tasks)
    return {
        "calls_per_s": counts.bare_calls / bare["wall_s"],
        "cpu_ms_per_call": 1000 * bare["cpu_s"] / counts.bare_calls,
        "noop_threads_per_s": threads,
        "noop_prefork_per_s": prefork,
        "noop_cpu_ms": 1000 * cpu_s / counts.noop_tasks,
    }


def _bare(house: House, calls: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.client", house.simulator.http, str(calls), "32"],
        env=house.environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    seen: dict[str, float] = json.loads(done.stdout)
    return seen


def _noop(house: House, pool: list[str], tasks: int) -> tuple[float, float]:
    """Tasks a second, and the worker's CPU seconds while it took them."""
    # A database of its own within the same Valkey.
    url = house.broker_url.removesuffix("/0") + "/1"
    environment = house.environment | {"BROKER_URL": url}
    subprocess.run(
        [sys.executable, "-m", "tests.bench.noop", str(tasks)], env=environment, check=True
    )
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "tests.bench.noop"]
    command = [*celery, "worker", *pool, "-Q", "noop", "-l", "WARNING"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with redis.Redis.from_url(url, socket_timeout=10) as broker:
        worker = house.start(Program("noop", command, environment))
        try:
            return _drained(worker, broker, tasks)
        finally:
            worker.end()


def _drained(worker: Child, broker: redis.Redis, tasks: int) -> tuple[float, float]:
    deadline = time.monotonic() + SECONDS
    while broker.llen("noop") == tasks:
        _go_on(worker, deadline)
    began, cpu = time.perf_counter(), cpu_seconds(worker.pid)
    while broker.llen("noop") or broker.hlen("unacked"):
        _go_on(worker, deadline)
    took = time.perf_counter() - began
    return tasks / took, cpu_seconds(worker.pid) - cpu


def _go_on(worker: Child, deadline: float) -> None:
    if worker.returncode is not None or time.monotonic() > deadline:
        raise RuntimeError("no-op tasks: " + "\n".join(worker.lines))
    time.sleep(0.01)
