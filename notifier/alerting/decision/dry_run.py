"""The dry run: the plan, printed. Who would be told what, by which rule; stores nothing."""

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
        "tellings": [_telling(each, planned) for each in report_plan.alerts],
    }


def _telling(each: AlertPlan, planned: Plan) -> dict[str, Any]:
    commune, ruling, next_to = each.ruled.commune, each.ruled.ruling, each.ruled.next_to
    answer: dict[str, Any] = {
        "commune": {"code": commune.code, "name": commune.name},
        "kind": ruling.kind,
        "rule": ruling.rule,
        "reason": ruling.reason,
        "messages": [],
    }
    if next_to:
        answer["neighbour_of"] = {"code": next_to.code, "name": next_to.name}
    if each.texts is not None:
        answer |= {
            "sms": each.texts.sms,
            "segments": each.texts.size.segments,
            "subject": each.texts.subject,
            "unreached": each.unreached,
            "messages": [_message(one, planned) for one in each.notifications],
        }
    return answer


def _message(one: PlannedNotification, planned: Plan) -> dict[str, Any]:
    until = planned.throttled.deferral_of(one)
    return {
        "channel": one.channel,
        "recipient": one.title,
        "address": one.masked,
        "held_until": until.isoformat() if until else None,
    }
