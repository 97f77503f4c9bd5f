"""Rule on each commune that a report concerns, and on each that it no longer concerns.

Pure functions of where the report is and of the alerts so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from notifier.alerting.decision.affected import Affected
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import list_communes
from notifier.alerting.policy.rules import (
    Ruling,
    rule_on,
    rule_on_edge,
    rule_on_left_commune,
    rule_on_neighbour,
    withheld,
)
from notifier.intake.models import Report
from notifier.intake.schema.vocabulary import Status
from notifier.territory.resolve import Commune, commune_by_code

# A commune that the incident left reads the names of so many others at most, or of none.
MAX_NAMED = 2


@dataclass(frozen=True)
class CommuneRuling:
    """A commune, the ruling on it, and its alert so far."""

    commune: Commune
    ruling: Ruling
    alert: Alert | None
    next_to: Commune | None = None
    """Where it happens, when the commune only adjoins."""
    holders: Sequence[Commune] = ()
    """Where it happens, when the commune is concerned because it is close by."""
    moved_to: Sequence[Commune] = ()
    """Where it is now, when it left the commune and the commune may know."""

    @property
    def kind(self) -> Kind | None:
        """The kind of text that the commune gets; None for none."""
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
            return self.next_to is not None
        return self.alert is not None and self.alert.is_to_neighbour

    @property
    def is_moved_here(self) -> bool:
        """Whether what was announced as next door is now in the commune itself."""
        was_next_door = self.alert is not None and self.alert.is_open and self.alert.is_to_neighbour
        return was_next_door and self.kind is Kind.FIRST


def rule_on_all(
    report: Report, category: Category, affected: Affected, alerts: Sequence[Alert]
) -> list[CommuneRuling]:
    """Return the rulings in the order of sending: the communes concerned, then their neighbours.

    Neighbours for whom there is nothing are left out.
    """
    alert_of = {alert.organisation: alert for alert in alerts}
    state = report.status, report.severity, category
    rulings = []
    for commune in affected.communes:
        alert = alert_of.pop(commune.code, None)
        holders = affected.holders if commune in affected.close_by else []
        ruling = rule_on(*state, alert, exercise=report.exercise, is_close_by=bool(holders))
        rulings.append(CommuneRuling(commune, ruling, alert, holders=holders))
    for neighbour in affected.neighbours:
        commune, next_to = neighbour.commune, neighbour.next_to
        alert = alert_of.pop(commune.code, None)
        ruling = rule_on_neighbour(*state, alert, exercise=report.exercise, next_to=next_to)
        if ruling.kind:
            rulings.append(CommuneRuling(commune, ruling, alert, next_to))
    for alert in alert_of.values() if affected.is_placed else ():
        left = commune_by_code(alert.organisation)
        if alert.is_open and left is not None:
            ruling = _rule_on_left(report, category, alert)
            moved_to = _moved_to(report, category, affected)
            rulings.append(CommuneRuling(left, ruling, alert, moved_to=moved_to))
    ruled = {ruling.commune for ruling in rulings}
    concerned = list_communes(affected.communes)
    rulings += [
        CommuneRuling(commune, rule_on_edge(concerned), None)
        for commune in affected.excluded
        if commune not in ruled
    ]
    return sorted(rulings, key=lambda ruling: (ruling.is_to_neighbour, not ruling.opens))


def _rule_on_left(report: Report, category: Category, alert: Alert) -> Ruling:
    """Rule on a commune that has an alert and is no longer among those affected.

    No neighbours are looked for at an end, which goes to those of the alert all the same.
    """
    if report.status in (Status.CLOSED, Status.CANCELLED) and alert.is_to_neighbour:
        return rule_on(report.status, report.severity, category, alert, exercise=report.exercise)
    return rule_on_left_commune()


def _moved_to(report: Report, category: Category, affected: Affected) -> list[Commune]:
    """Return where it is now, as the mayor of a commune that it left may know; else nothing.

    Nothing of what is withheld, of a place outside the source's départements, and in a category
    that does not name the other commune to a mayor.
    """
    if withheld(report.severity, category) or not category.may_name_commune:
        return []
    there = affected.holders or affected.communes
    is_within = all(commune in affected.communes for commune in there)
    return list(there) if is_within and len(there) <= MAX_NAMED else []
