"""Enqueue the decision of a report in the lane of its category."""

from django.db.models import QuerySet

from notifier.alerting.policy.current import categories
from notifier.delivery.models import Lane
from notifier.intake.models import Report
from notifier.jobs.enqueue import enqueue


def lane_of(category_code: str) -> Lane:
    """Return the lane of a category; urgent for an unknown one, which a person must see."""
    category = categories().get(category_code)
    return Lane(category.lane) if category else Lane.URGENT


def enqueue_decision(report: Report) -> None:
    """Wake a worker of the report's lane, in the transaction that stores it.

    The way to the worker takes about as long as the disk takes for the commit, which the worker
    waits for (`lock_incidents`). What is rolled back is not there, and nothing is decided.
    """
    lane = lane_of(report.category)
    enqueue("alerting.decide", str(report.pk), queue_name=lane)


def of_lane(reports: QuerySet[Report], lane: Lane) -> QuerySet[Report]:
    """Select the reports whose category is of this lane."""
    routine = [code for code in categories().codes() if lane_of(code) is Lane.ROUTINE]
    if lane is Lane.ROUTINE:
        return reports.filter(category__in=routine)
    return reports.exclude(category__in=routine)
