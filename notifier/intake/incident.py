"""Incidents: opened once, and locked while what is reported of them is decided."""

import json
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone

from notifier.intake.insert import stored
from notifier.intake.models import Handling, Incident, Report, Source


def is_known(source: Source, reference: str) -> bool:
    """Whether the source has pushed anything under this reference."""
    return Report.objects.filter(incident__source=source, incident__reference=reference).exists()


def open_incidents(named: Iterable[tuple[Source, str]]) -> dict[tuple[int, str], Incident]:
    """Return the incidents of these sources and references, by source id and reference.

    One that is not there is stored. One statement where all are new, else two, in the caller's
    transaction: for one that another transaction is storing, it waits.
    """
    source_of: dict[tuple[int, str], Source] = {
        (source.pk, reference): source for source, reference in named
    }
    # In one order everywhere, so that two transactions never wait for each other.
    keys = sorted(source_of)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        # Written out, for Django's bulk_create does not say which of them were there already.
        cursor.execute(
            "INSERT INTO intake_incident (source_id, reference, opened_at) "  # noqa: S608 - marks
            f"VALUES {', '.join(['(%s, %s, %s)'] * len(keys))} "
            "ON CONFLICT (source_id, reference) DO NOTHING RETURNING id, source_id, reference",
            [value for key in keys for value in (*key, now)],
        )
        rows = cursor.fetchall()
        if known := sorted(source_of.keys() - {(source, name) for _, source, name in rows}):
            cursor.execute(
                "SELECT id, source_id, reference FROM intake_incident WHERE "  # noqa: S608 - marks
                + " OR ".join(["(source_id = %s AND reference = %s)"] * len(known)),
                [value for key in known for value in key],
            )
            rows += cursor.fetchall()
    return {
        (source_id, reference): _incident(pk, source_of[source_id, reference], reference)
        for pk, source_id, reference in rows
    }


def _incident(pk: int, source: Source, reference: str) -> Incident:
    names = ("id", "source_id", "reference")
    incident = Incident.from_db(connection.alias, names, (pk, source.pk, reference))
    incident.source = source
    return incident


def lock_incidents(report_ids: Iterable[UUID]) -> list[list[Report]]:
    """Return every report of each incident that one of these belongs to, by sequence.

    Locked until commit, each with its incident and the source of that. One statement, first in the
    caller's transaction: two workers on one incident take turns, so that an update never overtakes
    the alert that it updates; two that have several in common take them in the same order.
    """
    ids = [stored(Report(pk=report_id), "id") for report_id in report_ids]
    # NO KEY: a report that is stored meanwhile refers to the incident, and need not wait. The
    # reports too: after a wait, READ COMMITTED reads anew the rows that it locks, and no others.
    has_locks = connection.features.has_select_for_no_key_update
    lock = "FOR NO KEY UPDATE OF i, r" if has_locks else ""
    marks = ", ".join(["%s"] * len(ids))
    # Written out, for Django takes longer to compile it than the database to answer.
    locked = Report.objects.raw(
        "SELECT r.*, i.source_id AS incident_source_id, i.reference AS incident_reference, "  # noqa: S608 - constants and marks
        f"{_OF_SOURCE} FROM intake_incident i "
        "JOIN intake_source s ON s.id = i.source_id "
        "JOIN intake_report r ON r.incident_id = i.id "
        f"WHERE i.id IN (SELECT incident_id FROM intake_report WHERE id IN ({marks})) "
        f"ORDER BY i.id, r.sequence {lock}",
        ids,
    )
    together = (list(reports) for _, reports in groupby(locked, key=attrgetter("incident_id")))
    return [_of_one_incident(reports) for reports in together]


# What deciding asks of a source, in the model's order; anything else would be read by a statement
# of its own.
_SOURCE = (*("name", "service", "departements", "duty_email", "duty_phone", "sms_cap", "hard_cap"),)
_OF_SOURCE = ", ".join(f"s.{name} AS source_{name}" for name in _SOURCE)


def _of_one_incident(reports: list[Report]) -> list[Report]:
    """Give the reports their incident, and it its source, as they were read beside the first."""
    read = vars(reports[0])
    of_source = {name: read[f"source_{name}"] for name in _SOURCE}
    of_source["departements"] = json.loads(of_source["departements"])
    source = Source.from_db(
        connection.alias, ("id", *_SOURCE), (read["incident_source_id"], *of_source.values())
    )
    incident = _incident(read["incident_id"], source, read["incident_reference"])
    for report in reports:
        report.incident = incident
    return reports


def in_turn(reports: QuerySet[Report], most: int) -> list[UUID]:
    """The first of them to look at: the oldest, but what failed before behind what never did."""
    ordered = reports.order_by(F("failed_at").asc(nulls_first=True), "received_at")
    return list(ordered.values_list("pk", flat=True)[:most])


def goes_behind(report_id: UUID) -> None:
    """It failed just now, and must not hold up the others."""
    Report.objects.filter(pk=report_id).update(failed_at=timezone.now())


def conclude(decided: Iterable[tuple[Report, Handling, str]]) -> None:
    """Store what each report object says of verdict, communes and clues, its new state, why.

    The caller holds their incidents' locks. One statement. Raises RuntimeError if another decided
    one all the same.
    """
    rows = []
    for report, state, reason in decided:
        report.state, report.reason = state, reason
        report.handled_at = timezone.now()
        rows.append([stored(report, name) for name in (*_CONCLUDED, "id")])
    changes = ", ".join(f"{name} = %s" for name in _CONCLUDED)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE intake_report SET {changes} WHERE id = %s AND state = 'received'",  # noqa: S608 - names of this module
            rows,
        )
        if cursor.rowcount != len(rows):
            raise RuntimeError("a report was decided without its incident's lock")


_CONCLUDED = ("state", "reason", "verdict", "communes", "clues", "handled_at")
