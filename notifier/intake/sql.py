"""The statements that are written out because Django's own form costs too much; no others are.

Each says what it gains per report: processor time of Python and of PostgreSQL, both forms in turn
in one process, in batches of 32, of 8 and of one (a backlog, a busy and an idle service).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Field
from django.utils import timezone

from notifier.db.columns import Columns, all_names
from notifier.intake.models import Incident, Report, Source

_SOURCE = Columns(Source, all_names(Source))
_REPORT = Columns(Report, all_names(Report))
_INCIDENT = Columns(Incident, ("id", "source_id", "reference"))
# What deciding asks of a source; anything else would be read by a statement of its own.
_SOURCE_TO_DECIDE = Columns(
    Source,
    (
        *("id", "name", "service", "departements", "duty_email", "duty_phone"),
        *("sms_cap", "hard_cap", "webhook_url", "sms_providers"),
    ),
)


def find_source(key_hash: str) -> Source | None:
    """Return the source whose key, or whose key before, has this hash.

    Gains 0.5 ms per request over filter(): every request asks.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_SOURCE.of('s')} FROM intake_source s "  # noqa: S608 - names of the model
            "WHERE key_hash = %s OR previous_key_hash = %s",
            [key_hash, key_hash],
        )
        row = cursor.fetchone()
    return None if row is None else _SOURCE.load(row)


def get_or_insert_incidents(keys: Iterable[tuple[int, str]]) -> list[Incident]:
    """Return the incidents of these source ids and references; insert those that are missing.

    One statement where all are new, else two. One that another transaction is inserting is waited
    for.

    Gains 0.13, 0.24 and 0.8 ms where all are new, 0.11, 0.19 and 0.6 ms where none is, over
    bulk_create(), which does not say which were there already, and a SELECT.
    """
    # In one order everywhere, so that two transactions never wait for each other.
    ordered = sorted(set(keys))
    columns = _INCIDENT.of("intake_incident")
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO intake_incident (source_id, reference, opened_at) "  # noqa: S608 - marks
            f"VALUES {', '.join(['(%s, %s, %s)'] * len(ordered))} "
            f"ON CONFLICT (source_id, reference) DO NOTHING RETURNING {columns}",
            [value for key in ordered for value in (*key, now)],
        )
        rows = cursor.fetchall()
        if known := sorted(set(ordered) - {(source, name) for _, source, name in rows}):
            cursor.execute(
                f"SELECT {columns} FROM intake_incident WHERE "  # noqa: S608 - marks
                + " OR ".join(["(source_id = %s AND reference = %s)"] * len(known)),
                [value for key in known for value in key],
            )
            rows += cursor.fetchall()
    return [_INCIDENT.load(row) for row in rows]


def insert_reports(reports: Sequence[Report]) -> list[Report]:
    """Insert those whose incident and sequence are not there yet, and return them.

    One that another transaction is inserting is waited for. Until commit each is locked for
    `lock_reports`.

    Gains 0.02, 0.17 and 0.8 ms over bulk_create() and a SELECT of what is there.
    """
    # In one order everywhere, so that two transactions never wait for each other.
    in_order = sorted(reports, key=attrgetter("incident_id", "sequence"))
    rows = [[_stored(report, name) for name in _FIELDS] for report in in_order]
    row = f"({', '.join(['%s'] * len(_FIELDS))})"
    lock = f", pg_advisory_xact_lock({_LOCK_KEY})" if _has_advisory_locks() else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO intake_report ({', '.join(_FIELDS)}) "  # noqa: S608 - names of the model and marks
            f"VALUES {', '.join([row] * len(rows))} "
            f"ON CONFLICT (incident_id, sequence) DO NOTHING RETURNING id{lock}",
            [value for row in rows for value in row],
        )
        ids = {Report._meta.pk.to_python(pk) for pk, *_ in cursor.fetchall()}
    return [report for report in reports if report.pk in ids]


def lock_reports(report_ids: Iterable[UUID]) -> list[Report]:
    """Return every report of each incident that one of these belongs to, by incident and sequence.

    Both rows are locked until commit, incidents in one order everywhere. Reports of one incident
    share it, and its source as far as deciding needs it. A report that another transaction has
    inserted and not committed yet is waited for: whoever decides it is woken before that.

    Gains 0.03, 0.17 and 1.3 ms over select_for_update() and select_related().
    """
    ids = [_stored(Report(pk=report_id), "id") for report_id in dict.fromkeys(report_ids)]
    with connection.cursor() as cursor:
        # Nothing is locked while one is waited for, or two transactions could wait crosswise.
        rows = _lock(cursor, ids, only_if_all_are_seen=True)
        if not rows:
            if _has_advisory_locks():
                cursor.execute(
                    f"SELECT pg_advisory_xact_lock_shared({_LOCK_KEY}) "  # noqa: S608 - constants
                    "FROM unnest(%s::uuid[]) AS id",
                    [ids],
                )
            rows = _lock(cursor, ids, only_if_all_are_seen=False)
    of_report, of_incident = len(_REPORT.names), len(_INCIDENT.names)
    incidents: dict[int, Incident] = {}
    reports = []
    for row in rows:
        report = _REPORT.load(row[:of_report])
        if report.incident_id not in incidents:
            incident = _INCIDENT.load(row[of_report : of_report + of_incident])
            incident.source = _SOURCE_TO_DECIDE.load(row[of_report + of_incident :])
            incidents[report.incident_id] = incident
        report.incident = incidents[report.incident_id]
        reports.append(report)
    return reports


def _lock(
    cursor: CursorWrapper, ids: Sequence[Any], *, only_if_all_are_seen: bool
) -> list[tuple[Any, ...]]:
    """Lock and return the rows of `lock_reports`: reports with their incidents and sources.

    `only_if_all_are_seen`: none where one of these reports is not there, or not committed.
    """
    marks = ", ".join(["%s"] * len(ids))
    parts = (_REPORT.of("r"), _INCIDENT.of("i"), _SOURCE_TO_DECIDE.of("s"))
    all_are_seen = f"(SELECT count(*) FROM intake_report WHERE id IN ({marks})) = {len(ids)}"  # noqa: S608 - marks
    # NO KEY: a report that is stored meanwhile refers to the incident, and need not wait. The
    # reports too: after a wait, READ COMMITTED reads anew the rows that it locks, and no others.
    has_locks = connection.features.has_select_for_no_key_update
    cursor.execute(
        f"SELECT {', '.join(parts)} FROM intake_incident i "  # noqa: S608 - constants and marks
        "JOIN intake_source s ON s.id = i.source_id "
        "JOIN intake_report r ON r.incident_id = i.id "
        f"WHERE i.id IN (SELECT incident_id FROM intake_report WHERE id IN ({marks})) "
        f"{f'AND {all_are_seen}' if only_if_all_are_seen else ''} ORDER BY i.id, r.sequence "
        f"{'FOR NO KEY UPDATE OF i, r' if has_locks else ''}",
        [*ids, *ids] if only_if_all_are_seen else ids,
    )
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


# A lock on a report that is being stored, beside that on its row, which nobody else sees yet. Two
# reports of one hash only wait for each other.
_LOCK_KEY = "hashtextextended(id::text, 0)"


def _has_advisory_locks() -> bool:
    """Say whether a transaction may begin while another writes; on SQLite it waits as it begins."""
    return connection.vendor == "postgresql"


_DECIDED = ("state", "reason", "verdict", "communes", "clues", "handled_at")


def update_decided(reports: Sequence[Report]) -> int:
    """Store what each report object says of its decision; return how many were undecided before.

    Gains 0.8, 0.8 and 0.4 ms over one update() for each.
    """
    # Both databases number the columns of VALUES: column1 is the report.
    changes = ", ".join(f"{name} = d.column{at}" for at, name in enumerate(_DECIDED, start=2))
    row = f"({', '.join(['%s'] * (1 + len(_DECIDED)))})"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE intake_report SET {changes} "  # noqa: S608 - constants of this module and marks
            f"FROM (VALUES {', '.join([row] * len(reports))}) AS d "
            "WHERE intake_report.id = d.column1 AND intake_report.state = 'received'",
            [_stored(report, name) for report in reports for name in ("id", *_DECIDED)],
        )
        return int(cursor.rowcount)


def _stored(report: Report, name: str) -> Any:
    """Return a column of the report in the driver's own form."""
    return _FIELDS[name].get_db_prep_save(getattr(report, name), connection)


_FIELDS: dict[str, Field[Any, Any]] = {
    field.attname: field for field in Report._meta.concrete_fields
}
