"""The bench runs to its end: every line of its table, every event told once. Never a timing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.counts import QUICK
from tests.bench.goals import ROWS
from tests.bench.procfs import family
from tests.conftest import outside_key

# The two parts that the others are made of; all of them take minutes.
PUSHED = {"latency": QUICK.warm_up + QUICK.latency, "drain": QUICK.drain}


@pytest.fixture
def outside(pytestconfig: pytest.Config) -> dict[str, str]:
    """The environment without what the suite has put there for its own process."""
    return pytestconfig.stash[outside_key]


def test_every_event_is_told_once_and_ctrl_c_ends_all_and_keeps_what_was_measured(
    outside: dict[str, str], tmp_path: Path
) -> None:
    """One run for both: its start alone takes ten seconds of processor."""
    file = tmp_path / "bench.md"
    parts = ",".join([*PUSHED, "endpoint"])
    command = [sys.executable, "-m", "tests.bench", "--quick", "--only", parts]
    with subprocess.Popen(
        [*command, "--write", str(file)],
        env=outside,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as bench:
        assert bench.stderr is not None
        # The last part begins; it starts its workers later.
        heard = any(f"{QUICK.endpoint} POST sur 16 connexions" in line for line in bench.stderr)
        started = family(bench.pid)[1:]
        bench.send_signal(signal.SIGINT)
        said = bench.communicate(timeout=120)[1]
    assert heard, said
    assert bench.returncode == 130, said
    # PostgreSQL with its own, Valkey, the simulator, web and its worker process.
    assert len(started) >= 6
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []
    measured = json.loads(file.with_suffix(".json").read_text())
    assert measured["failed"] == {}
    figures = measured["figures"]
    rows = [row for row in ROWS if row.part in PUSHED]
    assert [f"{row.part} {row.key}" for row in rows if row.key not in figures[row.part]] == []
    assert {p: figures[p]["told"] for p in PUSHED} == PUSHED
    assert {p: (figures[p]["lost"], figures[p]["doubled"]) for p in PUSHED} == dict.fromkeys(
        PUSHED, (0, 0)
    )
    assert len(file.read_text().splitlines()) > len(rows)
