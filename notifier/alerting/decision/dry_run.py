"""Return a plan as JSON types: who would get which text, by which rule. Stores nothing."""

from typing import Any

from django.utils import timezone

from notifier.alerting.answer_link import without_secrets
from notifier.alerting.decision.alert_plan import AlertPlan
from notifier.alerting.decision.plan import DecisionPlan, plan
from notifier.alerting.decision.rulings import place_and_rule
from notifier.alerting.decision.situation import read_situation
from notifier.alerting.notification.planned import KnownNotification, PlannedNotification
from notifier.alerting.policy.terms import agreement_json
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
    ruled = place_and_rule([(report, reports)], lock=False)
    decision_plan = plan(ruled, read_situation(ruled, lock=False))
    (report_plan,) = decision_plan.report_plans
    placement = report_plan.ruled_report.placement
    return {
        "dry_run": True,
        "verdict": report_plan.report.verdict or None,
        "clues": report_plan.report.clues,
        "state": placement.state,
        "reason": placement.reason or None,
        "tellings": [
            _alert_json(alert_plan, decision_plan) for alert_plan in report_plan.alert_plans
        ],
    }


def _alert_json(alert_plan: AlertPlan, decision_plan: DecisionPlan) -> dict[str, Any]:
    ruled = alert_plan.organisation_ruling
    ruling, commune, next_to = ruled.ruling, ruled.audience.commune, ruled.audience.next_to
    answer: dict[str, Any] = {
        "commune": {"code": commune.code, "name": commune.name},
        "kind": ruling.kind,
        "rule": ruling.rule,
        "reason": ruling.reason,
        "messages": [],
    }
    if not ruled.terms.is_by_law:
        answer["organisation"] = {
            "kind": ruled.organisation.kind, "code": ruled.organisation.code, "name": ruled.name
        }  # fmt: skip
        answer["agreement"] = agreement_json(ruled.terms)
    if next_to:
        answer["neighbour_of"] = {"code": next_to.code, "name": next_to.name}
    texts = alert_plan.texts
    if texts is not None:
        answer |= {
            "sms": without_secrets(texts.sms),
            "segments": texts.size.segments,
            "subject": texts.subject,
            "unreached": alert_plan.unreachable_reason,
            "answers_wanted": alert_plan.alert.answers_wanted if alert_plan.alert else 0,
            "messages": [_message_json(n, decision_plan) for n in alert_plan.notifications],
            **({"known": [_known_json(n) for n in alert_plan.known]} if alert_plan.known else {}),
        }
    return answer


def _known_json(known: KnownNotification) -> dict[str, Any]:
    n = known.planned
    return {
        "channel": n.channel, "recipient": n.title, "address": n.masked, "known_by": known.name
    }  # fmt: skip


def _message_json(notification: PlannedNotification, decision_plan: DecisionPlan) -> dict[str, Any]:
    deferral = decision_plan.notifications.deferral_of(notification)
    until = deferral.until if deferral else None
    return {
        "channel": notification.channel,
        "recipient": notification.title,
        "address": notification.masked,
        "held_until": until.isoformat() if until else None,
        "held_for": deferral.reason if deferral else None,
    }
