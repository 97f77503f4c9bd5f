"""Rule on each organisation that a report affects, and on each that it no longer affects.

`place_and_rule` reads the alerts so far and the rules of conventions; all else is computed from
them and from where the report is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from django.utils import timezone

from notifier.alerting.decision.commune_rulings import rule_on_communes
from notifier.alerting.decision.organisation_rulings import rule_on_organisations
from notifier.alerting.decision.placement import Placement, place_report
from notifier.alerting.decision.ruling import OrganisationRuling
from notifier.alerting.models import Alert, PolicyNarrowing
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.narrowing import narrowed
from notifier.alerting.policy.narrowings import narrowings_at
from notifier.alerting.policy.text_kind import withheld
from notifier.directory.conventions.rules import AgreementRule, rules_for
from notifier.intake.models import Report


@dataclass(frozen=True)
class RuledReport:
    """A report as it will stand, where it is, and the rulings, once there are any."""

    report: Report
    incident_reports: list[Report]
    """All of its incident, by sequence."""
    placement: Placement
    category: Category | None = None
    """None, and no rulings, where nobody may be notified."""
    rulings: list[OrganisationRuling] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    """The incident's alerts so far."""

    @property
    def notifying(self) -> list[OrganisationRuling]:
        """The rulings that send a text."""
        return [ruling for ruling in self.rulings if ruling.kind is not None]


def place_and_rule(
    reports: Iterable[tuple[Report, list[Report]]],
    *,
    lock: bool,
    at: datetime | None = None,
) -> list[RuledReport]:
    """Place each report and rule on its organisations; each is of another incident.

    With each stand all reports of its incident. One statement for the conventions in force at `at`
    (now, if nothing is said), one where a report is not the first of its incident. `lock`: the
    alerts are locked until commit.
    """
    placed = [place(report, incident_reports) for report, incident_reports in reports]
    # An incident of which nothing was decided yet has no alert.
    incidents_with_alerts = [
        ruled.report.incident_id
        for ruled in placed
        if ruled.category is not None and any(r.handled_at for r in ruled.incident_reports)
    ]
    alerts = _alerts_of(incidents_with_alerts, lock=lock)
    affected = {
        commune.code
        for ruled in placed
        if ruled.category and not withheld(ruled.report.severity, ruled.category)
        for commune in ruled.placement.communes
    }
    rules = rules_for(sorted(affected), at or timezone.now())
    narrowings = narrowings_at(at)
    return [rule(ruled, alerts[ruled.report.incident_id], rules, narrowings) for ruled in placed]


def rule_on_all(
    report: Report,
    category: Category,
    placement: Placement,
    alerts: Sequence[Alert],
    rules: Sequence[AgreementRule],
    narrowings: Sequence[PolicyNarrowing],
) -> list[OrganisationRuling]:
    """Return the rulings in the order of sending: the communes, then who a convention tells."""
    category_in = partial(_category_in, category, narrowings)
    neighbours = (neighbour.commune for neighbour in placement.neighbours)
    concerned = {commune.code for commune in (*placement.communes, *neighbours)}
    # A commune may have been told by a convention before it is concerned itself.
    by_law = [
        alert
        for alert in alerts
        if not alert.terms or (alert.is_of_commune and alert.organisation in concerned)
    ]
    communes = rule_on_communes(report, category_in, placement, by_law)
    told = {ruling.organisation for ruling in communes if ruling.alert or ruling.kind}
    narrowed_in = {
        commune: local
        for commune in placement.communes
        if (local := category_in(commune.departement)) is not category
    }
    organisations = rule_on_organisations(report, category, placement, alerts, rules, narrowed_in)
    # What the law has a commune told, no convention needs to.
    return [*communes, *(ruling for ruling in organisations if ruling.organisation not in told)]


def _category_in(
    category: Category, narrowings: Sequence[PolicyNarrowing], departement: str
) -> Category:
    return narrowed(category, departement, narrowings) if narrowings else category


def place(report: Report, incident_reports: list[Report]) -> RuledReport:
    """Return where a report is, on a copy of it, without any ruling."""
    changed = copy(report)
    placement = place_report(changed, incident_reports)
    category = categories().get(report.category) if placement.needs_ruling else None
    return RuledReport(changed, incident_reports, placement, category)


def rule(
    placed: RuledReport,
    alerts: list[Alert],
    rules: Sequence[AgreementRule],
    narrowings: Sequence[PolicyNarrowing],
) -> RuledReport:
    """Return it with the rulings; where nobody may be notified, as it is."""
    if placed.category is None:
        return placed
    for alert in alerts:
        alert.incident = placed.report.incident
    rulings = rule_on_all(
        placed.report, placed.category, placed.placement, alerts, rules, narrowings
    )
    return replace(placed, rulings=rulings, alerts=alerts)


def _alerts_of(incident_ids: Sequence[int], *, lock: bool) -> dict[int, list[Alert]]:
    """Read the incidents' alerts, the latest first; no statement without an incident."""
    by_incident: defaultdict[int, list[Alert]] = defaultdict(list)
    if incident_ids:
        alerts = Alert.objects.filter(incident__in=incident_ids).order_by("-id")
        for alert in alerts.select_for_update() if lock else alerts:
            by_incident[alert.incident_id].append(alert)
    return by_incident
