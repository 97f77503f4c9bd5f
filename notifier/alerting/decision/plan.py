"""Plan who gets which text about reports, and when; the dry run shows the same plan.

Reads no database; what is planned counts in the situation's limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime

from notifier.alerting.decision.alert_plan import AlertPlan
from notifier.alerting.decision.later_recipients import address_later_text
from notifier.alerting.decision.one_text import Readings, earlier_readings
from notifier.alerting.decision.ruling import OrganisationRuling
from notifier.alerting.decision.rulings import RuledReport
from notifier.alerting.decision.several_communes import tell_themselves, told_again, told_once
from notifier.alerting.decision.situation import Situation
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, Notification
from notifier.alerting.notification.duty_officer import not_reached_mail
from notifier.alerting.notification.planned import (
    AlertText,
    KnownNotification,
    NotificationPlan,
    PlannedNotification,
    rings,
)
from notifier.alerting.notification.recipients import first_recipients
from notifier.alerting.notification.text_facts import compose, text_facts
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.expiry import closing_until, useful_until
from notifier.alerting.policy.terms import Addressing, addressing, alarms_duty
from notifier.alerting.policy.text_kind import withheld
from notifier.alerting.review.notices import review_notice
from notifier.alerting.review.superseded import superseded_notice
from notifier.alerting.throttling.throttle import throttle
from notifier.intake.models import Report, ReportState
from notifier.journal.models import Entry


@dataclass(frozen=True)
class ReportPlan:
    """What becomes of one report."""

    ruled_report: RuledReport
    alert_plans: list[AlertPlan]
    duty_mails: list[PlannedNotification]
    notice_entries: list[Entry]
    """What the journal says of the mails about a review."""

    @property
    def report(self) -> Report:
        """The report as it will stand."""
        return self.ruled_report.report

    @property
    def reasons(self) -> list[str]:
        """The reasons of its state and of each ruling, in French."""
        of_place = (
            [self.ruled_report.placement.reason] if self.ruled_report.placement.reason else []
        )
        return of_place + [
            f"{a.organisation_ruling.name} : {a.organisation_ruling.ruling.reason}"
            for a in self.alert_plans
        ]


@dataclass(frozen=True)
class DecisionPlan:
    """What becomes of several reports, each of another incident."""

    report_plans: list[ReportPlan]
    notifications: NotificationPlan
    situation: Situation


def plan(ruled: Sequence[RuledReport], situation: Situation) -> DecisionPlan:
    """Plan the reports together: the texts of one count in the limits of the next."""
    report_plans = [_plan_report(ruled_report, situation) for ruled_report in ruled]
    planned = _notifications(report_plans)
    notifications = throttle(planned, situation.earlier, situation.limits)
    report_plans = [_in_time(report_plan, notifications) for report_plan in report_plans]
    counted = {id(n) for n in planned}
    more = [n for n in _notifications(report_plans) if id(n) not in counted]
    notifications.add(throttle(more, situation.earlier, situation.limits))
    return DecisionPlan(report_plans, notifications, situation)


def _notifications(report_plans: Sequence[ReportPlan]) -> list[PlannedNotification]:
    return [
        n
        for report_plan in report_plans
        for alert_plan in report_plan.alert_plans
        for n in alert_plan.notifications
    ]


def _in_time(report_plan: ReportPlan, notifications: NotificationPlan) -> ReportPlan:
    plans = [tell_themselves(each, notifications) for each in report_plan.alert_plans]
    return replace(report_plan, alert_plans=plans)


def _plan_report(ruled: RuledReport, situation: Situation) -> ReportPlan:
    alert_plans = _plan_alerts(ruled, situation)
    notices, entries = _review_notices(ruled)
    return ReportPlan(ruled, alert_plans, [*_not_reached_mails(alert_plans), *notices], entries)


def _plan_alerts(ruled: RuledReport, situation: Situation) -> list[AlertPlan]:
    """Plan the organisations in the order of their rulings.

    Nobody gets two: who serves two communes gets the text of the one concerned and none of its
    neighbour, who serves a métropole as well gets the mayor's.
    """
    closing = {
        ruling.alert.pk
        for ruling in ruled.rulings
        if ruling.alert and ruling.kind and ruling.kind.closes
    }
    going_on = [alert for alert in ruled.alerts if alert.is_open and alert.pk not in closing]
    readings = earlier_readings(going_on, situation.earlier)
    plans = [_plan_alert(ruled, ruling, situation, readings) for ruling in ruled.rulings]
    plans = told_once(plans)
    if ruled.category is None or withheld(ruled.report.severity, ruled.category):
        return plans
    return told_again(plans, ruled.alerts, situation.earlier, ruled.report.received_at)


def _plan_alert(
    ruled: RuledReport, ruling: OrganisationRuling, situation: Situation, readings: Readings
) -> AlertPlan:
    """Plan one organisation; `readings` are the texts of the others, to which it adds its own."""
    kind, category = ruling.kind, ruling.category
    if kind is None or (ruling.alert is None and not ruling.opens):
        return AlertPlan(ruling)
    alert = _revised(ruled.report, category, ruling, kind, situation)
    texts = compose(kind, alert.facts)
    to_whom = addressing(category, ruling.terms)
    text = AlertText(alert, texts, to_whom.lane)
    people = situation.people[ruling.organisation]
    to_former: list[Notification] = []
    if ruling.opens:
        planned = text.for_people(first_recipients(people, to_whom), to_whom.channels)
    else:
        planned, to_former = address_later_text(
            kind,
            text,
            situation.earlier.get(alert.pk, []),
            to_whom,
            people,
            include_first_recipients=ruling.is_moved_here,
        )
    _ask_answers(alert, category, ruling, planned, situation.now)
    fresh, known = planned, list[KnownNotification]()
    if ruling.is_to_neighbour:
        fresh, known = readings.split(planned, alert, closes=None, opens=ruling.opens)
    elif not ruling.terms.is_by_law:
        fresh, known = readings.split(planned, alert, closes=kind.closes, opens=ruling.opens)
    if kind.closes or not ruling.terms.needs_release:
        readings.add(fresh, alert, closes=kind.closes)
    return AlertPlan(
        ruling,
        alert,
        texts,
        fresh,
        known,
        to_former=to_former,
        unreachable_reason=_unreachable_reason(kind, to_whom, planned, to_former),
        alarms_duty=alarms_duty(category, ruling.terms),
    )


def _revised(
    report: Report,
    category: Category,
    ruling: OrganisationRuling,
    kind: Kind,
    situation: Situation,
) -> Alert:
    """Return the alert as it will stand: a new one, or a copy of the one before, one revision on.

    Once closed it keeps the category and the severity that were announced.
    """
    alert = copy(ruling.alert) if ruling.alert else _new_alert(report, ruling)
    previous = ruling.alert.facts if ruling.alert else None
    alert.facts = text_facts(kind, report, category, ruling.audience, previous)
    alert.terms = ruling.terms.as_json()
    alert.departement = ruling.audience.commune.departement
    alert.report = report
    alert.kind = kind
    alert.revision += 1
    alert.is_open = not kind.closes
    if alert.is_open:
        alert.category, alert.severity = category.code, report.severity
        alert.expires_at = useful_until(report, category)
    else:
        alert.expires_at = closing_until(report)
    if ruling.opens:
        alert.organisation_name = ruling.name
        alert.opened_at = situation.now
        alert.opened_revision = alert.revision
    return alert


def _ask_answers(
    alert: Alert,
    category: Category,
    ruling: OrganisationRuling,
    planned: Sequence[PlannedNotification],
    now: datetime,
) -> None:
    """Say from how many people an answer is wanted, and until when; an update keeps both."""
    if ruling.opens:
        alert.answers_wanted, alert.answer_due_at, alert.answered_at = 0, None, None
        alert.duty_due_at = None
        alert.taken_at, alert.taken_by, alert.taken_title = None, "", ""
    if not alert.is_open:
        alert.answer_due_at = alert.duty_due_at = None
    elif alert.facts["asks_answer"] and not alert.answers_wanted:
        people = len({n.recipient for n in planned})
        alert.answers_wanted = max(people, 1) if category.answer == "each" else 1
        # Where nobody can be told, nobody is waited for: the duty officer hears of it at once.
        alert.answer_due_at = now + category.answer_within if planned else None


def _new_alert(report: Report, ruling: OrganisationRuling) -> Alert:
    kind, code = ruling.organisation.kind, ruling.organisation.code
    return Alert(incident=report.incident, organisation_kind=kind, organisation=code, revision=0)


def _unreachable_reason(
    kind: Kind,
    to_whom: Addressing,
    planned: Sequence[PlannedNotification],
    to_former: Sequence[Notification],
) -> str | None:
    """Say in French why these notifications reach nobody, or no telephone in an urgent alert.

    None where they do. An end needs no telephone, and nobody where nobody waits for it; `to_former`
    are the earlier notifications of former recipients.
    """
    if kind.closes:
        if planned or not to_former:
            return None
        return "ceux qui avaient reçu l’alerte ne sont plus dans l’annuaire, nul n’en lit la fin"
    if not planned:
        return "aucun contact joignable dans l’annuaire"
    if to_whom.is_urgent and not rings(planned):
        return "aucun contact n’y a de mobile, il n’est parti que des courriels"
    return None


def _not_reached_mails(alert_plans: Sequence[AlertPlan]) -> list[PlannedNotification]:
    """Plan one mail to the duty officer for each reason, however many communes it is true of.

    Communes and other organisations are listed apart.
    """
    by_reason: dict[tuple[str, bool], list[Alert]] = {}
    for alert_plan in alert_plans:
        if alert_plan.unreachable_reason and alert_plan.alert and alert_plan.alarms_duty:
            alike = alert_plan.unreachable_reason, alert_plan.organisation_ruling.terms.is_by_law
            by_reason.setdefault(alike, []).append(alert_plan.alert)
    return [not_reached_mail(alike, why) for (why, _), alike in by_reason.items()]


def _review_notices(ruled: RuledReport) -> tuple[list[PlannedNotification], list[Entry]]:
    """Plan the mails that ask or inform the duty officer where a report is not acted upon as it is.

    Also return their journal entries.
    """
    if ruled.placement.state is ReportState.REVIEW:
        return review_notice(ruled.report, ruled.placement.reason, ruled.incident_reports)
    if ruled.placement.state is ReportState.SUPERSEDED:
        return superseded_notice(ruled.report, ruled.incident_reports)
    return [], []
