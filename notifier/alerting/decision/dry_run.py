"""The dry run prints the plan: who would get which text, by which rule. Stores nothing."""

from typing import Any

from django.utils import timezone

from notifier.alerting.decision.plan import AlertPlan, Plan, plan
from notifier.alerting.decision.situation import read_situation, rule
from notifier.alerting.notification.planned import PlannedNotification
from notifier.intake.models import Incident, Report, Source
from notifier.intake.receive import refuse_outside
from notifier.intake.schema.report import NewReport


def dry_run(source: Source, new: NewReport) -> dict[str, Any]:
    """Return what receiving `new` now would do, as JSON types.

    Raises OutsideSourceError as receiving would.
    """
    refuse_outside(source, new)
    incident = Incident.objects.filter(source=source, reference=new.reference).first()
    report = Report(
        incident=incident or Incident(source=source, reference=new.reference),
        received_at=timezone.now(),
        location=new.location.model_dump(exclude_none=True),
        **new.model_dump(exclude={"location", "reference"}),
    )
    reports = list(incident.report_set.order_by("sequence")) if incident else []
    ruled = rule([(report, reports)], lock=False)
    planned = plan(ruled, read_situation(ruled, lock=False))
    (report_plan,) = planned.reports
    affected = report_plan.ruled.affected
    return {
        "dry_run": True,
        "verdict": report_plan.report.verdict or None,
        "clues": report_plan.report.clues,
        "state": affected.state,
        "reason": affected.reason or None,
        "tellings": [_alert(alert_plan, planned) for alert_plan in report_plan.alerts],
    }


def _alert(alert_plan: AlertPlan, planned: Plan) -> dict[str, Any]:
    ruled = alert_plan.ruled
    commune, ruling, next_to = ruled.commune, ruled.ruling, ruled.next_to
    answer: dict[str, Any] = {
        "commune": {"code": commune.code, "name": commune.name},
        "kind": ruling.kind,
        "rule": ruling.rule,
        "reason": ruling.reason,
        "messages": [],
    }
    if next_to:
        answer["neighbour_of"] = {"code": next_to.code, "name": next_to.name}
    texts = alert_plan.texts
    if texts is not None:
        answer |= {
            "sms": texts.sms,
            "segments": texts.size.segments,
            "subject": texts.subject,
            "unreached": alert_plan.unreached,
            "messages": [_message(n, planned) for n in alert_plan.notifications],
        }
    return answer


def _message(notification: PlannedNotification, planned: Plan) -> dict[str, Any]:
    until = planned.notifications.deferred_until(notification)
    return {
        "channel": notification.channel,
        "recipient": notification.title,
        "address": notification.masked,
        "held_until": until.isoformat() if until else None,
    }
