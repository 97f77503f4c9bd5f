"""A thread: all that one source said under one reference; decided one at a time."""

import json
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone

from notifier.intake.insert import stored
from notifier.intake.models import Handling, Report, Source


def thread_of(source: Source, reference: str) -> str:
    """The thread's name: two sources may give the same reference to different things."""
    return f"{source.pk}/{reference}"


def is_known(source: Source, reference: str) -> bool:
    """Whether the source has pushed anything under this reference."""
    return Report.objects.filter(thread=thread_of(source, reference)).exists()


def reference_in(thread: str) -> str:
    """The reference that dispatch gave, out of the thread's name."""
    return thread.partition("/")[2]


def source_in(thread: str) -> str:
    """The number of the source, out of the thread's name."""
    return thread.partition("/")[0]


def lock_threads(report_ids: Iterable[UUID]) -> list[list[Report]]:
    """Of each thread that one of these belongs to, every report by sequence.

    Locked until commit, with their sources. One statement, first in the caller's transaction: two
    workers on one thread take turns, so that an update never overtakes the alert that it updates;
    two that have several threads in common take them in the same order.
    """
    ids = [stored(Report(pk=report_id), "id") for report_id in report_ids]
    lock = "FOR UPDATE OF r" if connection.features.has_select_for_update_of else ""
    marks = ", ".join(["%s"] * len(ids))
    # Written out, for Django takes longer to compile it than the database to answer.
    locked = Report.objects.raw(
        f"SELECT r.*, {_OF_SOURCE} FROM intake_report r "  # noqa: S608 - constants and marks
        "JOIN intake_source s ON s.id = r.source_id "
        f"WHERE r.thread IN (SELECT thread FROM intake_report WHERE id IN ({marks})) "
        f"ORDER BY r.thread, r.sequence {lock}",
        ids,
    )
    return [
        [_with_source(report) for report in thread]
        for _, thread in groupby(locked, key=attrgetter("thread"))
    ]


# What deciding asks of a source, in the model's order; anything else would be read by a statement
# of its own.
_SOURCE = (*("name", "service", "departements", "duty_email", "duty_phone", "sms_cap", "hard_cap"),)
_OF_SOURCE = ", ".join(f"s.{name} AS source_{name}" for name in _SOURCE)


def _with_source(report: Report) -> Report:
    read = {name: getattr(report, f"source_{name}") for name in _SOURCE}
    read["departements"] = json.loads(read["departements"])
    report.source = Source.from_db(
        connection.alias, ("id", *_SOURCE), (report.source_id, *read.values())
    )
    return report


def in_turn(reports: QuerySet[Report], most: int) -> list[UUID]:
    """The first of them to look at: the oldest, but what failed before behind what never did."""
    ordered = reports.order_by(F("failed_at").asc(nulls_first=True), "received_at")
    return list(ordered.values_list("pk", flat=True)[:most])


def goes_behind(report_id: UUID) -> None:
    """It failed just now, and must not hold up the others."""
    Report.objects.filter(pk=report_id).update(failed_at=timezone.now())


def conclude(decided: Iterable[tuple[Report, Handling, str]]) -> None:
    """Store what each report object says of verdict, communes and clues, its new state, why.

    The caller holds their threads' locks. One statement. Raises RuntimeError if another decided one
    all the same.
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
            raise RuntimeError("a report was decided without its thread's lock")


_CONCLUDED = ("state", "reason", "verdict", "communes", "clues", "handled_at")
