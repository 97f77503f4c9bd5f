"""Reports as the database's own driver takes them, for statements that are written out.

Every report passes here: Django compiles the same statement anew each time, which takes
longer than the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import Field

from notifier.intake.models import Report


def stored(report: Report, name: str) -> Any:
    """The value of a field, or of a relation's column (`incident_id`), in the driver's own form."""
    return _FIELDS[name].get_db_prep_save(getattr(report, name), connection)


def insert_new(reports: Sequence[Report]) -> list[Report]:
    """Insert those whose incident and sequence are not there yet, and return them. One statement.

    One that another transaction is inserting is waited for; in one order everywhere, so that two
    never wait for each other.
    """
    in_order = sorted(reports, key=attrgetter("incident_id", "sequence"))
    rows = [[stored(report, name) for name in _FIELDS] for report in in_order]
    row = f"({', '.join(['%s'] * len(_FIELDS))})"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO intake_report ({', '.join(_FIELDS)}) "  # noqa: S608 - names of the model and marks
            f"VALUES {', '.join([row] * len(rows))} "
            "ON CONFLICT (incident_id, sequence) DO NOTHING RETURNING id",
            [value for row in rows for value in row],
        )
        ids = {Report._meta.pk.to_python(pk) for (pk,) in cursor.fetchall()}
    return [report for report in reports if report.pk in ids]


_FIELDS: dict[str, Field[Any, Any]] = {
    field.attname: field for field in Report._meta.concrete_fields
}
