"""Send a report back to review: somebody whom it told says that the commune is another.

What was told stays as it is, and later states are told as before, until a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from notifier.alerting.models import Alert
from notifier.alerting.notification.store import queue_duty_mails
from notifier.alerting.review.notices import contested_notice
from notifier.alerting.webhooks.events import record_review_event
from notifier.intake.models import CONTESTED, Report, ReportState
from notifier.intake.schema.vocabulary import Status
from notifier.journal.write import write_entries

# Of the one in doubt: told, told in part while the rest waits for a person, or sent back before and
# never decided. One that a person decided a moment ago is not asked about again.
_MAY_BE_SENT_BACK = (ReportState.DECIDED, ReportState.REVIEW, ReportState.EXPIRED)


def contest_in_words(alert: Alert, who: str) -> str:
    """Say that somebody who was told of the alert contests it; `who` with the article."""
    where = "sa commune" if alert.is_of_commune else "chez eux"
    return f"{who} répond que ce n’est pas {where}"


def what_to_decide(alert: Alert) -> str:
    """Say what the duty officer is asked then."""
    return "décidez laquelle" if alert.is_of_commune else "décidez où c’est"


def contest(reports: Sequence[Report], why: str) -> bool:
    """Let a person decide anew where the incident is; `why` is in French, without a name.

    `reports` are all of its incident, locked by the caller; the latest that was ruled upon is the
    one in doubt. Returns whether a person is asked by it: not where one is asked already.
    """
    ruled = [report for report in reports if report.is_ruled_upon]
    if not ruled or any(is_open_contest(report) for report in reports):
        return False
    return send_back(max(ruled, key=lambda report: report.sequence), why)


def send_back(report: Report, why: str) -> bool:
    """Put a report that was told back into review, and ask the duty officer; in a decision as well.

    Returns whether it was.
    """
    now = timezone.now()
    told = Report.objects.filter(pk=report.pk, state__in=_MAY_BE_SENT_BACK)
    if not told.update(state=ReportState.REVIEW, verdict=CONTESTED, reason=why, handled_at=now):
        return False
    report.state, report.verdict, report.reason = ReportState.REVIEW, CONTESTED, why
    report.handled_at = now
    ask_duty(report, why)
    return True


def ask_duty(report: Report, why: str) -> None:
    """Mail the duty officer that a person is to decide, and tell the source's software."""
    record_review_event(report, why)
    mails, entries = contested_notice(report, why)
    queue_duty_mails(mails)
    write_entries(entries)


def is_open_contest(report: Report) -> bool:
    """Return whether a person is still to decide on it."""
    return report.is_contested and report.state == ReportState.REVIEW


def goes_on_in(report: Report, contested: Report) -> bool:
    """Return whether a later report names the same place, and so leaves it in doubt."""
    is_over = report.status in (Status.CLOSED, Status.CANCELLED)
    return is_open_contest(contested) and report.location == contested.location and not is_over
