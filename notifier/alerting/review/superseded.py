"""What comes after a later state was told, and would have been told: the duty is shown it.

By its number, or by its sender's clock, it is older than what the communes have read; nobody can
say from here whether the clock is right.
"""

from __future__ import annotations

from notifier.alerting.models import NotificationKind
from notifier.alerting.notification.duty_officer import TITLE, duty_mail
from notifier.alerting.policy.current import composer
from notifier.alerting.review.notices import Notice, dedup_key, facts_of_doubt, review_line
from notifier.intake.models import Report
from notifier.intake.schema.vocabulary import Severity, Status

_ENDS = {Status.CLOSED: "fin", Status.CANCELLED: "annulation"}


def superseded_notice(report: Report, reports: list[Report]) -> Notice:
    """Plan the mail that shows the duty officer an end or an aggravation that was superseded."""
    what = _untold(report, reports)
    if what is None:
        return [], []
    later = max(i.sequence for i in reports if i.is_ruled_upon)
    reason = f"arrivée après le n° {later}, déjà traité"
    subject, body = composer().superseded(facts_of_doubt(report, reason), what)
    mail = duty_mail(
        NotificationKind.REVIEW,
        report.source,
        dedup_key=dedup_key(report),
        incident_id=report.incident_id,
        subject=subject,
        body=body,
    )
    if mail.address:
        said = f"{TITLE} prévenue par courriel ({mail.masked}) : {what} dépassée"
    else:
        said = f"{what} dépassée, aucune adresse de permanence à prévenir"
    return [mail], [review_line(report, said)]


def _untold(report: Report, reports: list[Report]) -> str | None:
    """What the communes did not read in it; None if it changes nothing of what they know."""
    told = [i for i in reports if i.pk != report.pk and i.is_ruled_upon]
    if told[-1].status in _ENDS or report.is_resources_only:
        return None
    if report.status in _ENDS:
        return _ENDS[Status(report.status)]
    gravest = max(Severity(i.severity) for i in told)
    return "aggravation" if Severity(report.severity) > gravest else None
