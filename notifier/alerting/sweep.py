"""Sweep: decide what was not enqueued, release what is due, expire reviews nobody decided."""

from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from notifier.alerting.decision.pipeline import BATCH_SIZE, decide_each
from notifier.alerting.escalation.delayed import escalate_delayed
from notifier.alerting.escalation.unanswered import escalate_unanswered
from notifier.alerting.escalation.undecided import alarm_undecided
from notifier.alerting.notification.store import queue_duty_mails
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.expiry import undecidable_at
from notifier.alerting.policy_changes import resume_comparisons
from notifier.alerting.release.due import release_due
from notifier.alerting.review.notices import expiry_notice
from notifier.alerting.scheduling import of_lane
from notifier.alerting.throttling import fan_out, quota
from notifier.alerting.webhooks.posting import wake_due
from notifier.delivery.models import Lane
from notifier.intake.correlation.pending import resolve_pending
from notifier.intake.incident import lock_incidents, mark_failed, next_reports
from notifier.intake.models import Report, ReportState
from notifier.journal.counters import update_counters_if_due
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# A job normally brings a worker within milliseconds; what is older than this was not enqueued.
OVERDUE = timedelta(seconds=2)
OVERDUE_BATCH_SIZE = 500
EXPIRE_BATCH_SIZE = 100


def sweep(lane: Lane) -> None:
    """Decide the lane's reports that were not enqueued.

    May run anywhere, any number of times at once.
    """
    overdue = Report.objects.filter(
        state=ReportState.RECEIVED, received_at__lt=timezone.now() - OVERDUE
    )
    ids = next_reports(of_lane(overdue, lane), OVERDUE_BATCH_SIZE)
    for start in range(0, len(ids), BATCH_SIZE):
        decide_each(*ids[start : start + BATCH_SIZE])


def upkeep() -> None:
    """Escalate what is late or not answered, release what is due, expire reviews, update counts.

    May run anywhere, any number of times at once.
    """
    escalate_delayed()
    escalate_unanswered()
    alarm_undecided()
    resolve_pending()
    release_due()
    quota.report_reached()
    fan_out.update_episodes()
    resume_comparisons()
    update_counters_if_due()
    wake_due()
    over = undecidable_at(timezone.now(), categories())
    late = Report.objects.filter(over, state=ReportState.REVIEW)
    for report_id in next_reports(late, EXPIRE_BATCH_SIZE):
        try:
            _expire_review(report_id)
        except Exception:
            log.exception("review cannot be expired", report=str(report_id))
            mark_failed(report_id)


def _expire_review(report_id: UUID) -> None:
    now = timezone.now()
    with transaction.atomic():
        (reports,) = lock_incidents([report_id])
        report = next(r for r in reports if r.pk == report_id)
        reason = _undecided(report)
        changed = Report.objects.filter(pk=report_id, state=ReportState.REVIEW).update(
            state=ReportState.EXPIRED, reason=reason, handled_at=now
        )
        if changed:
            text = f"Vérification périmée : {reason}."
            entries = [new_entry(report.incident_id, Step.EXPIRED, text, report=str(report.pk))]
            # While a later state of it still waits, its own mail is there to be acted upon.
            if not any(r.state == ReportState.REVIEW and r.pk != report.pk for r in reports):
                mails, more = expiry_notice(report, reason)
                queue_duty_mails(mails)
                entries += more
            write_entries(entries)
    if changed:
        log.error(
            "review expired undecided",
            report=str(report.pk),
            reference=report.reference,
        )


def _undecided(report: Report) -> str:
    if report.is_resources_only:
        return "l’intervention de ces moyens n’est jamais arrivée : personne n’a été prévenu"
    if report.is_contested:
        return "personne n’a décidé à temps si c’est la bonne commune : rien n’a changé"
    if report.is_partial:
        return "personne n’a décidé à temps des communes en doute : elles n’ont pas été prévenues"
    return "personne n’a décidé de la commune à temps : personne n’a été prévenu"
