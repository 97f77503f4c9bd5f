"""Which lines of `notifier/` a run of the tests reached, and what several runs reached together.

`pytest -p tests.harness.coverage --coverage FILE` writes it; `python -m tests.harness.coverage
FILE…` adds up, prints, and fails under FLOOR. By slipcover, which rewrites the code once instead of
tracing it, where coverage.py's own tracer doubled the processor time (Python 3.11). Only this
process counts: what the real service alone runs is not seen.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import slipcover

SOURCE = Path(__file__).resolve().parents[2] / "notifier"
# Percent of the lines: 88.3 were measured before decisions were planned and applied.
FLOOR = 87
# How many of the files that are covered least are named.
NAMED = 5
# Only of a line that is met so often is the probe worth taking out again: slipcover looks through
# every function of every module for it, 0.14 s each time, as long as probes take for two million
# lines. After 50, its own number, that was 13 of the 148 s of tests/console (Python 3.11).
TAKEN_OUT_AFTER = 1_000_000


class Measure:
    """Loaded before anything of `notifier` is: a module is rewritten when it is imported."""

    def __init__(self) -> None:
        self._lines = slipcover.Slipcover(source=[str(SOURCE)], d_miss_threshold=TAKEN_OUT_AFTER)
        matcher = slipcover.FileMatcher(sources=[SOURCE])
        slipcover.ImportManager(self._lines, matcher).__enter__()

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(self._lines.get_coverage()), encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--coverage`."""
    parser.addoption("--coverage", type=Path, default=None, help="where to write what was reached")


def pytest_unconfigure(config: pytest.Config) -> None:
    if file := config.getoption("coverage"):
        measure.write(file)


def report(files: Sequence[Path]) -> int:
    """Print what the runs reached together; the exit code."""
    runs: list[dict[str, Any]] = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    together = runs[0]
    for run in runs[1:]:
        slipcover.merge_coverage(together, run)
    by_file = {
        name: (len(lines["executed_lines"]), len(lines["missing_lines"]))
        for name, lines in together["files"].items()
        if "/migrations/" not in name
    }
    reached, missing = (sum(counts) for counts in zip(*by_file.values(), strict=True))
    percent = 100 * reached / (reached + missing)
    print(f"Lines of notifier/ that the tests reached in this process: {percent:.1f} %.")
    for name, (_, left) in sorted(by_file.items(), key=lambda each: -each[1][1])[:NAMED]:
        print(f"  {left:4} not reached in {name}")
    if percent < FLOOR:
        print(f"That is under {FLOOR} %: test what was added, or say why not and lower the floor.")
    return int(percent < FLOOR)


if __name__ == "__main__":
    sys.exit(report([Path(name) for name in sys.argv[1:]]))

# pytest loads this file before the tests, and before anything of `notifier`.
measure = Measure()
