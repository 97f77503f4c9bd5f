"""Read everything that a plan goes by; the dry run reads the same without locks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils import timezone

from notifier.alerting.decision.affected import Affected, affected
from notifier.alerting.decision.rulings import CommuneRuling, rule_on_all
from notifier.alerting.models import Alert, Notification
from notifier.alerting.notification.history import notifications_of
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories
from notifier.alerting.throttling.limits import Limits, read_limits
from notifier.directory.recipients import Person, active_people
from notifier.intake.models import Report


@dataclass(frozen=True)
class RuledReport:
    """A report as it will stand, where it is, and the ruling for each commune."""

    report: Report
    reports: list[Report]
    """All of its incident, by sequence."""
    affected: Affected
    category: Category | None = None
    """None, and no rulings, where nobody may be notified."""
    rulings: list[CommuneRuling] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    """The incident's alerts so far."""

    @property
    def notifying(self) -> list[CommuneRuling]:
        """The rulings that send the commune a text."""
        return [ruling for ruling in self.rulings if ruling.kind is not None]


@dataclass(frozen=True)
class Situation:
    """What is known when a plan is made."""

    now: datetime
    people: dict[str, list[Person]]
    """The present contacts by commune."""
    earlier: dict[int, list[Notification]]
    """The notifications so far by alert."""
    limits: Limits


def rule(reports: Iterable[tuple[Report, list[Report]]], *, lock: bool) -> list[RuledReport]:
    """Find where each report is and rule on its communes; each is of another incident.

    With each stand all reports of its incident. One statement where a report is not the first of
    its incident. `lock`: the alerts are locked until commit.
    """
    located = [_locate(report, of_incident) for report, of_incident in reports]
    # An incident of which nothing was decided yet has no alert.
    followed = [
        ruled.report.incident_id
        for ruled in located
        if ruled.category is not None and any(r.handled_at for r in ruled.reports)
    ]
    alerts = _alerts_of(followed, lock=lock)
    return [_with_rulings(ruled, alerts[ruled.report.incident_id]) for ruled in located]


def read_situation(ruled: Sequence[RuledReport], *, lock: bool) -> Situation:
    """Read the people present, the notifications so far, and what throttling goes by.

    `lock`: what is deferred, and today's quotas, are locked until commit. One statement for first
    alerts of sources without a quota.
    """
    notifying = [report for report in ruled if report.notifying]
    communes = {ruling.commune.code for report in notifying for ruling in report.notifying}
    now = timezone.now()
    people = active_people(sorted(communes), now)
    alert_ids = [alert.pk for report in notifying for alert in report.alerts]
    earlier = notifications_of(*alert_ids, lock=lock)
    routine_addresses = {
        address
        for report in notifying
        if report.category is not None and not report.category.is_urgent
        for ruling in report.notifying
        for person in people.get(ruling.commune.code, ())
        for address in person.addresses.values()
    }
    sources = [report.report.source for report in notifying]
    return Situation(now, people, earlier, read_limits(routine_addresses, sources, lock=lock))


def _locate(report: Report, reports: list[Report]) -> RuledReport:
    changed = copy(report)
    where = affected(changed, reports)
    category = categories().get(report.category) if where.needs_ruling else None
    return RuledReport(changed, reports, where, category)


def _with_rulings(located: RuledReport, alerts: list[Alert]) -> RuledReport:
    if located.category is None:
        return located
    for alert in alerts:
        alert.incident = located.report.incident
    rulings = rule_on_all(located.report, located.category, located.affected, alerts)
    return replace(located, rulings=rulings, alerts=alerts)


def _alerts_of(incident_ids: Sequence[int], *, lock: bool) -> dict[int, list[Alert]]:
    """Read the incidents' alerts, the latest first; no statement without an incident."""
    by_incident: defaultdict[int, list[Alert]] = defaultdict(list)
    if incident_ids:
        alerts = Alert.objects.filter(incident__in=incident_ids).order_by("-id")
        for alert in alerts.select_for_update() if lock else alerts:
            by_incident[alert.incident_id].append(alert)
    return by_incident
