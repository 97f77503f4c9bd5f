"""Parts `end_to_end` and `storm`: everything at once, as fast as it goes."""

from tests.bench.drain import cpu_ms_each
from tests.bench.progress import say
from tests.bench.run import Figures, Run
from tests.bench.statements import Statements


def end_to_end(run: Run, database_url: str | None = None) -> Figures:
    """Events pushed over 16 connections with everything running: web, two workers, beat, receipts.

    `per_s`: from the first POST's beginning to the last text created at the simulator.
    `recorded_per_s`: to the last receipt recorded. `cpu_ms`: CPU of all processes (web, workers,
    beat, Valkey, PostgreSQL and all its backends; neither simulator nor generator) from the first
    POST to the last receipt recorded, a text. `statements`: SQL statements an event in that time,
    BEGIN and COMMIT not counted; `checks`: of foreign keys, by the server itself. A few events go
    before, uncounted.
    """
    return _pushed_at_once(run, "end_to_end", run.counts.end_to_end, database_url)


def storm(run: Run) -> Figures:
    """As `end_to_end`, with five times as many: nothing lost, nothing doubled, and the rate."""
    return _pushed_at_once(run, "storm", run.counts.storm, None)


def _pushed_at_once(run: Run, part: str, number: int, database_url: str | None) -> Figures:
    with run.house(database_url) as house:
        house.start_all()
        house.push(run.counts.warm_up)
        house.wait_until_told()
        house.forget_told()
        say(f"{number} événements d’un coup")
        statements = Statements.begin(house, run.prepared)
        before = house.cpu()
        seen = house.push(number)
        house.wait_until_told()
        after = house.cpu()
        counted = statements.end()
        [(last_receipt,)] = house.sql(
            "SELECT extract(epoch FROM max(ended_at))::float8 AS bench FROM delivery_message"
        )
        exact = run.settle(house, part)
        last_created = house.tally().last
    first = min(seen.began)
    run.details[f"statements of {part}"] = counted.each(number)
    run.details[f"CPU ms of {part}"] = cpu_ms_each(before, after, number)
    return exact | {
        "accepted_per_s": number / seen.seconds,
        "per_s": number / (last_created - first),
        "recorded_per_s": number / (last_receipt - first),
        "cpu_ms": sum(cpu_ms_each(before, after, number).values()),
        "statements": counted.calls / number,
        "checks": counted.checks / number,
    }
