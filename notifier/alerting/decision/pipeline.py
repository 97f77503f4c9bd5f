"""Decide reports: where each is, what each commune is told, and who gets it.

lock the incidents -> place and rule -> read the situation -> plan -> apply

The reports of one job share a transaction, and each step is one statement for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from uuid import UUID

import structlog
from django.db import transaction

from notifier.alerting.decision.apply import PlanOutdatedError, apply
from notifier.alerting.decision.canary import text_test_number
from notifier.alerting.decision.plan import plan
from notifier.alerting.decision.rulings import place_and_rule
from notifier.alerting.decision.situation import read_situation
from notifier.intake.incident import lock_incidents, mark_failed
from notifier.intake.models import Report, ReportState

log = structlog.get_logger(__name__)

# Maximum reports per transaction.
BATCH_SIZE = 32
# How often a plan may turn out outdated before its reports are left to the sweep.
MAX_PLANS = 3


def decide_each(*report_ids: UUID) -> None:
    """Decide the reports together; if that fails, one by one, and put what fails at the end."""
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

    Does nothing for what is decided already, so it may be enqueued any number of times. One
    transaction: what raises for one report undoes all.
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
    # The second report of an incident is ruled upon by what its first has announced.
    rounds = list(zip_longest(*waiting))
    for number, pairs in enumerate(rounds, start=1):
        may_be_cancelled = number < len(rounds)
        _decide_round([pair for pair in pairs if pair], may_be_cancelled=may_be_cancelled)


def _decide_round(
    reports: Sequence[tuple[Report, list[Report]]], *, may_be_cancelled: bool
) -> None:
    """Decide one report of each of several incidents."""
    ruled = place_and_rule(reports, lock=True)
    apply(plan(ruled, read_situation(ruled, lock=True)), may_be_cancelled=may_be_cancelled)
    text_test_number(report for report, _ in reports)
