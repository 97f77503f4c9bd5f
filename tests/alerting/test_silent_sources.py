"""The duty of a source that falls silent is told once, and once when it speaks again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifier.alerting.silent_sources import report_silence
from notifier.delivery.models import Message
from notifier.intake.access.api_keys import add_source, revoke
from notifier.intake.models import Incident, Report, Source, SourceActivity
from notifier.intake.silence import note_activity
from tests.alerting.test_canary import plain

pytestmark = pytest.mark.django_db

DUTY = "permanence@corg90.example"
# A Saturday evening in winter.
NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def source(clock) -> Source:
    """A centre that pushed two incidents each hour for three weeks, up to now."""
    clock.move_to(NOW)
    added = add_source("CORG 90", ["90"], service="Gendarmerie", duty_email=DUTY, signed=False)
    pushed(added.source, *(NOW - n * HOUR / 2 for n in range(1, 3 * 168 * 2)))
    return added.source


def pushed(source: Source, *moments: datetime) -> None:
    known = Incident.objects.count()
    incidents = Incident.objects.bulk_create(
        Incident(source=source, reference=f"R{known + n}", opened_at=at)
        for n, at in enumerate(moments)
    )
    Report.objects.bulk_create(
        Report(
            incident=incident, sequence=1, status="engaged", category="C01.01.01",
            severity="severe", occurred_at=incident.opened_at, location={},
            received_at=incident.opened_at,
        )
        for incident in incidents
    )  # fmt: skip


def look() -> list[tuple[str, str, str]]:
    """What one round of the clock mails: address, subject and body."""
    before = set(Message.objects.values_list("pk", flat=True))
    note_activity()
    report_silence()
    rows = Message.objects.exclude(pk__in=before)
    return [
        (address, plain(subject), plain(body))
        for address, subject, body in rows.values_list("address", "subject", "body")
    ]


def test_each_silence_once_and_its_end_once(source: Source, clock) -> None:
    assert look() == []
    clock.shift(3 * HOUR)
    assert look() == []
    clock.shift(2 * HOUR)
    [(address, subject, body)] = look()
    assert address == DUTY
    assert subject == "CORG 90 ne transmet plus rien depuis 5 heures"
    assert "depuis le 28 novembre 2026 à 20 h 30" in body
    assert "elle transmet d’ordinaire 1" in body
    assert set(Message.objects.values_list("pause_key", "lane")) == {("-", "urgent")}
    assert look() == []
    clock.shift(24 * HOUR)
    assert look() == []
    again = NOW + 29 * HOUR
    pushed(source, again)
    clock.move_to(again + timedelta(minutes=1))
    [(address, subject, body)] = look()
    assert (address, subject) == (DUTY, "CORG 90 transmet de nouveau")
    assert "le 30 novembre 2026 à 2 h 00" in body
    assert look() == []
    clock.shift(12 * HOUR)
    assert len(look()) == 1


def test_a_habit_that_is_lost_in_a_long_silence_is_no_end_of_it(source: Source, clock) -> None:
    look()
    clock.shift(6 * HOUR)
    assert len(look()) == 1
    for _ in range(10):
        clock.shift(7 * 24 * HOUR)
        assert look() == []
    assert SourceActivity.objects.get(source=source).silence_reported_at


def test_two_workers_tell_it_once(source: Source, clock) -> None:
    look()
    clock.shift(6 * HOUR)
    assert len(look()) == 1
    SourceActivity.objects.update(silence_reported_at=None)
    assert look() == []


def test_a_source_that_was_revoked_is_not_silent(source: Source, clock) -> None:
    look()
    revoke(source)
    clock.shift(6 * HOUR)
    assert look() == []
