"""A report is decided: where it is, what each commune is told, to whom; in one transaction.

lock the incident -> find the place, rule -> read the situation -> plan -> apply

Those of one job are decided together: each step is one statement for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from uuid import UUID

import structlog
from django.db import transaction

from notifier.alerting.decision.apply import PlanOutdatedError, apply
from notifier.alerting.decision.plan import plan
from notifier.alerting.decision.situation import read_situation, rule
from notifier.intake.incident import lock_incidents, mark_failed
from notifier.intake.models import Report, ReportState

log = structlog.get_logger(__name__)

# Maximum reports per transaction.
BATCH_SIZE = 32
# Plans of one report that may be outdated by other workers before it is left to the sweep.
MAX_PLANS = 3


def decide_each(*report_ids: UUID) -> None:
    """Decide them together; if that fails, each by itself, the one at fault behind all others."""
    try:
        decide(*report_ids)
    except Exception as error:
        if len(report_ids) == 1:
            log.exception("report cannot be decided", report=str(report_ids[0]))
            mark_failed(report_ids[0])
            return
        log.warning("decided one by one, for together they cannot be", error=repr(error))
        for report_id in report_ids:
            decide_each(report_id)


def decide(*report_ids: UUID) -> None:
    """Decide every received report of the incidents that these belong to, by sequence.

    Does nothing for what is decided already, so it may be enqueued any number of times. They share
    one transaction and its statements: what raises for one of them undoes it for all.
    """
    for plans_left in reversed(range(MAX_PLANS)):
        try:
            with transaction.atomic():
                _decide(report_ids)
            return
        except PlanOutdatedError as error:
            if not plans_left:
                raise
            log.info("planned anew, for something changed meanwhile", why=str(error))


def _decide(report_ids: Sequence[UUID]) -> None:
    waiting = [
        [(report, reports) for report in reports if report.state == ReportState.RECEIVED]
        for reports in lock_incidents(report_ids)
    ]
    # What an incident's second report is ruled depends on what its first has told.
    turns = list(zip_longest(*waiting))
    for number, turn in enumerate(turns, start=1):
        is_followed = number < len(turns)
        _decide_turn([pair for pair in turn if pair is not None], is_followed=is_followed)


def _decide_turn(reports: Sequence[tuple[Report, list[Report]]], *, is_followed: bool) -> None:
    """Decide reports of as many incidents."""
    ruled = rule(reports, lock=True)
    apply(plan(ruled, read_situation(ruled, lock=True)), is_followed=is_followed)
