"""Plan what is told of reports, to whom, and when. Pure: the dry run is this plan, printed."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from notifier.alerting.content.composer import Texts
from notifier.alerting.decision.following import plan_following, why_unreached
from notifier.alerting.decision.rulings import CommuneRuling
from notifier.alerting.decision.situation import RuledReport, Situation
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, Notification
from notifier.alerting.notification.duty_officer import unreached_mail
from notifier.alerting.notification.facts import compose, facts_to_tell
from notifier.alerting.notification.history import keys_told
from notifier.alerting.notification.planned import (
    AddressKey,
    AlertText,
    PlannedNotification,
    Throttled,
)
from notifier.alerting.notification.recipients import told_at_once
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
    """What one commune is told of a report, and why; or why it is told nothing."""

    ruled: CommuneRuling
    alert: Alert | None = None
    """As it will stand; None where nothing is told."""
    texts: Texts | None = None
    notifications: list[PlannedNotification] = field(default_factory=list)
    is_known_already: bool = False
    """Whether all of its readers read it of another commune."""
    gone: Sequence[Notification] = ()
    """The earlier notifications whose recipients have left."""
    unreached: str | None = None
    """Why the duty officer is told that nobody is, or that no telephone rings; in French."""


@dataclass(frozen=True)
class ReportPlan:
    """What becomes of one report."""

    ruled: RuledReport
    alerts: list[AlertPlan]
    duty: list[PlannedNotification]
    """Mails to the source's duty officer."""
    notice_lines: list[Entry]
    """What the journal says of those that ask a person."""

    @property
    def report(self) -> Report:
        """The report as it will stand."""
        return self.ruled.report

    @property
    def reasons(self) -> list[str]:
        """Why all of it is so, in French."""
        found = [self.ruled.affected.reason] if self.ruled.affected.reason else []
        return found + [f"{a.ruled.commune.name} : {a.ruled.ruling.reason}" for a in self.alerts]


@dataclass(frozen=True)
class Plan:
    """What becomes of several reports, each of another incident."""

    reports: list[ReportPlan]
    throttled: Throttled
    situation: Situation


def plan(ruled: Sequence[RuledReport], situation: Situation) -> Plan:
    """Plan the reports together: what one tells counts in the limits of the next."""
    reports = [_plan_report(each, situation) for each in ruled]
    planned = [n for each in reports for one in each.alerts for n in one.notifications]
    return Plan(reports, throttle(planned, situation.earlier, situation.limits), situation)


def _plan_report(ruled: RuledReport, situation: Situation) -> ReportPlan:
    alerts = _plan_alerts(ruled, situation)
    duty, lines = _notices(ruled)
    return ReportPlan(ruled, alerts, [*_unreached_mails(alerts), *duty], lines)


def _plan_alerts(ruled: RuledReport, situation: Situation) -> list[AlertPlan]:
    """Plan the communes in the order of telling; a neighbour's text doubles no other's.

    Whoever serves two communes reads of the one concerned, and not of its neighbour besides.
    """
    closed = {
        each.alert.pk
        for each in ruled.rulings
        if each.alert and each.ruling.kind and each.ruling.kind.closes
    }
    told = {
        alert.pk: keys_told(situation.earlier.get(alert.pk, ()))
        for alert in ruled.alerts
        if alert.is_open and alert.pk not in closed
    }
    told_now: set[AddressKey] = set()
    plans = []
    for each in ruled.rulings:
        own = each.alert.pk if each.alert else None
        by_others = {key for pk, keys in told.items() if pk != own for key in keys}
        planned = _plan_alert(ruled, each, situation, told_now | by_others)
        told_now |= {one.key for one in planned.notifications}
        plans.append(planned)
    return plans


def _plan_alert(
    ruled: RuledReport, each: CommuneRuling, situation: Situation, known: set[AddressKey]
) -> AlertPlan:
    """Plan one commune; `known` are the addresses that read it of another."""
    kind, category = each.ruling.kind, ruled.category
    if kind is None or category is None or (each.alert is None and not each.opens):
        return AlertPlan(each)
    alert = _revised(ruled.report, category, each, kind, situation)
    texts = compose(kind, alert.facts)
    text = AlertText(alert, texts, Lane(category.lane))
    people = situation.people.get(each.commune.code, [])
    gone: list[Notification] = []
    if each.opens:
        found = text.for_people(told_at_once(people, category), category.channels)
    else:
        earlier = situation.earlier.get(alert.pk, [])
        found, gone = plan_following(kind, text, earlier, category, people, anew=each.is_moved_here)
    fresh = [one for one in found if not (each.is_to_neighbour and one.key in known)]
    return AlertPlan(
        each,
        alert,
        texts,
        fresh,
        is_known_already=bool(found) and not fresh,
        gone=gone,
        unreached=why_unreached(kind, category, found, gone),
    )


def _revised(
    report: Report, category: Category, each: CommuneRuling, kind: Kind, situation: Situation
) -> Alert:
    """The alert as it will stand: a new one, or a copy of the one before, one revision on.

    Severity and category stay those that were announced.
    """
    alert = copy(each.alert) if each.alert else _new_alert(report, each)
    alert.facts = _facts(report, category, each, kind)
    alert.report = report
    alert.kind = kind
    alert.revision += 1
    alert.is_open = not kind.closes
    if alert.is_open:
        alert.category, alert.severity = category.code, report.severity
        alert.expires_at = useful_until(report, category)
    else:
        alert.expires_at = closing_until(report)
    if each.opens:
        alert.organisation_name = each.commune.name
        alert.opened_at = situation.now
        alert.opened_revision = alert.revision
    return alert


def _new_alert(report: Report, each: CommuneRuling) -> Alert:
    return Alert(incident=report.incident, organisation=each.commune.code, revision=0)


def _facts(report: Report, category: Category, each: CommuneRuling, kind: Kind) -> dict[str, Any]:
    told_last = each.alert.facts if each.alert else None
    return facts_to_tell(
        kind,
        report,
        category,
        each.commune,
        told_last,
        each.next_to,
        each.holders,
        each.moved_to,
    )


def _unreached_mails(alerts: Sequence[AlertPlan]) -> list[PlannedNotification]:
    """One mail to the duty officer for each reason, however many communes it is true of."""
    by_reason: dict[str, list[Alert]] = {}
    for each in alerts:
        if each.unreached and each.alert:
            by_reason.setdefault(each.unreached, []).append(each.alert)
    return [mail for why, those in by_reason.items() for mail in unreached_mail(those, why)]


def _notices(ruled: RuledReport) -> tuple[list[PlannedNotification], list[Entry]]:
    """What the duty officer is asked, or shown, of a report that is not told as it is."""
    if ruled.affected.state is ReportState.REVIEW:
        return review_notice(ruled.report, ruled.affected.reason, ruled.reports)
    if ruled.affected.state is ReportState.SUPERSEDED:
        return superseded_notice(ruled.report, ruled.reports)
    return [], []
