"""Write steps to the journal, and read a timeline back."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.utils import timezone

from notifier.journal.models import Entry, Step

# SQLite takes 32,766 values in a statement.
BATCH_SIZE = 5000


def new_entry(
    thread: str, step: Step, text: str, *, at: datetime | None = None, **data: object
) -> Entry:
    """Return an entry to be written: `text` in French for people, `data` as JSON for machines.

    `at` is aware; None is now.
    """
    return Entry(thread=thread, step=step, text=text, at=at or timezone.now(), data=data)


def write_entries(entries: Iterable[Entry]) -> None:
    """Append the entries in their order, within the caller's transaction.

    One statement for up to BATCH_SIZE entries. Written out, for every step of every event passes
    here: Django's bulk_create compiles the same statement anew each time, which takes longer than
    the database.
    """
    rows = [
        (
            connection.ops.adapt_datetimefield_value(new.at),
            new.thread,
            str(new.step),
            new.text,
            connection.ops.adapt_json_value(new.data, None),
        )
        for new in entries
    ]
    for start in range(0, len(rows), BATCH_SIZE):
        part = rows[start : start + BATCH_SIZE]
        marks = ", ".join(["(%s, %s, %s, %s, %s)"] * len(part))
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO journal_entry (at, thread, step, text, data) VALUES {marks}",  # noqa: S608 - nothing but marks is built in
                [value for row in part for value in row],
            )


def timeline(*threads: str) -> list[Entry]:
    """Return all entries of the threads, oldest first."""
    return list(Entry.objects.filter(thread__in=threads).order_by("at", "id"))
