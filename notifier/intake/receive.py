"""Receive a report: check it against its source's territory, store it once, enqueue it."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from notifier.intake.incident import open_incidents
from notifier.intake.models import Incident, Report, Source
from notifier.intake.schema.report import NewReport
from notifier.intake.schema.vocabulary import Status
from notifier.intake.sql import insert_reports
from notifier.jobs.group_commit import GroupCommit
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries
from notifier.territory.reference.communes import departement_of

# Sent within the transaction that stores a report, with report (Report).
received = Signal()


class OutsideSourceError(Exception):
    """An INSEE code lies in a département that the source may not speak for."""

    def __init__(self, code: str, field_name: str) -> None:
        super().__init__(code)
        self.code = code
        self.field = field_name
        """The native endpoint's name of the field that gave it."""


class ContradictionError(Exception):
    """The same reference and sequence were already received with another content."""


@dataclass(frozen=True)
class Reception:
    """Under which id a report is stored, and whether it was not known before."""

    report_id: UUID
    is_new: bool


def receive(source: Source, new: NewReport, *, expires_at: datetime | None = None) -> Reception:
    """Store the report once and return its id; the commit has happened then.

    `expires_at` (aware): after it the source itself holds it to be of no more use.

    Raises OutsideSourceError, ContradictionError, and django.db.OperationalError when the database
    cannot store it: then nothing was received.
    """
    refuse_outside(source, new)
    arrival = _Arrival(source, new, expires_at)
    if _store_jointly(arrival):
        return Reception(arrival.report_id, is_new=True)
    known = find_duplicate(source, new)
    if known is None:
        raise RuntimeError(f"{new.reference} n° {new.sequence}: neither stored nor known")
    return Reception(known, is_new=False)


def refuse_outside(source: Source, new: NewReport) -> None:
    """Raise OutsideSourceError where an INSEE code alone shows that the source may not speak."""
    place = new.location
    given = [(code, departement_of(code), "location.communes") for code in place.communes or ()]
    given += [(code, code, "location.departements") for code in place.whole_departements()]
    if place.insee:
        given.append((place.insee, departement_of(place.insee), "location.insee"))
    for code, departement, name in given:
        if not source.may_speak_for(departement):
            raise OutsideSourceError(code, name)


def find_duplicate(source: Source, new: NewReport) -> UUID | None:
    """Return the id under which exactly this was received before; None if it was not.

    Raises ContradictionError where its reference and sequence were received with another content.
    """
    same = Report.objects.filter(
        incident__source=source, incident__reference=new.reference, sequence=new.sequence
    )
    known = same.only("id", "content_hash").first()
    if known is None:
        return None
    if known.content_hash != _content_hash(new):
        raise ContradictionError(new.reference, new.sequence)
    return known.pk


def _content_hash(new: NewReport) -> str:
    return hashlib.sha256(json.dumps(new.canonical(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class _Arrival:
    """A report that is to be stored, under which id if it is new."""

    source: Source
    new: NewReport
    expires_at: datetime | None
    report_id: UUID = field(default_factory=uuid4)

    @property
    def key(self) -> tuple[int, str]:
        """Of its incident."""
        return self.source.pk, self.new.reference

    def as_row(self, incident: Incident, now: datetime) -> Report:
        new = self.new
        return Report(
            id=self.report_id,
            incident=incident,
            sequence=new.sequence,
            status=new.status,
            category=new.category,
            severity=new.severity,
            closure=new.closure or "",
            occurred_at=new.occurred_at,
            exercise=new.exercise,
            location=new.location.model_dump(exclude_none=True),
            content_hash=_content_hash(new),
            received_at=now,
            expires_at=self.expires_at,
        )


def _store(arrivals: list[_Arrival]) -> list[bool]:
    """Store what is new of these in one short transaction; return of each whether it was."""
    now = timezone.now()
    with transaction.atomic():
        incidents = open_incidents((each.source, each.new.reference) for each in arrivals)
        fresh = insert_reports([each.as_row(incidents[each.key], now) for each in arrivals])
        write_entries(_entry(report) for report in fresh)
        for report in fresh:
            received.send(sender=Report, report=report)
    stored = {report.pk for report in fresh}
    return [arrival.report_id in stored for arrival in arrivals]


# Those pushed within so long share a transaction, and so a wait for the disk; nobody pushes so
# often on an idle service.
MIN_INTERVAL_S = 0.01
_store_jointly = GroupCommit(_store, max_batch_size=32, min_interval_s=MIN_INTERVAL_S)


def _entry(report: Report) -> Entry:
    said = f"{report.category}, {Status(report.status).label}"
    said += ", exercice" if report.exercise else ""
    return new_entry(
        report.incident_id,
        Step.RECEIVED,
        f"Reçue de {report.source.name} : n° {report.sequence}, {said}.",
        at=report.received_at,
        source_id=report.source.pk,
        report=str(report.pk),
        sequence=report.sequence,
        occurred_at=report.occurred_at.isoformat(),
    )
