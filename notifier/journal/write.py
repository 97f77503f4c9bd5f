"""Write steps to the journal, and read a timeline back."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from notifier.journal.models import Entry, Step
from notifier.journal.sql import insert_entries


def new_entry(
    thread: str, step: Step, text: str, *, at: datetime | None = None, **data: object
) -> Entry:
    """Return an entry to be written: `text` in French for people, `data` as JSON for machines.

    `at` is aware; None is now.
    """
    return Entry(thread=thread, step=step, text=text, at=at or timezone.now(), data=data)


def write_entries(entries: Iterable[Entry]) -> None:
    """Append the entries in their order, within the caller's transaction."""
    insert_entries(list(entries))


def timeline(*threads: str) -> list[Entry]:
    """Return all entries of the threads, oldest first."""
    return list(Entry.objects.filter(thread__in=threads).order_by("at", "id"))
