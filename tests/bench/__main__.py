"""`make bench`, or `python -m tests.bench [--only PART,…] [--quick] [--write FILE.md]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from notifier.ops.local.supervisor import interrupted_by_signals
from tests.bench.answers import answers
from tests.bench.counts import QUICK, Counts
from tests.bench.drain import drain
from tests.bench.end_to_end import end_to_end, storm
from tests.bench.endpoint import endpoint
from tests.bench.floor import floor
from tests.bench.lanes import lanes
from tests.bench.latency import latency
from tests.bench.memory import memory
from tests.bench.million import million
from tests.bench.others import Others
from tests.bench.pages import pages
from tests.bench.prepared import prepare, start_postgres
from tests.bench.progress import say
from tests.bench.run import Figures, Run
from tests.bench.table import as_text, write

PARTS: dict[str, Callable[[Run], Figures]] = {
    "floor": floor,
    "endpoint": endpoint,
    "latency": latency,
    "answers": answers,
    "drain": drain,
    "end_to_end": end_to_end,
    "storm": storm,
    "lanes": lanes,
    "memory": memory,
    "million": million,
    "pages": pages,
}


def main() -> int:
    """0 when every part ran and every event was told once, whatever the goals; 1 otherwise.

    130 after Ctrl-C: what was measured before is printed and written all the same.
    """
    arguments = _arguments()
    with interrupted_by_signals():
        return _measure(arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Mesure ce que le service peut sur cette machine."
    )
    parser.add_argument(
        "--only", metavar="PARTIE,…", default=",".join(PARTS), help=f"parmi : {', '.join(PARTS)}"
    )
    parser.add_argument("--quick", action="store_true", help="quelques événements : un essai")
    parser.add_argument("--write", type=Path, metavar="FICHIER.md", help="et un .json à côté")
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",")
    if unknown := set(arguments.only) - set(PARTS):
        parser.error(f"partie inconnue : {', '.join(sorted(unknown))}")
    return arguments


def _measure(arguments: argparse.Namespace) -> int:
    counts = QUICK if arguments.quick else Counts()
    failed: dict[str, str] = {}
    run: Run | None = None
    say("PostgreSQL, communes, contacts", step=True)
    postgres, counts_statements = start_postgres()
    is_interrupted = False
    try:
        run = Run(counts, prepare(postgres, counts_statements, counts.mayors))
        for name in arguments.only:
            say(name, step=True)
            others = Others()
            try:
                figures = PARTS[name](run)
                run.figures[name] = figures | {"others": others.share()}
            except Exception as error:  # the other parts are still worth measuring
                failed[name] = f"{type(error).__name__} : {error}"
                say(f"{name} : {failed[name]}", step=True)
    except KeyboardInterrupt:
        is_interrupted = True
    finally:
        postgres.stop()
    if is_interrupted:
        say("interrompu ; tout est arrêté", step=True)
    if run is not None:
        print(as_text(run, failed))
        if arguments.write:
            write(arguments.write, run, failed)
    return 130 if is_interrupted else int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
