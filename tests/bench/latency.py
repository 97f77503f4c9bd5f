"""Part `latency`: how long an event needs to reach the provider when little else goes on."""

import time

from tests.bench.counts import EVENTS_A_SECOND
from tests.bench.house import House
from tests.bench.progress import say
from tests.bench.run import Figures, Run, percentiles
from tests.bench.statements import Statements


def latency(run: Run, database_url: str | None = None) -> Figures:
    """Urgent events at 5 a second, one recipient each, all processes running.

    `p50_ms`, `p95_ms`, `p99_ms`: from the POST's beginning (the generator's clock) to the creation
    of the text at the simulator (its clock; both are this machine's). Events of the warm-up, at the
    same pace, are not counted. `statements`: SQL statements an event, sweeps of the time included,
    BEGIN and COMMIT not; `checks`: of foreign keys, by the server itself. `idle_statements_per_s`:
    what all processes ask in a second in which nothing comes in.
    """
    with run.house(database_url) as house:
        house.start_all()
        house.push(run.counts.warm_up, per_second=EVENTS_A_SECOND)
        house.wait_until_told()
        statements = Statements.begin(house, run.prepared)
        time.sleep(run.counts.idle_s)
        idle = statements.end()
        say(f"{run.counts.latency} événements à 5 par seconde")
        statements = Statements.begin(house, run.prepared)
        times = urgent_times(house, run.counts.latency)
        counted = statements.end()
        exact = run.settle(house, "latency")
    run.details["idle statements"] = idle.each(1)
    run.details["statements at 5/s"] = counted.each(run.counts.latency)
    p50, p95, p99 = percentiles(times)
    return exact | {
        "p50_ms": 1000 * p50,
        "p95_ms": 1000 * p95,
        "p99_ms": 1000 * p99,
        "statements": counted.calls / run.counts.latency,
        "checks": counted.checks / run.counts.latency,
        "idle_statements_per_s": idle.calls / run.counts.idle_s,
    }


def urgent_times(house: House, number: int) -> list[float]:
    """Push urgent events at 5 a second; seconds from POST to provider of each, in their order."""
    before = len(house.pushed)
    seen = house.push(number, per_second=EVENTS_A_SECOND)
    house.wait_until_told()
    created = house.tally().created
    references = house.pushed[before:]
    return [
        created[reference] - began
        for reference, began in zip(references, seen.began, strict=True)
        if reference in created
    ]
