"""Rule on each organisation that a report affects, and on each that it no longer affects.

`place_and_rule` reads the alerts so far; all else is computed from them and from where the report
is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from notifier.alerting.decision.placement import Placement, place_report
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.notification.text_facts import Audience
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories, list_communes
from notifier.alerting.policy.terms import BY_LAW, Terms
from notifier.alerting.policy.text_kind import (
    Ruling,
    rule_on,
    rule_on_edge,
    rule_on_neighbour,
    rule_on_no_longer_affected,
    withheld,
)
from notifier.directory.models import OrganisationKind, OrganisationRef
from notifier.intake.models import Report
from notifier.intake.schema.vocabulary import Status
from notifier.territory.resolve import Commune, commune_by_code

# A commune from which the incident moved on reads the names of so many others at most, or of none.
MAX_NAMED = 2


@dataclass(frozen=True)
class OrganisationRuling:
    """An organisation, the ruling on it, and its alert so far."""

    organisation: OrganisationRef
    name: str
    audience: Audience
    ruling: Ruling
    alert: Alert | None
    terms: Terms = BY_LAW

    @property
    def kind(self) -> Kind | None:
        """The kind of text that the organisation gets; None for none."""
        return self.ruling.kind

    @property
    def opens(self) -> bool:
        """Whether it opens an alert, or opens it again, for those who are there now."""
        was_open = self.alert is not None and self.alert.is_open
        return self.kind is not None and self.kind.opens and not was_open

    @property
    def is_to_neighbour(self) -> bool:
        """Whether its text speaks of an adjoining commune."""
        if self.kind is not None and self.kind.opens:
            return self.audience.next_to is not None
        return self.alert is not None and self.alert.is_to_neighbour

    @property
    def is_moved_here(self) -> bool:
        """Whether what was announced as next door is now in the commune itself."""
        was_next_door = self.alert is not None and self.alert.is_open and self.alert.is_to_neighbour
        return was_next_door and self.kind is Kind.FIRST


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
    reports: Iterable[tuple[Report, list[Report]]], *, lock: bool
) -> list[RuledReport]:
    """Place each report and rule on its communes; each is of another incident.

    With each stand all reports of its incident. One statement where a report is not the first of
    its incident. `lock`: the alerts are locked until commit.
    """
    placed = [_placed(report, incident_reports) for report, incident_reports in reports]
    # An incident of which nothing was decided yet has no alert.
    incidents_with_alerts = [
        ruled.report.incident_id
        for ruled in placed
        if ruled.category is not None and any(r.handled_at for r in ruled.incident_reports)
    ]
    alerts = _alerts_of(incidents_with_alerts, lock=lock)
    return [_with_rulings(ruled, alerts[ruled.report.incident_id]) for ruled in placed]


def rule_on_all(
    report: Report, category: Category, placement: Placement, alerts: Sequence[Alert]
) -> list[OrganisationRuling]:
    """Return the rulings in the order of sending: the communes concerned, then their neighbours.

    Neighbours for whom there is nothing are left out.
    """
    alert_of = {alert.organisation: alert for alert in alerts}
    state = report.status, report.severity, category
    rulings = []
    for commune in placement.communes:
        alert = alert_of.pop(commune.code, None)
        containing = placement.containing if commune in placement.nearby else []
        ruling = rule_on(*state, alert, exercise=report.exercise, is_nearby=bool(containing))
        rulings.append(_on_commune(commune, ruling, alert, containing=containing))
    for neighbour in placement.neighbours:
        commune, next_to = neighbour.commune, neighbour.next_to
        alert = alert_of.pop(commune.code, None)
        ruling = rule_on_neighbour(*state, alert, exercise=report.exercise, next_to=next_to)
        if ruling.kind:
            rulings.append(_on_commune(commune, ruling, alert, next_to=next_to))
    for alert in alert_of.values() if placement.is_placed else ():
        former = commune_by_code(alert.organisation)
        if alert.is_open and former is not None:
            ruling = _rule_on_no_longer_affected(report, category, alert)
            moved_to = _where_now(report, category, placement)
            rulings.append(_on_commune(former, ruling, alert, moved_to=moved_to))
    ruled = {ruling.organisation.code for ruling in rulings}
    concerned = list_communes(placement.communes)
    rulings += [
        _on_commune(commune, rule_on_edge(concerned), None)
        for commune in placement.excluded
        if commune.code not in ruled
    ]
    return sorted(rulings, key=lambda ruling: (ruling.is_to_neighbour, not ruling.opens))


def _on_commune(
    commune: Commune, ruling: Ruling, alert: Alert | None, **where: Any
) -> OrganisationRuling:
    """Return the ruling on a commune, which is told by law."""
    ref = OrganisationRef(OrganisationKind.COMMUNE, commune.code)
    return OrganisationRuling(ref, commune.name, Audience([commune], **where), ruling, alert)


def _rule_on_no_longer_affected(report: Report, category: Category, alert: Alert) -> Ruling:
    """Rule on a commune that has an alert and is no longer among those affected.

    No neighbours are looked for at an end, which goes to those of the alert all the same.
    """
    if report.status in (Status.CLOSED, Status.CANCELLED) and alert.is_to_neighbour:
        return rule_on(report.status, report.severity, category, alert, exercise=report.exercise)
    return rule_on_no_longer_affected()


def _where_now(report: Report, category: Category, placement: Placement) -> list[Commune]:
    """Return where it is now, as the mayor of the former commune may know; else nothing.

    Nothing of what is withheld, of a place outside the source's départements, and in a category
    that does not name the other commune to a mayor.
    """
    if withheld(report.severity, category) or not category.may_name_commune:
        return []
    there = placement.containing or placement.communes
    is_within = all(commune in placement.communes for commune in there)
    return list(there) if is_within and len(there) <= MAX_NAMED else []


def _placed(report: Report, incident_reports: list[Report]) -> RuledReport:
    changed = copy(report)
    placement = place_report(changed, incident_reports)
    category = categories().get(report.category) if placement.needs_ruling else None
    return RuledReport(changed, incident_reports, placement, category)


def _with_rulings(placed: RuledReport, alerts: list[Alert]) -> RuledReport:
    if placed.category is None:
        return placed
    for alert in alerts:
        alert.incident = placed.report.incident
    rulings = rule_on_all(placed.report, placed.category, placed.placement, alerts)
    return replace(placed, rulings=rulings, alerts=alerts)


def _alerts_of(incident_ids: Sequence[int], *, lock: bool) -> dict[int, list[Alert]]:
    """Read the incidents' alerts, the latest first; no statement without an incident."""
    by_incident: defaultdict[int, list[Alert]] = defaultdict(list)
    if incident_ids:
        alerts = Alert.objects.filter(incident__in=incident_ids).order_by("-id")
        for alert in alerts.select_for_update() if lock else alerts:
            by_incident[alert.incident_id].append(alert)
    return by_incident
