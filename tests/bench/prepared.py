"""What every part begins with: a PostgreSQL, and in it a database with mayors and one source."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from notifier.ops.local.stack import Stack, current_environment
from notifier.ops.local.supervisor import Supervisor
from notifier.territory.reference.communes import all_communes
from tests.bench.mayors import WITH_SEVERAL, Spot, contacts, spots
from tests.harness.commands import Commands
from tests.harness.postgres import NoPostgres, Postgres

# A source of the bench may push as fast as it can.
RATE_PER_MINUTE = 10_000_000


@dataclass(frozen=True)
class Prepared:
    """The server, the database that others are copied from, and how to push into a copy."""

    postgres: Postgres
    model: str
    """Name of the database to copy."""
    key: str
    singles: list[Spot]
    """Where one mayor is told."""
    several: list[Spot]
    """Where three people are told."""
    counts_statements: bool
    """Whether the server has pg_stat_statements."""

    def database(self) -> str:
        """A fresh copy; its DATABASE_URL."""
        return self.postgres.create_database(like=self.model)


def start_postgres() -> tuple[Postgres, bool]:
    """As an operator would run it (fsync on), and whether it counts statements.

    Raises NoPostgres.
    """
    try:
        return Postgres(shared_preload_libraries="pg_stat_statements"), True
    except NoPostgres:
        return Postgres(), False


def prepare(postgres: Postgres, counts_statements: bool, mayors: int) -> Prepared:
    """Fill the model database by the service's own commands."""
    url = postgres.create_database()
    places = spots(mayors + WITH_SEVERAL)
    singles, several = places[:mayors], places[mayors:]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        supervisor = Supervisor(lambda _name, _line: None)
        stage = Stack(current_environment() | {"DATABASE_URL": url}, Path(folder), supervisor)
        try:
            # Numbers for fiction are taken only where the provider is the simulator.
            stage.start_simulator("http://127.0.0.1:1")
            file = Path(folder) / "contacts.csv"
            file.write_text(contacts(singles, several), encoding="utf-8")
            everywhere = sorted({commune.departement for commune in all_communes()})
            options = [part for code in everywhere for part in ("--departement", code)]
            with Commands(stage.environment) as commands:
                commands.require("migrate", "--no-input", "--verbosity", "0")
                commands.require("contacts", "import", str(file))
                printed = commands.require("source", "add", "BANC", *options)
            key = printed.strip().splitlines()[-1]
        finally:
            supervisor.end()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE intake_source SET rate_per_minute = %s", [RATE_PER_MINUTE])
        if counts_statements:
            connection.execute("CREATE EXTENSION pg_stat_statements")
        connection.execute("VACUUM ANALYZE")
    return Prepared(postgres, urlsplit(url).path[1:], key, singles, several, counts_statements)
