"""Write what was planned: alerts, notifications, messages, journal; in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.utils import timezone

from notifier.alerting.decision.journal import alert_entries, place_entries, ruling_entry
from notifier.alerting.decision.plan import Plan, ReportPlan
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, Notification, NotificationKind, NotificationState
from notifier.alerting.notification.history import end_deferred
from notifier.alerting.notification.journal import alert_entry
from notifier.alerting.notification.store import queue_duty_mails, store
from notifier.alerting.review.decisions import supersede_older
from notifier.alerting.throttling.limits import UsageChangedError, count_used
from notifier.delivery.models import MessageState
from notifier.delivery.outbox import cancel_pending
from notifier.intake.incident import store_decisions
from notifier.journal.models import Entry, Step
from notifier.journal.write import write_entries


class PlanOutdatedError(Exception):
    """Something that the plan is based on has changed since it was read."""


def apply(plan: Plan, *, is_followed: bool = False) -> None:
    """Write the plan. Raises PlanOutdatedError where what it is based on has changed meanwhile.

    `is_followed`: more is decided of the same incidents before the commit.

    As many statements for any number of first alerts and recipients.
    """
    alerts = [a.alert for report in plan.reports for a in report.alerts if a.alert]
    _store_alerts(alerts)
    entries = [entry for alert in alerts for entry in _withdraw_cancelled(alert, plan)]
    entries += store(plan.notifications, plan.situation.earlier, may_be_cancelled=is_followed)
    try:
        count_used(plan.situation.limits)
    except UsageChangedError as error:
        raise PlanOutdatedError("a quota was used meanwhile") from error
    _store_suppressed(plan)
    queue_duty_mails([mail for report in plan.reports for mail in report.duty_mails])
    store_decisions((r.report, r.ruled.affected.state, " ; ".join(r.reasons)) for r in plan.reports)
    for report in plan.reports:
        _replace(report)
    write_entries([*entries, *_decision_entries(plan)])


def _store_alerts(alerts: Sequence[Alert]) -> None:
    Alert.objects.bulk_create([alert for alert in alerts if alert.revision == 1])
    for alert in alerts:
        if alert.revision > 1:
            alert.save(force_update=True)


def _withdraw_cancelled(alert: Alert, plan: Plan) -> Iterator[Entry]:
    """Withdraw the texts of a cancelled alert that nobody has yet; these get no cancellation."""
    if Kind(alert.kind) is not Kind.CANCELLATION:
        return
    earlier = plan.situation.earlier.get(alert.pk, [])
    pending = [
        n.message_id
        for n in earlier
        if n.message_id
        and n.kind == NotificationKind.ALERT
        and n.message_state == MessageState.PENDING
    ]
    if cancel_pending(pending) != len(pending):
        raise PlanOutdatedError("a text left while its cancellation was planned")
    deferred = [n for n in earlier if n.state == NotificationState.DEFERRED and not n.was_notified]
    if deferred:
        end_deferred(deferred, NotificationState.SUPERSEDED)
        yield alert_entry(alert, Step.CANCELLED, "annulée, retirée de ce qui était retenu")


def _store_suppressed(plan: Plan) -> None:
    """Store which rule keeps the text from each commune that gets none, and why."""
    now = timezone.now()
    Notification.objects.bulk_create(
        Notification(
            kind=NotificationKind.ALERT,
            state=NotificationState.SUPPRESSED,
            source=report.report.source,
            incident=report.report.incident,
            report=report.report,
            organisation=ruled.commune.code,
            reason=ruled.ruling.rule,
            explanation=ruled.ruling.reason,
            created_at=now,
        )
        for report in plan.reports
        for ruled in report.ruled.rulings
        if ruled.kind is None
    )


def _replace(report: ReportPlan) -> None:
    """Let the next decision about the incident see this report as it stands now."""
    reports = report.ruled.reports
    reports[:] = [report.report if r.pk == report.report.pk else r for r in reports]


def _decision_entries(plan: Plan) -> list[Entry]:
    """Return the journal entries: places, rulings, texts, and the reviews that this settles.

    They are dated when the situation was read, so that a timeline shows what followed, such as a
    text withdrawn or deferred, after them.
    """
    entries: list[Entry] = []
    for report in plan.reports:
        entries += _dated(place_entries(report.ruled), plan)
        entries += report.notice_entries
    for report in plan.reports:
        rulings = report.ruled.rulings
        entries += _dated((ruling_entry(report.report, ruled) for ruled in rulings), plan)
    for report in plan.reports:
        for alert in report.alerts:
            entries += _dated(alert_entries(alert), plan)
    for report in plan.reports:
        if report.ruled.affected.is_placed:
            entries += supersede_older(report.report, report.ruled.reports)
    return entries


def _dated(entries: Iterable[Entry], plan: Plan) -> Iterator[Entry]:
    for entry in entries:
        entry.at = plan.situation.now
        yield entry
