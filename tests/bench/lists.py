"""How long a list of every mayor of France takes: `python -m tests.bench.lists [COUNT]`.

The real commands on a fresh SQLite, then a fresh PostgreSQL: a first import, the same file again,
the list after an election, and that import taken back. People are invented.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.directory.public_lists import MAYORS_HEADER, mayors, write
from tests.harness.postgres import Postgres

EVERYBODY = 40_000
ELECTION = date(2026, 3, 21)


def main(count: int) -> None:
    """Print the seconds of each step, one database after the other."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        first = write(place / "first.csv", MAYORS_HEADER, mayors(count, seed=1))
        then = write(place / "then.csv", MAYORS_HEADER, mayors(count, seed=2, since=ELECTION))
        for name, url in _databases(place):
            _notifier(url, place, "migrate", "--verbosity", "0")
            for step, words in (
                ("first import", ("import", str(first))),
                ("the same again", ("import", str(first))),
                ("after the election", ("import", str(then))),
                ("taken back", ("undo", "2")),
            ):
                seconds, said = _notifier(url, place, "directory", *words)
                sys.stdout.write(f"{name:11} {step:20} {seconds:6.1f} s  {said}\n")


def _databases(place: Path) -> Iterator[tuple[str, str]]:
    yield "SQLite", f"sqlite:///{place / 'lists.sqlite3'}"
    with _postgres() as url:
        yield "PostgreSQL", url


@contextmanager
def _postgres() -> Iterator[str]:
    server = Postgres()
    try:
        yield server.create_database()
    finally:
        server.stop()


def _notifier(url: str, place: Path, *words: str) -> tuple[float, str]:
    """Run a command; return its seconds, and the line that counts."""
    environment = os.environ | {
        "DATABASE_URL": url,
        "BROKER_URL": "redis://127.0.0.1:1",
        "DATA_DIR": str(place),
        "SECRET_KEY": "lists" * 10,
        "PROVIDER": "simulator",
        "DEBUG": "true",
    }
    started = time.monotonic()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("notifier")), *words],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds = time.monotonic() - started
    counting = [
        line for line in done.stdout.splitlines() if "inchangé" in line or "rétabli" in line
    ]
    return seconds, counting[-1] if counting else ""


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVERYBODY)
