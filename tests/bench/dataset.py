"""A whole country after three years, on PostgreSQL: `python -m tests.bench.dataset [--small]`.

Every commune with its people, a source and a convention for each département, and a million
notifications with all that comes before and after them. Written by SQL, not told by the service:
`history.py` copies real events, where the way to an alert is measured; here pages are, and need
rows of every département, year and end. People are invented, numbers those kept for fiction.

Run alone it fills a server of its own and keeps it until it is interrupted, so that a query can be
explained: it prints the DATABASE_URL.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from notifier.ops.local.supervisor import interrupted_by_signals
from tests.bench import country
from tests.bench.country import Size
from tests.bench.progress import say
from tests.harness.postgres import Postgres

# A server that may lose what it was told: it is filled once and read.
FAST: dict[str, Any] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "512MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
}
SMALL = Size(people=2_000, incidents=300, days=60)
STEPS = (
    country.places,
    country.people,
    country.agreements,
    country.incidents,
    country.alerts,
    country.notifications,
    country.answers,
    country.journal,
)
HEAVY = (
    *("intake_incident", "intake_report", "alerting_alert", "alerting_notification"),
    *("delivery_message", "delivery_attempt", "journal_entry"),
)


def fill(size: Size) -> None:
    """Fill the database of Django's settings, which is migrated and empty."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SET session_replication_role = replica; SET statement_timeout = 0;"
            " SELECT setseed(0.42)"
        )
        with country.without_indexes(cursor, *HEAVY):
            for step in STEPS:
                started = time.monotonic()
                step(cursor, size)
                say(f"{step.__name__} : {time.monotonic() - started:.1f} s", step=True)
        country.set_sequences(cursor)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def filled(size: Size) -> Iterator[str]:
    """A server of its own with the dataset, for as long as the block lasts: its DATABASE_URL."""
    postgres = Postgres(**FAST)
    try:
        url = postgres.create_database()
        connect_to(url)
        fill(size)
        yield url
    finally:
        postgres.stop()


def connect_to(url: str) -> None:
    """Set Django up on this database, and migrate it."""
    os.environ.update(
        DATABASE_URL=url,
        BROKER_URL="redis://127.0.0.1:1",
        SECRET_KEY="pages" * 10,
        PROVIDER="simulator",
        DEBUG="false",
        DJANGO_SETTINGS_MODULE="notifier.settings",
        ALLOWED_HOSTS="testserver",
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)


def main() -> int:
    """Fill, say where, and wait to be interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dataset", description=__doc__)
    parser.add_argument("--small", action="store_true", help="quelques centaines de lignes")
    size = SMALL if parser.parse_args().small else Size()
    started = time.monotonic()
    with filled(size) as url:
        say(
            f"rempli en {time.monotonic() - started:.0f} s ; Ctrl-C l’arrête et l’efface", step=True
        )
        sys.stdout.write(f"DATABASE_URL={url}\n")
        sys.stdout.flush()
        with interrupted_by_signals(), suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)
    return 0


if __name__ == "__main__":
    sys.exit(main())
