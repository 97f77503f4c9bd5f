"""What is written in the journal stays: the database refuses every program to change it."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from notifier.journal.guard import REFUSAL
from notifier.journal.models import AppendOnlyError, Entry, Step
from notifier.journal.write import new_entry, timeline, write_entries

INCIDENT = 1


@pytest.fixture(autouse=True)
def _written(db: None) -> None:
    write_entries(
        [
            new_entry(INCIDENT, Step.RECEIVED, "Reçue."),
            new_entry(INCIDENT, Step.DECIDED, "Décidée."),
        ]
    )


def _refuses(statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match=REFUSAL),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert _texts() == ["Reçue.", "Décidée."]


def _texts() -> list[str]:
    return [line.text for line in timeline(INCIDENT)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entry SET text = 'autre'",
        "UPDATE journal_entry SET at = at WHERE incident_id = 1",
        "DELETE FROM journal_entry",
        "DELETE FROM journal_entry WHERE step = 'received'",
    ],
)
def test_the_database_refuses_to_change_a_line(statement: str) -> None:
    _refuses(statement)


def test_the_database_refuses_to_replace_a_line() -> None:
    first = timeline(INCIDENT)[0]
    line = [first.pk, first.at, first.incident_id, "decided", "autre", "{}"]
    conflict = (
        "INSERT OR REPLACE INTO journal_entry (id, at, incident_id, step, text, data) "
        "VALUES (%s, %s, %s, %s, %s, %s)"
        if connection.vendor == "sqlite"
        else "INSERT INTO journal_entry (id, at, incident_id, step, text, data) "
        "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET text = EXCLUDED.text"
    )
    with (
        pytest.raises(DatabaseError, match=REFUSAL),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(conflict, line)
    assert _texts() == ["Reçue.", "Décidée."]


def test_the_database_refuses_to_empty_the_journal() -> None:
    # SQLite has no TRUNCATE: a DELETE without WHERE is what it makes one of.
    on_sqlite = connection.vendor == "sqlite"
    statement = "DELETE FROM journal_entry" if on_sqlite else "TRUNCATE journal_entry"
    _refuses(statement)


def test_a_query_that_updates_is_refused() -> None:
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic():
        Entry.objects.filter(incident_id=INCIDENT).update(text="autre")
    assert _texts() == ["Reçue.", "Décidée."]


def test_a_query_that_deletes_is_refused() -> None:
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic():
        Entry.objects.all().delete()
    assert _texts() == ["Reçue.", "Décidée."]


def test_a_line_is_not_saved_again() -> None:
    line = timeline(INCIDENT)[0]
    line.text = "autre"
    with pytest.raises(AppendOnlyError):
        line.save()
    assert _texts() == ["Reçue.", "Décidée."]


def test_a_line_is_not_deleted() -> None:
    with pytest.raises(AppendOnlyError):
        timeline(INCIDENT)[0].delete()
    assert _texts() == ["Reçue.", "Décidée."]


def test_lines_are_still_appended_in_their_order() -> None:
    now = timezone.now()
    write_entries(
        [
            new_entry(INCIDENT, Step.COMPOSED, "Rédigée.", at=now),
            new_entry(INCIDENT, Step.ATTEMPT, "Remise.", at=now),
        ]
    )
    assert _texts() == ["Reçue.", "Décidée.", "Rédigée.", "Remise."]


def test_a_timeline_holds_its_own_incident_only() -> None:
    write_entries([new_entry(2, Step.RECEIVED, "D’une autre affaire.")])
    assert _texts() == ["Reçue.", "Décidée."]


def test_a_message_about_several_incidents_stands_in_the_timeline_of_each() -> None:
    """But not what is written of it about the others."""
    write_entries(
        [
            new_entry(None, Step.ATTEMPT, "Récapitulatif remis.", message_id=7),
            new_entry(None, Step.ATTEMPT, "Un autre remis.", message_id=8),
            new_entry(2, Step.UNREACHED, "L’autre affaire : plus personne.", message_id=7),
            new_entry(None, Step.PAUSED, "Envois suspendus."),
        ]
    )
    lines = timeline(INCIDENT, message_ids=[7])
    assert [line.text for line in lines] == ["Reçue.", "Décidée.", "Récapitulatif remis."]
    assert _texts() == ["Reçue.", "Décidée."]


def test_lines_fall_with_the_step_that_they_tell() -> None:
    class Undone(Exception):
        pass

    with pytest.raises(Undone), transaction.atomic():
        write_entries([new_entry(INCIDENT, Step.ATTEMPT, "Remise.")])
        raise Undone
    assert _texts() == ["Reçue.", "Décidée."]


def test_as_many_lines_as_a_night_brings_are_written_in_their_order() -> None:
    """More values than a database takes in one statement."""
    write_entries(new_entry(3, Step.EXPIRED, f"{n}") for n in range(7000))
    assert [line.text for line in timeline(3)] == [f"{n}" for n in range(7000)]
