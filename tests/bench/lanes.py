"""Part `lanes`: whether an urgent message waits behind routine ones."""

from __future__ import annotations

from tests.bench.counts import EVENTS_A_SECOND
from tests.bench.drain import queue_up
from tests.bench.house import ROUTINE, House
from tests.bench.latency import urgent_times
from tests.bench.progress import say
from tests.bench.run import Figures, Run, percentiles


def lanes(run: Run) -> Figures:
    """Urgent events at 5 a second, first with nothing else to do, then before a routine queue.

    `idle_p50_ms`, `idle_p99_ms`: as in `latency`, with less. `busy_p50_ms`, `busy_p99_ms`: the same
    pace from the moment when the workers are given a queue of decided routine messages; only urgent
    events whose POST began while routine texts still left are counted, `counted` says how many.
    """
    counts = run.counts
    with run.house() as house:
        house.start_all()
        house.push(counts.warm_up, per_second=EVENTS_A_SECOND)
        idle = urgent_times(house, counts.lanes_urgent)
        house.stop_workers()
        first_routine = len(house.pushed)
        queue_up(house, counts.lanes_waiting, ROUTINE)
        routine = house.pushed[first_routine:]
        with house.rings_held():
            house.start_all()
        say("les messages courants partent, les urgents arrivent")
        busy = _while_routine_leaves(house, counts.lanes_urgent, routine)
        exact = run.settle(house, "lanes")
    idle_p50, _, idle_p99 = percentiles(idle)
    busy_p50, _, busy_p99 = percentiles(busy)
    return exact | {
        "idle_p50_ms": 1000 * idle_p50,
        "idle_p99_ms": 1000 * idle_p99,
        "busy_p50_ms": 1000 * busy_p50,
        "busy_p99_ms": 1000 * busy_p99,
        "counted": float(len(busy)),
    }


def _while_routine_leaves(house: House, number: int, routine: list[str]) -> list[float]:
    """Seconds from POST to provider of the urgent events that began before the last routine one."""
    before = len(house.pushed)
    seen = house.push(number, per_second=EVENTS_A_SECOND)
    house.wait_until_told()
    created = house.tally().created
    last_routine = max(created[reference] for reference in routine if reference in created)
    urgent = zip(house.pushed[before:], seen.began, strict=True)
    return [
        created[reference] - began
        for reference, began in urgent
        if reference in created and began < last_routine
    ]
