"""Part `million`: whether a log of a million messages makes anything slower."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.drain import drain
from tests.bench.end_to_end import end_to_end
from tests.bench.history import fill
from tests.bench.latency import latency
from tests.bench.others import Others
from tests.bench.run import Figures, Run

Part = Callable[[Run, str | None], Figures]


def million(run: Run) -> Figures:
    """`latency`, `drain` and `end_to_end` again, on a database that holds a million messages.

    With their reports, alerts and journal entries, as `history.py` makes them. Each figure is
    compared with the same of this run on an empty database, which is measured now if it was not.
    """
    parts: dict[str, Part] = {"latency": latency, "drain": drain, "end_to_end": end_to_end}
    for name, part in parts.items():
        if name not in run.figures:
            others = Others()
            run.figures[name] = part(run, None) | {"others": others.share()}
    database_url = fill(run)
    on_empty, run.details = run.details, {}
    full: Figures = {}
    for name, part in parts.items():
        figures = part(run, database_url)
        full |= {f"{name} {key}": value for key, value in figures.items()}
    run.details = {**on_empty, "million": run.details}
    return full
