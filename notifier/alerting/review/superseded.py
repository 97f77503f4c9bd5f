"""What comes after a later state was told, and would have been told: the duty is shown it.

By its number, or by its sender's clock, it is older than what the communes have read; nobody can
say from here whether the clock is right.
"""

from __future__ import annotations

import structlog

from notifier.alerting.notification.duty_officer import REVIEW_TOPIC, TITLE, mail_to_duty
from notifier.alerting.policy.current import composer
from notifier.alerting.review.notices import facts_of_doubt, noted
from notifier.delivery.outbox import enqueue_messages
from notifier.intake.models import Report
from notifier.intake.schema.vocabulary import Severity, Status
from notifier.journal.models import Entry

log = structlog.get_logger(__name__)

_ENDS = {Status.CLOSED: "fin", Status.CANCELLED: "annulation"}


def show_overtaken(report: Report, reports: list[Report]) -> list[Entry]:
    """Mail an end or an aggravation that was overtaken to the source's duty address.

    In the transaction that finds it overtaken; returns the journal entries to write.
    """
    what = _untold(report, reports)
    if what is None:
        return []
    address = report.source.duty_email
    if not address:
        log.error("overtaken and no duty address", report=str(report.pk), what=what)
        return [noted(report, f"{what} dépassée, aucune adresse de permanence à prévenir")]
    later = max(i.sequence for i in reports if i.is_ruled_upon)
    reason = f"arrivée après le n° {later}, déjà traité"
    subject, body = composer().superseded(facts_of_doubt(report, reason), what)
    letter = mail_to_duty(
        address,
        topic=f"{REVIEW_TOPIC}{report.pk.hex}",
        incident_id=report.incident_id,
        subject=subject,
        body=body,
    )
    enqueue_messages([letter])
    said = f"{TITLE} prévenue par courriel ({letter.masked}) : {what} dépassée"
    return [noted(report, said)]


def _untold(report: Report, reports: list[Report]) -> str | None:
    """What the communes did not read in it; None if it changes nothing of what they know."""
    told = [i for i in reports if i.pk != report.pk and i.is_ruled_upon]
    if told[-1].status in _ENDS or report.is_shell:
        return None
    if report.status in _ENDS:
        return _ENDS[Status(report.status)]
    gravest = max(Severity(i.severity) for i in told)
    return "aggravation" if Severity(report.severity) > gravest else None
