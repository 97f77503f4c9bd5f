"""Messages that wait for the report they belong to: joined to it, or shown to a person."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from notifier.intake.correlation.correlate import latest_of
from notifier.intake.correlation.next_report import following
from notifier.intake.correlation.receive_message import lock_source, store_numbered
from notifier.intake.correlation.status import standing
from notifier.intake.formats.message import Effect, sequence_at
from notifier.intake.incident import open_incidents
from notifier.intake.models import Distribution, Incident, Report
from notifier.intake.receive import OutsideSourceError, received
from notifier.intake.schema.vocabulary import Status
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# An RC-EDA and its first RC-RI leave a control room within seconds of each other.
PATIENCE = timedelta(minutes=10)
BATCH = 100


def settle_waiting() -> None:
    """One round over what has waited for too long. May run anywhere, any number of times."""
    overdue = Distribution.objects.filter(
        is_waiting=True, received_at__lt=timezone.now() - PATIENCE
    ).order_by(F("failed_at").asc(nulls_first=True), "received_at")
    for row in overdue.select_related("source")[:BATCH]:
        try:
            _take(row)
        except Exception:  # one that cannot be settled must not hold up those behind it
            log.exception("waiting message cannot be settled", distribution=row.pk)
            Distribution.objects.filter(pk=row.pk).update(failed_at=timezone.now())


def _take(row: Distribution) -> None:
    with transaction.atomic():
        lock_source(row.source)
        if Distribution.objects.filter(pk=row.pk, is_waiting=True).update(is_waiting=False):
            _settle(row)


def _settle(row: Distribution) -> None:
    latest = latest_of(row.source, row.reference)
    rows = Distribution.objects.filter(source=row.source, reference=row.reference)
    if latest is not None:
        # It came in the same instant as its report, and neither saw the other.
        status = standing(rows, exercise=latest.exercise)
        if status != latest.status:
            _follow(row, latest, status)
        return
    if row.effect == Effect.RESOURCES:
        _show(row, standing(rows, exercise=row.exercise))
    else:
        text = f"{row.format} : l’alerte qu’il annulait n’est jamais venue ; il n’y a rien à faire."
        if row.effect == Effect.NOT_BEGUN:
            text = f"{row.format} : rien n’a été engagé, personne n’a été prévenu."
        write_entries([new_entry(_incident(row).pk, Step.RECEIVED, text)])


def _follow(row: Distribution, latest: Report, status: Status) -> None:
    try:
        store_numbered(row.source, following(latest, status, sequence_at(row.sent_at)))
    except OutsideSourceError as refusal:
        text = (
            f"{row.format} : l’état « {status.label} » n’est pas repris, {refusal} n’est plus dans "
            f"les départements de {row.source.name}."
        )
        write_entries([new_entry(_incident(row).pk, Step.RECEIVED, text)])


def _show(row: Distribution, status: Status) -> None:
    """A shell without category or place: alerting can only put it before a person.

    It has the incident's lowest number, so that the report, if it still comes, overtakes it.
    """
    now = timezone.now()
    incident = _incident(row)
    if Report.objects.filter(incident=incident).exists():
        return
    shell = Report.objects.create(
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
        f"{row.format} sans intervention depuis {PATIENCE.seconds // 60} minutes : demandez "
        "l’intervention au centre qui l’a ouverte."
    )
    write_entries([new_entry(incident.pk, Step.RECEIVED, text, report=str(shell.pk))])
    received.send(sender=Report, report=shell)


def _incident(row: Distribution) -> Incident:
    """Return the incident that it waits for, which may have no report yet."""
    return open_incidents([(row.source, row.reference)])[row.source_id, row.reference]
