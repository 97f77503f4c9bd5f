"""Write what was planned: alerts, notifications, messages, journal; in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.utils import timezone

from notifier.alerting.decision.journal import alert_entries, place_entries, ruling_entry
from notifier.alerting.decision.plan import DecisionPlan, ReportPlan
from notifier.alerting.kinds import Kind
from notifier.alerting.models import (
    Alert,
    Answer,
    AnswerKind,
    Notification,
    NotificationKind,
    NotificationState,
)
from notifier.alerting.notification.history import end_deferred
from notifier.alerting.notification.journal import alert_entry, deferral_entries
from notifier.alerting.notification.store import queue_duty_mails, store
from notifier.alerting.review.contest import goes_on_in, is_open_contest
from notifier.alerting.review.decisions import supersede_older
from notifier.alerting.throttling.limits import UsageChangedError, store_usage
from notifier.alerting.webhooks.events import (
    EventType,
    record_alert_event,
    record_review_event,
)
from notifier.delivery.models import MessageState
from notifier.delivery.outbox import cancel_pending
from notifier.intake.incident import store_decisions
from notifier.intake.models import ReportState
from notifier.journal.models import Entry, Step
from notifier.journal.write import write_entries

# What a revision of an alert changes.
_REVISED = (
    "organisation_name", "departement", "report", "category", "severity", "kind", "facts", "terms",
    "revision", "is_open", "opened_at", "opened_revision", "expires_at", "reopening_notified_at",
    "answers_wanted", "answer_due_at", "duty_due_at", "answered_at", "taken_at", "taken_by",
    "taken_title",
)  # fmt: skip


class PlanOutdatedError(Exception):
    """Something that the plan is based on has changed since it was read."""


def apply(plan: DecisionPlan, *, may_be_cancelled: bool = False) -> None:
    """Write the plan. Raises PlanOutdatedError where what it is based on has changed meanwhile.

    `may_be_cancelled`: more is decided of the same incidents before the commit. The statements are
    as many for any number of first alerts and recipients.
    """
    entries = store_texts(plan, may_be_cancelled=may_be_cancelled)
    _store_suppressed(plan)
    store_decisions(
        (r.report, r.ruled_report.placement.state, " ; ".join(r.reasons)) for r in plan.report_plans
    )
    for report_plan in plan.report_plans:
        _ask_again(report_plan, plan.situation.now)
        _replace(report_plan)
    write_entries([*entries, *_decision_entries(plan)])
    _tell_dispatch(plan)
    for report_plan in plan.report_plans:
        if report_plan.ruled_report.placement.is_placed:
            supersede_older(report_plan.report, report_plan.ruled_report.incident_reports)


def _tell_dispatch(plan: DecisionPlan) -> None:
    """Tell the sources' software of what a person must decide, and of whom nothing can reach."""
    for report_plan in plan.report_plans:
        report = report_plan.report
        if report.state == ReportState.REVIEW and report_plan.notice_entries:
            record_review_event(report, report_plan.ruled_report.placement.reason)
        for alert_plan in report_plan.alert_plans:
            why, alert = alert_plan.unreachable_reason, alert_plan.alert
            if why and alert and alert_plan.alarms_duty:
                record_alert_event(EventType.NOT_REACHED, alert, reason=why)


def store_texts(plan: DecisionPlan, *, may_be_cancelled: bool = False) -> list[Entry]:
    """Write the alerts and all that is sent of them; return what the journal says of what waits.

    Raises and counts as `apply`.
    """
    alerts = [
        a.alert for report_plan in plan.report_plans for a in report_plan.alert_plans if a.alert
    ]
    _store_alerts(alerts)
    cancelled = [alert for alert in alerts if Kind(alert.kind) is Kind.CANCELLATION]
    _cancel_unread(cancelled, plan)
    known = [
        known
        for report_plan in plan.report_plans
        for alert_plan in report_plan.alert_plans
        for known in alert_plan.known
    ]
    store(
        plan.notifications, plan.situation.earlier, known=known, may_be_cancelled=may_be_cancelled
    )
    try:
        store_usage(plan.situation.limits)
    except UsageChangedError as error:
        raise PlanOutdatedError("a quota was used meanwhile") from error
    queue_duty_mails([mail for report_plan in plan.report_plans for mail in report_plan.duty_mails])
    return [*_cancellation_entries(cancelled, plan), *deferral_entries(plan.notifications)]


def _store_alerts(alerts: Sequence[Alert]) -> None:
    Alert.objects.bulk_create([alert for alert in alerts if alert.revision == 1])
    later = [alert for alert in alerts if alert.revision > 1]
    if len(later) > 1:
        Alert.objects.bulk_update(later, _REVISED)
    elif later:
        later[0].save(force_update=True)


def _cancel_unread(alerts: Iterable[Alert], plan: DecisionPlan) -> None:
    """Cancel the texts of cancelled alerts that nobody has yet; these get no cancellation.

    Raises PlanOutdatedError where one of them is being sent already.
    """
    earlier = [n for alert in alerts for n in plan.situation.earlier.get(alert.pk, [])]
    pending = [
        n.message_id
        for n in earlier
        if n.message_id
        and n.kind == NotificationKind.ALERT
        and n.state == NotificationState.QUEUED
        and n.message_state == MessageState.PENDING
    ]
    if cancel_pending(pending) != len(pending):
        raise PlanOutdatedError("a text was claimed while its cancellation was planned")
    end_deferred([n for n in earlier if _is_deferred_first(n)], NotificationState.CANCELLED)


def _is_deferred_first(notification: Notification) -> bool:
    """Whether it waits, and nothing of the alert went to its address before."""
    return notification.state == NotificationState.DEFERRED and not notification.was_notified


def _cancellation_entries(alerts: Iterable[Alert], plan: DecisionPlan) -> Iterator[Entry]:
    for alert in alerts:
        if any(_is_deferred_first(n) for n in plan.situation.earlier.get(alert.pk, [])):
            yield alert_entry(alert, Step.CANCELLED, "annulée, retirée de ce qui était retenu")


def _store_suppressed(plan: DecisionPlan) -> None:
    """Store which rule keeps the text from each organisation that gets none, and why."""
    now = timezone.now()
    Notification.objects.bulk_create(
        Notification(
            kind=NotificationKind.ALERT,
            state=NotificationState.SUPPRESSED,
            source=report_plan.report.source,
            incident=report_plan.report.incident,
            report=report_plan.report,
            organisation_kind=ruled.organisation.kind,
            organisation=ruled.organisation.code,
            commune=ruled.audience.commune.code,
            departement=ruled.audience.commune.departement,
            reason=ruled.ruling.rule,
            explanation=ruled.ruling.reason,
            created_at=now,
        )
        for report_plan in plan.report_plans
        for ruled in report_plan.ruled_report.rulings
        if ruled.kind is None
    )


def _ask_again(report_plan: ReportPlan, now: datetime) -> None:
    """Let the alerts go on whose commune somebody contested, and that are told on as they are.

    A person left them so, or a later report whose place nobody doubts.
    """
    if not report_plan.ruled_report.placement.is_placed or not _ends_contest(report_plan):
        return
    contested = Answer.objects.filter(
        incident=report_plan.report.incident_id, kind=AnswerKind.NOT_MINE
    )
    waiting = Alert.objects.filter(
        pk__in=contested.values("alert"),
        is_open=True,
        answers_wanted__gt=0,
        answered_at=None,
        answer_due_at=None,
    )
    waiting.update(answer_due_at=now, duty_due_at=None)


def _ends_contest(report_plan: ReportPlan) -> bool:
    report, reports = report_plan.report, report_plan.ruled_report.incident_reports
    before = next(r for r in reports if r.pk == report.pk)
    older = [r for r in reports if r.sequence < report.sequence and is_open_contest(r)]
    return before.is_contested or any(not goes_on_in(report, r) for r in older)


def _replace(report_plan: ReportPlan) -> None:
    """Let the next decision about the incident see this report as it stands now."""
    reports = report_plan.ruled_report.incident_reports
    reports[:] = [report_plan.report if r.pk == report_plan.report.pk else r for r in reports]


def _decision_entries(plan: DecisionPlan) -> list[Entry]:
    """Return the journal entries: places, rulings, and texts.

    They are dated when the situation was read, so that a timeline shows what followed, such as a
    text cancelled or deferred, after them.
    """
    entries: list[Entry] = []
    for report_plan in plan.report_plans:
        entries += _dated(place_entries(report_plan.ruled_report), plan)
        entries += report_plan.notice_entries
    for report_plan in plan.report_plans:
        rulings = report_plan.ruled_report.rulings
        entries += _dated((ruling_entry(report_plan.report, ruled) for ruled in rulings), plan)
    for report_plan in plan.report_plans:
        for alert in report_plan.alert_plans:
            entries += _dated(alert_entries(alert), plan)
    return entries


def _dated(entries: Iterable[Entry], plan: DecisionPlan) -> Iterator[Entry]:
    for entry in entries:
        entry.at = plan.situation.now
        yield entry
