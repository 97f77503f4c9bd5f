"""`make chaos`: every fault on both databases, and a table; not 0 if anything went wrong."""

from __future__ import annotations

import argparse
import contextlib
import secrets
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from notifier.ops.local.supervisor import interrupted_by_signals
from tests.chaos import answers, clock, foundations, mail, mixed, processes, provider, two_providers
from tests.chaos.fault import BOTH, Fault, play
from tests.chaos.judgement import Verdict, told
from tests.chaos.stage import Stage, open_stage, outside_environment
from tests.chaos.table import Row, table

FAULTS: list[Fault] = [
    *processes.FAULTS,
    *foundations.FAULTS,
    *provider.FAULTS,
    *two_providers.FAULTS,
    *mail.FAULTS,
    *answers.FAULTS,
    *clock.FAULTS,
    *mixed.FAULTS,
]
EVENTS = 40
# Services side by side on each database: most of a fault's time is waiting.
STAGES = 3


@dataclass
class Run:
    """The faults still to be played on each database, and what came of the others."""

    seed: str
    events: int
    waiting: dict[str, SimpleQueue[Fault]]
    rows: list[Row] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    _open: list[contextlib.ExitStack] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, text: str) -> None:
        """A line of progress."""
        with self._lock:
            print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)

    def act(self, database: str) -> None:
        """Play what waits for this database until nothing is left, on a stage of its own."""
        while not self.waiting[database].empty():
            try:
                self._play_on_one_stage(database)
            # The rest is played on a new stage, and the end says what broke this one.
            except Exception as error:
                self.broken.append(f"{database}: {error!r}")
                self.say(f"{database}: {traceback.format_exc()}")

    def _play_on_one_stage(self, database: str) -> None:
        played: dict[str, Verdict] = {}
        # Taken before the stage is built: one that cannot be built takes a fault with it, and ends.
        fault: Fault | None = self._next(database)
        with contextlib.ExitStack() as at_the_end:
            self._open.append(at_the_end)
            stage = open_stage(database, outside_environment(), at_the_end)
            while fault is not None:
                self._play(fault, stage, played)
                fault = self._next(database)
            self._look_back(stage, played)

    def break_off(self) -> None:
        """Close every stage, whoever is still on it: nothing is left running or mounted."""
        for at_the_end in self._open:
            at_the_end.pop_all().close()

    def _next(self, database: str) -> Fault | None:
        with contextlib.suppress(Empty):
            return self.waiting[database].get_nowait()
        return None

    def _look_back(self, stage: Stage, played: dict[str, Verdict]) -> None:
        """What came after the judgement of its fault came once too often."""
        for tag, verdict in played.items():
            late = told(tag, stage.simulator) - verdict.told
            if late:
                verdict.doubled.append(f"{tag}: {late} more came after the judgement")
                self.say(f"{stage.database} {verdict.doubled[-1]}")

    def _play(self, fault: Fault, stage: Stage, played: dict[str, Verdict]) -> None:
        if why_not := fault.unsuited(stage):
            self.rows.append(Row(fault.name, stage.database, None, why_not))
            return
        begun_at = time.monotonic()
        tag = f"K{FAULTS.index(fault):02d}"
        verdict, notes = play(fault, stage, tag, self.events, self.seed)
        played[tag] = verdict
        self.rows.append(Row(fault.name, stage.database, verdict))
        wrong = [
            *(f"lost: {text}" for text in verdict.lost),
            *(f"doubled: {text}" for text in verdict.doubled),
            *(f"unexplained: {text}" for text in verdict.unexplained),
        ]
        took = f"{verdict.events} events, {time.monotonic() - begun_at:.0f} s"
        outcome = f"{len(wrong)} faults" if wrong else "all well"
        self.say(
            "\n            ".join(
                [f"{stage.database} {fault.name}: {took}, {outcome}", *notes, *wrong]
            )
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; the exit code."""
    asked = _arguments(arguments)
    databases = BOTH if asked.database == "both" else (asked.database,)
    chosen = [fault for fault in FAULTS if not asked.only or fault.name in asked.only]
    # The longest first: the others fill the time beside them.
    chosen.sort(key=lambda fault: -(fault.rests_s + fault.lasts_s))
    run = Run(asked.seed, asked.events, {database: SimpleQueue() for database in databases})
    for database in databases:
        for fault in chosen:
            if database in fault.databases:
                run.waiting[database].put(fault)
    print(f"seed {run.seed}: repeat with --seed {run.seed}")
    # Programs are tied to the thread that starts them: these live as long as they should.
    threads = [
        threading.Thread(target=run.act, args=(database,), daemon=True)
        for database in databases
        for _ in range(min(STAGES, run.waiting[database].qsize()))
    ]
    with interrupted_by_signals():
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            run.broken.append("interrupted")
            run.break_off()
    return _conclude(run)


def _conclude(run: Run) -> int:
    names = [fault.name for fault in FAULTS]
    rows = sorted(run.rows, key=lambda row: (names.index(row.fault), row.database))
    print("\n" + table(rows))
    for text in run.broken:
        print(f"broken off: {text}")
    bad = [row for row in rows if row.verdict and not row.verdict.is_good]
    return 1 if bad or run.broken else 0


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", default=secrets.token_hex(4), help="repeats a run's choices")
    parser.add_argument(
        "--only",
        action="append",
        choices=[fault.name for fault in FAULTS],
        metavar="FAULT",
        help="this fault alone (may be given again): %(choices)s",
    )
    parser.add_argument("--database", choices=(*BOTH, "both"), default="both")
    parser.add_argument("--events", type=int, default=EVENTS, help="pushes per fault (%(default)s)")
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
