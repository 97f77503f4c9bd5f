"""Write steps into the journal, and read a thread's timeline back."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from notifier.journal.models import Entry, Step


def entry(
    thread: str, step: Step, text: str, *, at: datetime | None = None, **data: object
) -> Entry:
    """An entry to be written: `text` in French for people, `data` JSON-able for machines.

    `at` is aware; now when not given.
    """
    return Entry(thread=thread, step=step, text=text, at=at or timezone.now(), data=data)


def write(entries: Iterable[Entry]) -> None:
    """Append the entries in their order, in one statement, within the caller's transaction."""
    Entry.objects.bulk_create(entries)


def timeline(*threads: str) -> list[Entry]:
    """Everything that was written of the threads, oldest first."""
    return list(Entry.objects.filter(thread__in=threads).order_by("at", "id"))
