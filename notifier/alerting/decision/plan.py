"""Plan who gets which text about reports, and when. Pure: the dry run prints this plan."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from notifier.alerting.content.composer import Texts
from notifier.alerting.decision.revision import plan_revision, why_unreached
from notifier.alerting.decision.rulings import CommuneRuling
from notifier.alerting.decision.situation import RuledReport, Situation
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, Notification
from notifier.alerting.notification.duty_officer import unreached_mail
from notifier.alerting.notification.facts import compose, facts_for
from notifier.alerting.notification.history import address_keys
from notifier.alerting.notification.planned import (
    AddressKey,
    AlertText,
    NotificationPlan,
    PlannedNotification,
)
from notifier.alerting.notification.recipients import first_recipients
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.expiry import closing_until, useful_until
from notifier.alerting.review.notices import review_notice
from notifier.alerting.review.superseded import superseded_notice
from notifier.alerting.throttling.throttle import throttle
from notifier.delivery.models import Lane
from notifier.intake.models import Report, ReportState
from notifier.journal.models import Entry


@dataclass(frozen=True)
class AlertPlan:
    """What one commune gets of a report, and why; or why it gets nothing."""

    ruled: CommuneRuling
    alert: Alert | None = None
    """As it will stand; None where the commune gets nothing."""
    texts: Texts | None = None
    notifications: list[PlannedNotification] = field(default_factory=list)
    is_known_already: bool = False
    """Whether all of its recipients get the text of another commune."""
    departed: Sequence[Notification] = ()
    """The earlier notifications whose recipients have left."""
    unreached: str | None = None
    """Why it reaches nobody, or no telephone, as the duty officer is told; in French."""


@dataclass(frozen=True)
class ReportPlan:
    """What becomes of one report."""

    ruled: RuledReport
    alerts: list[AlertPlan]
    duty_mails: list[PlannedNotification]
    notice_entries: list[Entry]
    """What the journal says of the mails about a review."""

    @property
    def report(self) -> Report:
        """The report as it will stand."""
        return self.ruled.report

    @property
    def reasons(self) -> list[str]:
        """The reasons of its state and of each ruling, in French."""
        of_place = [self.ruled.affected.reason] if self.ruled.affected.reason else []
        return of_place + [f"{a.ruled.commune.name} : {a.ruled.ruling.reason}" for a in self.alerts]


@dataclass(frozen=True)
class Plan:
    """What becomes of several reports, each of another incident."""

    reports: list[ReportPlan]
    notifications: NotificationPlan
    situation: Situation


def plan(ruled: Sequence[RuledReport], situation: Situation) -> Plan:
    """Plan the reports together: the texts of one count in the limits of the next."""
    reports = [_plan_report(report, situation) for report in ruled]
    planned = [n for report in reports for alert in report.alerts for n in alert.notifications]
    return Plan(reports, throttle(planned, situation.earlier, situation.limits), situation)


def _plan_report(ruled: RuledReport, situation: Situation) -> ReportPlan:
    alerts = _plan_alerts(ruled, situation)
    notices, entries = _review_notices(ruled)
    return ReportPlan(ruled, alerts, [*_unreached_mails(alerts), *notices], entries)


def _plan_alerts(ruled: RuledReport, situation: Situation) -> list[AlertPlan]:
    """Plan the communes in the order of their rulings.

    Whoever serves two communes gets the text of the one concerned, and none of its neighbour.
    """
    closing = {
        ruling.alert.pk
        for ruling in ruled.rulings
        if ruling.alert and ruling.kind and ruling.kind.closes
    }
    addresses = {
        alert.pk: address_keys(situation.earlier.get(alert.pk, ()))
        for alert in ruled.alerts
        if alert.is_open and alert.pk not in closing
    }
    planned_addresses: set[AddressKey] = set()
    plans = []
    for ruling in ruled.rulings:
        own = ruling.alert.pk if ruling.alert else None
        of_others = {key for pk, keys in addresses.items() if pk != own for key in keys}
        alert_plan = _plan_alert(ruled, ruling, situation, planned_addresses | of_others)
        planned_addresses |= {n.key for n in alert_plan.notifications}
        plans.append(alert_plan)
    return plans


def _plan_alert(
    ruled: RuledReport, ruling: CommuneRuling, situation: Situation, known: set[AddressKey]
) -> AlertPlan:
    """Plan one commune; `known` are the addresses that get the text of another."""
    kind, category = ruling.kind, ruled.category
    if kind is None or category is None or (ruling.alert is None and not ruling.opens):
        return AlertPlan(ruling)
    alert = _revised(ruled.report, category, ruling, kind, situation)
    texts = compose(kind, alert.facts)
    text = AlertText(alert, texts, Lane(category.lane))
    people = situation.people.get(ruling.commune.code, [])
    departed: list[Notification] = []
    if ruling.opens:
        planned = text.for_people(first_recipients(people, category), category.channels)
    else:
        planned, departed = plan_revision(
            kind,
            text,
            situation.earlier.get(alert.pk, []),
            category,
            people,
            to_first_recipients=ruling.is_moved_here,
        )
    fresh = [n for n in planned if not (ruling.is_to_neighbour and n.key in known)]
    return AlertPlan(
        ruling,
        alert,
        texts,
        fresh,
        is_known_already=bool(planned) and not fresh,
        departed=departed,
        unreached=why_unreached(kind, category, planned, departed),
    )


def _revised(
    report: Report, category: Category, ruling: CommuneRuling, kind: Kind, situation: Situation
) -> Alert:
    """Return the alert as it will stand: a new one, or a copy of the one before, one revision on.

    Once closed it keeps the category and the severity that were announced.
    """
    alert = copy(ruling.alert) if ruling.alert else _new_alert(report, ruling)
    alert.facts = _facts(report, category, ruling, kind)
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
        alert.organisation_name = ruling.commune.name
        alert.opened_at = situation.now
        alert.opened_revision = alert.revision
    return alert


def _new_alert(report: Report, ruling: CommuneRuling) -> Alert:
    return Alert(incident=report.incident, organisation=ruling.commune.code, revision=0)


def _facts(report: Report, category: Category, ruling: CommuneRuling, kind: Kind) -> dict[str, Any]:
    previous = ruling.alert.facts if ruling.alert else None
    return facts_for(
        kind,
        report,
        category,
        ruling.commune,
        previous,
        ruling.next_to,
        ruling.holders,
        ruling.moved_to,
    )


def _unreached_mails(alerts: Sequence[AlertPlan]) -> list[PlannedNotification]:
    """Plan one mail to the duty officer for each reason, however many communes it is true of."""
    by_reason: dict[str, list[Alert]] = {}
    for plan_of_alert in alerts:
        if plan_of_alert.unreached and plan_of_alert.alert:
            by_reason.setdefault(plan_of_alert.unreached, []).append(plan_of_alert.alert)
    return [mail for why, alike in by_reason.items() for mail in unreached_mail(alike, why)]


def _review_notices(ruled: RuledReport) -> tuple[list[PlannedNotification], list[Entry]]:
    """Plan the mails that ask or inform the duty officer where a report is not acted upon as it is.

    Also return their journal entries.
    """
    if ruled.affected.state is ReportState.REVIEW:
        return review_notice(ruled.report, ruled.affected.reason, ruled.reports)
    if ruled.affected.state is ReportState.SUPERSEDED:
        return superseded_notice(ruled.report, ruled.reports)
    return [], []
