"""How many SQL statements the service makes, as PostgreSQL itself counts them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.bench.house import House
from tests.bench.prepared import Prepared

_SHOWN = 40
_COUNTED = """
    SELECT query, calls, total_exec_time FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = %s) AND query !~ 'bench'
    ORDER BY calls DESC
"""


@dataclass(frozen=True)
class Counted:
    """Statements by their text with placeholders: how often, and milliseconds of execution."""

    rows: list[tuple[str, int, float]]

    @property
    def calls(self) -> float:
        """All that were sent, but for BEGIN, COMMIT and the like; NaN where nobody counts."""
        return self._sum(lambda query: not _is_control(query) and not _is_check(query))

    @property
    def checks(self) -> float:
        """What the server asked itself at a commit, a foreign key at a time: nobody sent it."""
        return self._sum(_is_check)

    def each(self, events: int) -> list[dict[str, Any]]:
        """The most frequent ones, an event: calls and milliseconds in the server."""
        return [
            {
                "calls an event": round(calls / events, 3),
                "ms an event": round(took / events, 4),
                "query": " ".join(query.split())[:300],
            }
            for query, calls, took in self.rows[:_SHOWN]
        ]

    def _sum(self, is_wanted: Callable[[str], bool]) -> float:
        if not self.rows:
            return float("nan")
        return float(sum(calls for query, calls, _ in self.rows if is_wanted(query)))


@dataclass(frozen=True)
class Statements:
    """A count that goes on. Asked in another database, so that it is no part of itself."""

    server: str
    database: str
    counts: bool

    @classmethod
    def begin(cls, house: House, prepared: Prepared) -> Statements:
        """Count from zero, all that the house's database is asked."""
        database = urlsplit(house.database_url).path[1:]
        begun = cls(prepared.postgres.url(prepared.model), database, prepared.counts_statements)
        if begun.counts:
            with psycopg.connect(begun.server, autocommit=True) as connection:
                connection.execute("SELECT pg_stat_statements_reset()")
        return begun

    def end(self) -> Counted:
        """What was counted since."""
        if not self.counts:
            return Counted([])
        with psycopg.connect(self.server, autocommit=True) as connection:
            return Counted(connection.execute(_COUNTED, [self.database]).fetchall())


def _is_control(query: str) -> bool:
    return query.upper().startswith(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"))


def _is_check(query: str) -> bool:
    """Say whether it is how PostgreSQL looks for the row that a foreign key names.

    Django's constraints are deferred, so it does so at the commit, and counts it as a statement.
    """
    return query.startswith("SELECT ") and query.endswith("FOR KEY SHARE OF x")
