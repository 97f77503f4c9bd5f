"""Withdraw or close an incident by hand, as a report of its end would."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from django.db.models import QuerySet
from django.utils import timezone

from notifier.alerting.decision.apply import store_texts
from notifier.alerting.decision.journal import alert_entries, ruling_entry
from notifier.alerting.decision.placement import Placement
from notifier.alerting.decision.plan import plan
from notifier.alerting.decision.ruling import OrganisationRuling
from notifier.alerting.decision.rulings import RuledReport
from notifier.alerting.decision.situation import read_situation
from notifier.alerting.kinds import Kind
from notifier.alerting.manual.action import Actor, ManualActionError, act, record
from notifier.alerting.models import ActionKind, Alert
from notifier.alerting.notification.text_facts import Audience
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.narrowings import category_of
from notifier.alerting.policy.terms import parse_terms
from notifier.alerting.policy.text_kind import Ruling
from notifier.alerting.review.notices import cancel_notices, review_entry
from notifier.intake.models import Report, ReportState
from notifier.intake.schema.vocabulary import Status
from notifier.journal.write import write_entries
from notifier.territory.resolve import commune_by_code

_KIND = {ActionKind.WITHDRAW: Kind.CANCELLATION, ActionKind.CLOSE: Kind.END}
_STATUS = {ActionKind.WITHDRAW: Status.CANCELLED, ActionKind.CLOSE: Status.CLOSED}
_DONE = {ActionKind.WITHDRAW: "retirée", ActionKind.CLOSE: "close"}


def withdraw(incident_id: int, own: QuerySet[Alert], actor: Actor) -> int:
    """Cancel what has not left, and tell a cancellation to those who got it.

    Returns how many organisations were told of it. What waits for a person to decide where it is
    waits no more. `own`: the alerts that are the actor's to end. Raises ManualActionError where
    others go on as well, where nothing is under way, or a new state of it just arrived.
    """
    return act(incident_id, actor, lambda reports: _end(ActionKind.WITHDRAW, reports, own, actor))


def close(incident_id: int, own: QuerySet[Alert], actor: Actor) -> int:
    """Tell the end to those who were told. Returns and raises as `withdraw`."""
    return act(incident_id, actor, lambda reports: _end(ActionKind.CLOSE, reports, own, actor))


def _end(action: ActionKind, reports: list[Report], own: QuerySet[Alert], actor: Actor) -> int:
    if any(report.state == ReportState.RECEIVED for report in reports):
        raise ManualActionError(
            "un nouvel état de cette intervention vient d’arriver : relisez, puis recommencez"
        )
    incident = reports[0].incident
    in_review = [report for report in reports if report.state == ReportState.REVIEW]
    rows = Alert.objects.filter(incident=incident.pk).order_by("id")
    alerts = list(rows.select_for_update())
    going_on = [alert for alert in alerts if alert.is_open]
    if not going_on and not in_review:
        raise ManualActionError("elle est déjà terminée, ou personne n’en a été prévenu")
    if own.filter(pk__in=[alert.pk for alert in going_on]).count() != len(going_on):
        raise ManualActionError(
            "elle concerne aussi des communes qui ne sont pas de votre ressort : le centre "
            "d’opérations qui l’a transmise peut la terminer"
        )
    for alert in alerts:
        alert.incident = incident
    if going_on:
        _tell_end(action, reports, alerts, actor)
    if in_review:
        _end_reviews(in_review, action, actor)
    record(incident.pk, action, actor)
    return len(going_on)


def _tell_end(action: ActionKind, reports: list[Report], alerts: list[Alert], actor: Actor) -> None:
    """Plan and write what those who were told read of the end, as for a report that says so.

    There is no such report: its number is the source's to give.
    """
    report = copy(max(reports, key=lambda one: one.sequence))
    report.status, report.received_at = _STATUS[action], timezone.now()
    category = categories().get(report.category)
    if category is None:
        raise ManualActionError(
            f"la catégorie {report.category} n’est pas dans la configuration : faites-la ajouter"
        )
    reason = f"{_DONE[action]} par {actor.who} : ceux qui ont reçu l’alerte le savent"
    ruling = Ruling(_KIND[action], action, reason)
    ruled = _ruled(report, reports, category, alerts, ruling)
    decision_plan = plan([ruled], read_situation([ruled], lock=True))
    entries = store_texts(decision_plan)
    of_rulings = [ruling_entry(report, one) for one in ruled.rulings]
    of_alerts = [
        entry
        for report_plan in decision_plan.report_plans
        for alert_plan in report_plan.alert_plans
        for entry in alert_entries(alert_plan)
    ]
    write_entries([*of_rulings, *of_alerts, *entries])


def _ruled(
    report: Report,
    reports: list[Report],
    category: Category,
    alerts: list[Alert],
    ruling: Ruling,
) -> RuledReport:
    rulings = [
        OrganisationRuling(
            alert.ref,
            alert.organisation_name,
            _audience(alert, report),
            ruling,
            alert,
            category_of(alert) or category,
            parse_terms(alert.terms),
        )
        for alert in alerts
        if alert.is_open
    ]
    placement = Placement(ReportState.DECIDED)
    return RuledReport(report, reports, placement, category, rulings, alerts)


def _audience(alert: Alert, report: Report) -> Audience:
    terms = parse_terms(alert.terms)
    own = [alert.organisation] if terms.is_by_law else terms.communes
    communes = [c for c in map(commune_by_code, [*own, *report.communes]) if c is not None]
    if not communes:
        raise ManualActionError(f"la commune de {alert.organisation_name} n’existe plus")
    if terms.is_by_law:
        return Audience(communes[:1])
    return Audience(communes, organisation=alert.organisation_name, terms=terms)


def _end_reviews(reports: Sequence[Report], action: ActionKind, actor: Actor) -> None:
    reason = f"{_DONE[action]} par {actor.who}"
    waiting = Report.objects.filter(
        pk__in=[report.pk for report in reports], state=ReportState.REVIEW
    )
    waiting.update(
        state=ReportState.DISMISSED,
        reason=reason,
        decided_by=actor.who,
        decision_reason=actor.why,
        handled_at=timezone.now(),
    )
    cancel_notices(reports)
    write_entries(review_entry(report, reason) for report in reports)
