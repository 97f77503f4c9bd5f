"""Resolve messages that wait for their report: attach them to it, or put them before a person."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import structlog
from django.db import transaction
from django.utils import timezone

from notifier.intake.correlation.correlate import latest_of
from notifier.intake.correlation.next_report import with_status
from notifier.intake.correlation.receive_message import lock_source, store_numbered
from notifier.intake.correlation.status import derive_status
from notifier.intake.formats.message import Effect, sequence_at
from notifier.intake.incident import open_incidents
from notifier.intake.models import FAILED_LAST, Distribution, Incident, Report
from notifier.intake.receive import OutsideSourceError, received
from notifier.intake.schema.vocabulary import Status
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# An RC-EDA and its first RC-RI leave a control room within seconds of each other.
MAX_WAIT = timedelta(minutes=10)
BATCH_SIZE = 100


def resolve_pending() -> None:
    """Resolve up to BATCH_SIZE of those that wait for longer than MAX_WAIT.

    May run anywhere, any number of times at once.
    """
    overdue = Distribution.objects.filter(
        is_pending=True, received_at__lt=timezone.now() - MAX_WAIT
    ).order_by(*FAILED_LAST)
    for row in overdue.select_related("source")[:BATCH_SIZE]:
        try:
            _resolve_once(row)
        except Exception:  # one that fails must not hold up those behind it
            log.exception("pending message cannot be resolved", distribution=row.pk)
            Distribution.objects.filter(pk=row.pk).update(failed_at=timezone.now())


def _resolve_once(row: Distribution) -> None:
    with transaction.atomic():
        lock_source(row.source)
        if Distribution.objects.filter(pk=row.pk, is_pending=True).update(is_pending=False):
            _resolve(row)


def _resolve(row: Distribution) -> None:
    latest = latest_of(row.source, row.reference)
    rows = Distribution.objects.filter(source=row.source, reference=row.reference)
    if latest is not None:
        # It came in the same instant as its report, and neither saw the other.
        status = derive_status(rows, exercise=latest.exercise)
        if status != latest.status:
            _store_status(row, latest, status)
        return
    if row.effect == Effect.RESOURCES:
        _request_review(row, derive_status(rows, exercise=row.exercise))
    else:
        text = f"{row.format} : l’alerte qu’il annulait n’est jamais venue ; il n’y a rien à faire."
        if row.effect == Effect.NOT_BEGUN:
            text = f"{row.format} : rien n’a été engagé, personne n’a été prévenu."
        write_entries([new_entry(_open_incident(row).pk, Step.RECEIVED, text)])


def _store_status(row: Distribution, latest: Report, status: Status) -> None:
    try:
        store_numbered(row.source, with_status(latest, status, sequence_at(row.sent_at)))
    except OutsideSourceError as refusal:
        text = (
            f"{row.format} : l’état « {status.label} » n’est pas repris, {refusal} n’est plus dans "
            f"les départements de {row.source.name}."
        )
        write_entries([new_entry(_open_incident(row).pk, Step.RECEIVED, text)])


def _request_review(row: Distribution, status: Status) -> None:
    """Store a report without category or place, which alerting can only put before a person.

    It has the incident's lowest number, so that the report, if it still comes, supersedes it.
    """
    now = timezone.now()
    incident = _open_incident(row)
    if Report.objects.filter(incident=incident).exists():
        return
    report = Report.objects.create(
        id=uuid4(),
        incident=incident,
        sequence=1,
        status=status,
        category="",
        severity="",
        occurred_at=row.sent_at,
        exercise=row.exercise or False,
        location={},
        content_hash=row.digest,
        received_at=now,
    )
    text = (
        f"{row.format} sans intervention depuis {MAX_WAIT.seconds // 60} minutes : demandez "
        "l’intervention au centre qui l’a ouverte."
    )
    write_entries([new_entry(incident.pk, Step.RECEIVED, text, report=str(report.pk))])
    received.send(sender=Report, report=report)


def _open_incident(row: Distribution) -> Incident:
    """Return the incident that it waits for, which may have no report yet."""
    return open_incidents([(row.source, row.reference)])[row.source_id, row.reference]
