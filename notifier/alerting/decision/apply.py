"""Write what was planned: alerts, notifications, messages, journal; in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.utils import timezone

from notifier.alerting.decision.lines import composed_lines, place_lines, ruling_line
from notifier.alerting.decision.plan import AlertPlan, Plan, ReportPlan
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, Notification, NotificationKind, NotificationState
from notifier.alerting.notification.history import supersede_deferred
from notifier.alerting.notification.store import queue_duty_mails, store
from notifier.alerting.review.decisions import supersede_older
from notifier.alerting.throttling.limits import UsageChangedError, count_used
from notifier.delivery.models import MessageState
from notifier.delivery.outbox import cancel_pending
from notifier.intake.incident import store_decisions
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries


class PlanOutdatedError(Exception):
    """Something that the plan goes by has changed since it was read."""


def apply(plan: Plan, *, is_followed: bool = False) -> None:
    """Write the plan; `is_followed`: more is decided of the same incidents before the commit.

    Raises PlanOutdatedError where what it goes by has changed meanwhile.

    Constant in statements for any number of first alerts and recipients.
    """
    alerts = [each for report in plan.reports for each in report.alerts if each.alert]
    _store_alerts(alerts)
    lines = [line for each in alerts for line in _withdraw_cancelled(each, plan)]
    lines += store(plan.throttled, plan.situation.earlier, may_be_cancelled=is_followed)
    try:
        count_used(plan.situation.limits)
    except UsageChangedError as error:
        raise PlanOutdatedError("a quota was used meanwhile") from error
    _store_suppressed(plan)
    queue_duty_mails([mail for report in plan.reports for mail in report.duty])
    store_decisions((r.report, r.ruled.affected.state, " ; ".join(r.reasons)) for r in plan.reports)
    for report in plan.reports:
        _replace(report)
    write_entries([*lines, *_lines(plan)])


def _store_alerts(plans: Sequence[AlertPlan]) -> None:
    alerts = [each.alert for each in plans if each.alert]
    Alert.objects.bulk_create([alert for alert in alerts if alert.revision == 1])
    for alert in alerts:
        if alert.revision > 1:
            alert.save(force_update=True)


def _withdraw_cancelled(each: AlertPlan, plan: Plan) -> Iterator[Entry]:
    """Of what is cancelled, withdraw what nobody has yet: they are told of no end either."""
    alert = each.alert
    if alert is None or Kind(alert.kind) is not Kind.CANCELLATION:
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
    untold = [n for n in earlier if n.state == NotificationState.DEFERRED and not n.was_told]
    if untold:
        supersede_deferred(untold)
        what = "annulée, retirée de ce qui était retenu"
        yield new_entry(alert.incident_id, Step.CANCELLED, f"{alert.organisation_name} : {what}.")


def _store_suppressed(plan: Plan) -> None:
    """Keep, of each commune that is told nothing, which rule says so and why."""
    now = timezone.now()
    Notification.objects.bulk_create(
        Notification(
            kind=NotificationKind.ALERT,
            state=NotificationState.SUPPRESSED,
            source=report.report.source,
            incident=report.report.incident,
            report=report.report,
            organisation=each.ruled.commune.code,
            reason=each.ruled.ruling.rule,
            explanation=each.ruled.ruling.reason,
            created_at=now,
        )
        for report in plan.reports
        for each in report.alerts
        if each.ruled.ruling.kind is None
    )


def _replace(report: ReportPlan) -> None:
    """Let what is decided next of the incident see this report as it stands now."""
    reports = report.ruled.reports
    reports[:] = [report.report if r.pk == report.report.pk else r for r in reports]


def _lines(plan: Plan) -> list[Entry]:
    """What the journal says of the decisions, and then of what was told.

    Dated when the situation was read: a timeline shows what followed, such as a text withdrawn or
    held, after it.
    """
    lines: list[Entry] = []
    for report in plan.reports:
        lines += _dated(place_lines(report.ruled), plan)
        lines += report.notice_lines
    for report in plan.reports:
        lines += _dated((ruling_line(report.report, each.ruled) for each in report.alerts), plan)
    for report in plan.reports:
        for each in report.alerts:
            lines += _dated(composed_lines(each), plan)
    for report in plan.reports:
        if report.ruled.affected.is_placed:
            lines += supersede_older(report.report, report.ruled.reports)
    return lines


def _dated(lines: Iterable[Entry], plan: Plan) -> Iterator[Entry]:
    for line in lines:
        line.at = plan.situation.now
        yield line
