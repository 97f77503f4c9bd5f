"""Part `drain`: how fast a queue of decided messages empties."""

from tests.bench.house import House
from tests.bench.progress import say
from tests.bench.run import Figures, Run
from tests.bench.statements import Statements


def drain(run: Run, database_url: str | None = None) -> Figures:
    """Messages pending in the database, their rings in Valkey, before two idle workers see any.

    The events are pushed and decided with no worker running; the rings are hidden while the workers
    start, so that their start is in no figure, and given back at once. Beat is not running: its
    sweep would begin to deliver before. `per_s`: from the first text created at the simulator to
    the last. `cpu_ms`: CPU of all processes (web, workers, Valkey, PostgreSQL) from the release to
    the last receipt recorded, a text. `statements`: SQL statements a text in that time.
    """
    number = run.counts.drain
    with run.house(database_url) as house:
        queue_up(house, number)
        with house.rings_held():
            house.start_workers()
            statements = Statements.begin(house, run.prepared)
            before = house.cpu()
        say(f"{number} messages attendent : départ")
        house.wait_until_told()
        after = house.cpu()
        counted = statements.end()
        exact = run.settle(house, "drain")
        tally = house.tally()
    run.details["statements of drain"] = counted.each(number)
    run.details["CPU ms of drain"] = cpu_ms_each(before, after, number)
    return exact | {
        "per_s": (number - 1) / (tally.last - tally.first),
        "cpu_ms": sum(cpu_ms_each(before, after, number).values()),
        "statements": counted.calls / number,
    }


def queue_up(house: House, number: int, category: str | None = None) -> None:
    """Push and decide events while no worker runs: their messages are pending, and enqueued."""
    say(f"{number} événements reçus, puis décidés sans être envoyés")
    if category is None:
        house.push(number)
    else:
        house.push(number, category=category)
    house.decide()


def cpu_ms_each(before: dict[str, float], after: dict[str, float], number: int) -> dict[str, float]:
    """Milliseconds of processor time of each program, a text."""
    return {
        name: round(1000 * (used - before.get(name, 0.0)) / number, 3)
        for name, used in after.items()
    }
