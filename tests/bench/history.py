"""A log of a million messages: real events, told by the real service, then copied by SQL.

A copy differs from its original in its keys, its reference and its date, and sometimes in how its
messages ended. Which columns there are is asked of the database, so that a column more in a room's
models changes nothing here.
"""

from __future__ import annotations

import math

import psycopg

from tests.bench.mayors import SEVERAL
from tests.bench.progress import say
from tests.bench.run import Run

# Real events, and how far apart their copies lie: more than two years for a million messages.
ORIGINALS = 300
_APART = "interval '4 hours'"
_NEXT_ID = "o.id + n * 100000"
# What differs in copy number n; all other columns are as in the original. `o` is the original.
_COPIED: dict[str, dict[str, str]] = {
    "intake_incident": {
        "id": _NEXT_ID,
        "reference": "o.reference || '-' || n",
    },
    "intake_report": {
        "id": "md5(o.id::text || n)::uuid",
        "incident_id": "o.incident_id + n * 100000",
    },
    "alerting_alert": {
        "id": _NEXT_ID,
        "incident_id": "o.incident_id + n * 100000",
        "report_id": "md5(o.report_id::text || n)::uuid",
    },
    "delivery_message": {
        "id": _NEXT_ID,
        "incident_id": "o.incident_id + n * 100000",
        "provider_id": "'SM' || md5(o.provider_id || n)",
        "claim": "md5(o.claim || n)",
        "token": "md5(o.token || n)",
        # Two in a hundred never arrived; that was followed up long ago.
        "state": "CASE WHEN mod(o.id + n, 50) = 0 THEN 'undelivered' ELSE o.state END",
        "is_followed_up": "mod(o.id + n, 50) = 0",
    },
    "alerting_notification": {
        "id": _NEXT_ID,
        "incident_id": "o.incident_id + n * 100000",
        "report_id": "md5(o.report_id::text || n)::uuid",
        "alert_id": "o.alert_id + n * 100000",
        "message_id": "o.message_id + n * 100000",
        "dedup_key": "CASE WHEN o.dedup_key = '' THEN '' ELSE o.dedup_key || '-' || n END",
    },
    "delivery_attempt": {
        "id": _NEXT_ID,
        "message_id": "o.message_id + n * 100000",
    },
    "journal_entry": {
        "id": "nextval(pg_get_serial_sequence('journal_entry', 'id'))",
        "incident_id": "o.incident_id + n * 100000",
        "message_id": "o.message_id + n * 100000",
    },
}


def fill(run: Run) -> str:
    """The DATABASE_URL of a database with the log, vacuumed and analysed."""
    events = ORIGINALS if run.counts.history_messages >= 100_000 else 30
    url = run.prepared.database()
    with run.house(url) as house:
        house.start_all()
        house.push(events, several=True)
        house.wait_until_told(len(SEVERAL))
        run.settle(house, "million", len(SEVERAL))
    copies = math.ceil(run.counts.history_messages / (events * len(SEVERAL)))
    with psycopg.connect(url, autocommit=True) as connection:
        for table, changes in _COPIED.items():
            done = connection.execute(_copying(connection, table, changes), [copies])
            say(f"{table} : {done.rowcount} lignes de plus")
        for table in (name for name, changes in _COPIED.items() if changes["id"] == _NEXT_ID):
            connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"  # noqa: S608 - constants of this module
            )
        say("VACUUM ANALYZE")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    return url


def _copying(connection: psycopg.Connection, table: str, changes: dict[str, str]) -> bytes:
    columns = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s",
        [table],
    ).fetchall()
    values = {name: f'o."{name}"' for name, _ in columns}
    moments = [name for name, kind in columns if kind == "timestamp with time zone"]
    values |= {name: f'o."{name}" - n * {_APART}' for name in moments}
    values |= changes
    names = ", ".join(f'"{name}"' for name in values)
    return (
        f"INSERT INTO {table} ({names}) SELECT {', '.join(values.values())} "  # noqa: S608 - names of the schema
        # The oldest copies first, as a log grows.
        f"FROM (SELECT n FROM generate_series(1, %s) AS n ORDER BY n DESC) AS copies, {table} AS o"
    ).encode()
