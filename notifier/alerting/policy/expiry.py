"""Say until when a text is useful to its reader."""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce

from notifier.alerting.policy.categories import Categories, Category
from notifier.intake.models import CONTESTED, Report
from notifier.intake.schema.vocabulary import Status

# An end or a cancellation is still worth reading long after the alert itself has expired.
CLOSING_LIFETIME = timedelta(hours=12)
# Of a report in review whose category is not in the configuration.
REVIEW_LIFETIME = timedelta(hours=2)
# Whoever answers late that it is elsewhere is heard all the same, though the text has expired.
CONTEST_LIFETIME = timedelta(hours=2)
# Since when a person is asked where a report in review is: what is contested was told before that.
IN_REVIEW_SINCE = Case(
    When(verdict=CONTESTED, then=Coalesce(F("handled_at"), F("received_at"))),
    default=F("received_at"),
)
# The source's own expiry counts for what is under way; an end is sent however late.
_OVER = (Status.CLOSED, Status.CANCELLED)


def useful_until(report: Report, category: Category | None) -> datetime:
    """Return until when the report is useful: its category's lifetime, or the source's own.

    Counted from the reception: what waited through an outage or for a decision may have expired.
    """
    until = report.received_at + _lifetime_of(category)
    if report.status in _OVER or report.expires_at is None:
        return until
    return min(until, report.expires_at)


def decidable_until(report: Report, category: Category | None) -> datetime:
    """Return until when a person is asked where the report is."""
    until = useful_until(report, category)
    if report.is_contested and report.handled_at:
        return max(until, report.handled_at + CONTEST_LIFETIME)
    return until


def undecidable_at(now: datetime, categories: Categories) -> Q:
    """Return the condition of the reports whose `decidable_until` is over at `now` (aware)."""
    of_lifetime: defaultdict[timedelta, list[str]] = defaultdict(list)
    for code in categories.codes():
        of_lifetime[_lifetime_of(categories.get(code))].append(code)
    over = Q(expires_at__lt=now) & ~Q(status__in=_OVER)
    over |= Q(received_at__lt=now - REVIEW_LIFETIME) & ~Q(category__in=categories.codes())
    for lifetime, alike in of_lifetime.items():
        over |= Q(received_at__lt=now - lifetime, category__in=alike)
    return over & ~Q(verdict=CONTESTED, handled_at__gte=now - CONTEST_LIFETIME)


def _lifetime_of(category: Category | None) -> timedelta:
    return category.lifetime if category else REVIEW_LIFETIME


def closing_until(report: Report) -> datetime:
    """Return until when its end or cancellation is useful."""
    return report.received_at + CLOSING_LIFETIME
