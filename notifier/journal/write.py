"""Write steps to the journal, and read an incident's timeline back."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from notifier.journal.models import Entry, Step
from notifier.journal.sql import insert_entries


def new_entry(
    incident_id: int | None,
    step: Step,
    text: str,
    *,
    at: datetime | None = None,
    message_id: int | None = None,
    **data: object,
) -> Entry:
    """Return an entry to be written: `text` in French for people, `data` as JSON for machines.

    `incident_id` is None for what is about several incidents, or about none. `at` is aware; None
    is now.
    """
    return Entry(
        incident_id=incident_id,
        message_id=message_id,
        step=step,
        text=text,
        at=at or timezone.now(),
        data=data,
    )


def write_entries(entries: Iterable[Entry]) -> None:
    """Append the entries in their order, within the caller's transaction."""
    insert_entries(list(entries))


def timeline(incident_id: int, *, message_ids: Iterable[int] = ()) -> list[Entry]:
    """Return everything that was written of the incident, oldest first.

    And what was written of these messages, of which none is about one incident alone.
    """
    wanted = Q(incident_id=incident_id)
    if ids := list(message_ids):
        # Only what is said of no other incident: a message that told of several also has lines
        # about each of them.
        wanted |= Q(message_id__in=ids, incident_id=None)
    return list(Entry.objects.filter(wanted).order_by("at", "id"))
