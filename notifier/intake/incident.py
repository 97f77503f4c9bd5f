"""Incidents: opened once, and locked while what is reported of them is decided."""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from notifier.intake import sql
from notifier.intake.models import FAILED_LAST, Incident, Report, ReportState, Source


def is_known(source: Source, reference: str) -> bool:
    """Return whether the source has pushed anything under this reference."""
    return Report.objects.filter(incident__source=source, incident__reference=reference).exists()


def open_incidents(wanted: Iterable[tuple[Source, str]]) -> dict[tuple[int, str], Incident]:
    """Return the incidents of these sources and references, by source id and reference.

    One that is not there is stored, in the caller's transaction.
    """
    sources = {(source.pk, reference): source for source, reference in wanted}
    opened = {}
    for incident in sql.get_or_insert_incidents(sources):
        key = incident.source_id, incident.reference
        incident.source = sources[key]
        opened[key] = incident
    return opened


def lock_incidents(report_ids: Iterable[UUID]) -> list[list[Report]]:
    """Return every report of each incident that one of these belongs to, by sequence.

    Locked until commit, each with its incident and the source of that. One statement, first in the
    caller's transaction: two workers on one incident take turns, so that an update never overtakes
    the alert that it updates; two that have several in common take them in the same order. Waits
    for reports that are not committed yet; one that was rolled back is left out.
    """
    locked = groupby(sql.lock_reports(report_ids), key=attrgetter("incident_id"))
    return [list(reports) for _, reports in locked]


def lock_incident(incident_id: int) -> list[Report]:
    """Return every report of the incident, by sequence, locked as by `lock_incidents`."""
    ids = Report.objects.filter(incident=incident_id).values_list("pk", flat=True)
    (reports,) = lock_incidents(list(ids[:1]))
    return reports


def next_reports(reports: QuerySet[Report], limit: int) -> list[UUID]:
    """Return the ids of those to try first: the oldest, but what failed before after all others."""
    ordered = reports.order_by(*FAILED_LAST)
    return list(ordered.values_list("pk", flat=True)[:limit])


def mark_failed(report_id: UUID) -> None:
    """Record that it failed just now, so that it does not hold up the others."""
    Report.objects.filter(pk=report_id).update(failed_at=timezone.now())


def store_decisions(decided: Iterable[tuple[Report, ReportState, str]]) -> None:
    """Store what each report object says of verdict, communes and clues, its new state, why.

    The caller holds their incidents' locks. One statement. Raises RuntimeError if another decided
    one all the same.
    """
    now = timezone.now()
    reports = []
    for report, state, reason in decided:
        report.state, report.reason, report.handled_at = state, reason, now
        reports.append(report)
    if reports and sql.update_decided(reports) != len(reports):
        raise RuntimeError("a report was decided without its incident's lock")
