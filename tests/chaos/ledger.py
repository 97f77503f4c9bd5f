"""The service's own record, read from its database behind its back; and its writers held up."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

SECONDS = 30.0
_OF_TAG = " JOIN intake_incident i ON i.id = {}.incident_id WHERE i.reference LIKE %s"


@dataclass(frozen=True)
class MessageRow:
    """A message as the database has it."""

    pk: int
    reference: str
    revision: int
    channel: str
    address: str
    subject: str
    body: str
    state: str
    provider_id: str
    error_code: str
    token: str


@dataclass(frozen=True)
class EntryRow:
    """A line of the journal."""

    reference: str
    message_id: int | None
    step: str
    text: str
    data: dict[str, Any]


@dataclass(frozen=True)
class AnswerRow:
    """An answer to an alert, and by whom the alert is taken."""

    reference: str
    recipient: str
    kind: str
    taken_by: str


class Ledger:
    """Reads what the service has recorded of the references that begin with a tag."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` is the service's: it names the database."""
        self._url = environment.get("DATABASE_URL", "")
        self._file = Path(environment["DATA_DIR"]) / "alertes.sqlite3"

    def reports(self, tag: str) -> dict[str, str]:
        """State of each report, by its id."""
        query = "SELECT r.id, r.state FROM intake_report r" + _OF_TAG.format("r")  # noqa: S608 - constants
        return {str(UUID(str(key))): state for key, state in self._read(query, f"{tag}-%")}

    def messages(self, tag: str) -> list[MessageRow]:
        """Every message, oldest first."""
        query = (
            "SELECT m.id, i.reference, n.revision, m.channel, m.address, m.subject, m.body, "
            "m.state, m.provider_id, m.error_code, m.token FROM delivery_message m "
            "JOIN alerting_notification n ON n.message_id = m.id"
        )
        rows = self._read(query + _OF_TAG.format("m") + " ORDER BY m.id", f"{tag}-%")
        return [MessageRow(*row) for row in rows]

    def entries(self, tag: str) -> list[EntryRow]:
        """Every line of the journal, in its order."""
        query = "SELECT i.reference, message_id, step, text, data FROM journal_entry e"
        rows = self._read(query + _OF_TAG.format("e") + " ORDER BY e.id", f"{tag}-%")
        return [
            EntryRow(reference, message_id, step, text, _json(data))
            for reference, message_id, step, text, data in rows
        ]

    def answers(self, tag: str) -> list[AnswerRow]:
        """Every answer, oldest first."""
        query = (
            "SELECT i.reference, a.recipient, a.kind, l.taken_by FROM alerting_answer a "
            "JOIN alerting_alert l ON l.id = a.alert_id"
        )
        rows = self._read(query + _OF_TAG.format("l") + " ORDER BY a.id", f"{tag}-%")
        return [AnswerRow(*row) for row in rows]

    @contextmanager
    def writers_held_up(self, table: str) -> Iterator[None]:
        """While it lasts, whoever writes to the table waits (SQLite: to any table)."""
        if self._url:
            with psycopg.connect(self._url) as connection:
                connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE".encode())
                yield
                connection.rollback()
        else:
            with closing(sqlite3.connect(self._file, timeout=SECONDS)) as connection:
                connection.isolation_level = None
                connection.execute("BEGIN IMMEDIATE")
                yield
                connection.execute("ROLLBACK")

    def wait_for_one_held_up(self) -> bool:
        """Whether a writer was seen to wait, within 30 s; False on SQLite, which shows none."""
        if not self._url:
            return False
        deadline = time.monotonic() + SECONDS
        with psycopg.connect(self._url, autocommit=True) as connection:
            while time.monotonic() < deadline:
                if connection.execute(b"SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                    return True
                time.sleep(0.01)
        return False

    def _read(self, query: str, pattern: str) -> list[tuple[Any, ...]]:
        if self._url:
            with psycopg.connect(self._url) as connection:
                return connection.execute(query.encode(), [pattern]).fetchall()
        address = f"file:{self._file}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=SECONDS)) as connection:
            return connection.execute(query.replace("%s", "?"), [pattern]).fetchall()


def _json(value: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return read
