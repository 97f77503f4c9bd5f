"""Show the duty officer a superseded report that the communes would have been notified of.

By its sequence or its sender's clock, it is older than what the communes have read; only a person
can find out whether the clock is right.
"""

from __future__ import annotations

from notifier.alerting.models import NotificationKind
from notifier.alerting.notification.duty_officer import TITLE, duty_mail
from notifier.alerting.policy.current import composer
from notifier.alerting.review.notices import Notice, dedup_key, review_entry, review_facts
from notifier.intake.models import Report
from notifier.intake.schema.vocabulary import Severity, Status

_ENDS = {Status.CLOSED: "fin", Status.CANCELLED: "annulation"}


def superseded_notice(report: Report, reports: list[Report]) -> Notice:
    """Plan the mail that shows the duty officer an end or an aggravation that was superseded."""
    what = _missed(report, reports)
    if what is None:
        return [], []
    later = max(r.sequence for r in reports if r.is_ruled_upon)
    reason = f"arrivée après le n° {later}, déjà traité"
    subject, body = composer().superseded(review_facts(report, reason), what)
    mail = duty_mail(
        NotificationKind.REVIEW,
        report.source,
        dedup_key=dedup_key(report),
        incident_id=report.incident_id,
        subject=subject,
        body=body,
    )
    if mail.address:
        text = f"{TITLE} prévenue par courriel ({mail.masked}) : {what} dépassée"
    else:
        text = f"{what} dépassée, aucune adresse de permanence à prévenir"
    return [mail], [review_entry(report, text)]


def _missed(report: Report, reports: list[Report]) -> str | None:
    """Say in French what the communes miss by it; None if they miss nothing."""
    ruled = [r for r in reports if r.pk != report.pk and r.is_ruled_upon]
    if ruled[-1].status in _ENDS or report.is_resources_only:
        return None
    if report.status in _ENDS:
        return _ENDS[Status(report.status)]
    gravest = max(Severity(r.severity) for r in ruled)
    return "aggravation" if Severity(report.severity) > gravest else None
