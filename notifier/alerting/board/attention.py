"""What needs a person, besides the incidents themselves: what waits, what fails, what is held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from notifier.alerting.board.answers import in_words, read_answers
from notifier.alerting.models import Alert, DeferralReason, Notification, NotificationState
from notifier.alerting.policy.current import categories, label_of
from notifier.alerting.policy.expiry import IN_REVIEW_SINCE
from notifier.alerting.policy.text_kind import withheld
from notifier.alerting.review.notices import Candidate, candidates, deadline
from notifier.delivery import routing
from notifier.delivery.models import Channel
from notifier.delivery.providers.registry import LABELS
from notifier.delivery.sending.blocked import blocked_channels
from notifier.intake.models import Report, ReportState

# So long a review that nobody decided stays in sight.
EXPIRED_SHOWN = timedelta(hours=24)
# And an alert to which nobody ever answered.
ENDED_SHOWN = timedelta(hours=24)
MAX_LISTED = 20
# Of a deferred notification, why only a person lets it go.
_BY_PERSON = (DeferralReason.RELAY, DeferralReason.HARD_QUOTA)


@dataclass(frozen=True)
class Review:
    """A report whose place a person must decide, until when, and what is probable."""

    report: Report
    category: str
    """Empty where it is not to be disclosed."""
    candidates: list[Candidate]
    until: datetime


@dataclass(frozen=True)
class Waiting:
    """Texts of one alert that wait for a person, why, and how many."""

    alert: Alert
    reason: DeferralReason
    texts: int
    since: datetime

    @property
    def is_relay(self) -> bool:
        """Whether residents wait for it."""
        return self.reason is DeferralReason.RELAY


@dataclass(frozen=True)
class Blocked:
    """A channel whose provider does not answer, or refuses us."""

    channel: str
    since: datetime


@dataclass(frozen=True)
class SetAside:
    """A provider of SMS that fails, whose texts another one carries meanwhile."""

    name: str
    reason: str
    since: datetime | None


def reviews_waiting(reports: QuerySet[Report]) -> list[Review]:
    """Return the reports to be decided, at most MAX_LISTED. One statement.

    Those that wait longest come first.
    """
    found = reports.filter(state=ReportState.REVIEW).select_related("incident__source")
    return [
        Review(report, _disclosed_label(report), candidates([report])[:3], deadline(report))
        for report in found.order_by(IN_REVIEW_SINCE)[:MAX_LISTED]
    ]


def reviews_undecided(reports: QuerySet[Report], begins: datetime, ends: datetime) -> list[Report]:
    """Return those that nobody decided in time, received in the period, the latest first."""
    late = reports.filter(state=ReportState.EXPIRED, received_at__gte=begins, received_at__lt=ends)
    return list(late.select_related("incident__source").order_by("-received_at")[:MAX_LISTED])


def ended_unanswered(alerts: QuerySet[Alert], now: datetime) -> list[tuple[Alert, str]]:
    """Return those that expired within ENDED_SHOWN unanswered, and what became of them, in French.

    The latest first, at most MAX_LISTED; what its source ended in time is not among them. One
    statement, three where there are any.
    """
    ended = alerts.filter(
        expires_at__gt=now - ENDED_SHOWN,
        expires_at__lte=now,
        is_open=True,
        answers_wanted__gt=0,
        answered_at=None,
    ).select_related("incident__source")
    found = list(ended.order_by("-expires_at", "-id")[:MAX_LISTED])
    answers = read_answers(found)
    return [
        (alert, in_words(alert, of)) for alert in found if not (of := answers.of(alert)).is_answered
    ]


def waiting_for_a_person(notifications: QuerySet[Notification]) -> list[Waiting]:
    """Return what leaves only once a person releases it, the oldest first. Two statements."""
    held = notifications.filter(
        state=NotificationState.DEFERRED,
        reason__in=_BY_PERSON,
        released_by="",
        expires_at__gt=timezone.now(),
        alert__isnull=False,
    )
    counted = (
        held.order_by().values("alert", "reason").annotate(n=Count("id"), at=Min("created_at"))
    )
    rows = list(counted.order_by("at")[:MAX_LISTED])
    alerts = Alert.objects.select_related("incident__source").in_bulk(
        [row["alert"] for row in rows]
    )
    return [
        Waiting(alerts[row["alert"]], DeferralReason(row["reason"]), row["n"], row["at"])
        for row in rows
    ]


def providers_blocked(now: datetime) -> list[Blocked]:
    """Return the channels on which nothing leaves. One statement."""
    return [
        Blocked(str(Channel(channel).label), now - timedelta(seconds=seconds))
        for channel, seconds in blocked_channels().items()
    ]


def providers_set_aside() -> list[SetAside]:
    """Return the providers of SMS whose texts another one carries. One statement if several."""
    rows = routing.set_aside()
    return [SetAside(LABELS[row.provider], row.reason, row.failing_since) for row in rows]


def _disclosed_label(report: Report) -> str:
    category = categories().get(report.category)
    if category is not None and withheld(report.severity, category) is not None:
        return ""
    return label_of(report.category)
