"""The ruling for each commune that a report concerns, and for each that was told and no longer is.

Pure functions of what is found of a report's place and of the alerts so far.
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

# A commune that was left reads of no more others than these; else that it is not concerned.
MAX_NAMED = 2


@dataclass(frozen=True)
class CommuneRuling:
    """A commune, what is ruled for it, and its alert so far."""

    commune: Commune
    ruling: Ruling
    alert: Alert | None
    next_to: Commune | None = None
    """Where it happens, when the commune only adjoins."""
    holders: Sequence[Commune] = ()
    """Where it happens, when the commune is concerned because it is close by."""
    moved_to: Sequence[Commune] = ()
    """Where it is now, when it left the commune and that may be told."""

    @property
    def opens(self) -> bool:
        """Whether it begins or takes up an alert, told to those who are there now."""
        kind = self.ruling.kind
        return kind is not None and kind.opens and not (self.alert and self.alert.is_open)

    @property
    def is_to_neighbour(self) -> bool:
        """Whether its text speaks of an adjoining commune."""
        if self.ruling.kind is not None and self.ruling.kind.opens:
            return self.next_to is not None
        return self.alert is not None and self.alert.is_to_neighbour

    @property
    def is_moved_here(self) -> bool:
        """Whether a commune that was told of a neighbour is now told of itself."""
        was_told = self.alert is not None and self.alert.is_open and self.alert.is_to_neighbour
        return was_told and self.ruling.kind is Kind.FIRST


def rule_on_all(
    report: Report, category: Category, affected: Affected, alerts: Sequence[Alert]
) -> list[CommuneRuling]:
    """Return the rulings in the order of telling: the communes concerned before their neighbours.

    Of neighbours, those are left out who have nothing to be told.
    """
    told = {alert.organisation: alert for alert in alerts}
    said = report.status, report.severity, category
    rulings = []
    for here in affected.communes:
        alert = told.pop(here.code, None)
        elsewhere = affected.holders if here in affected.close_by else []
        ruling = rule_on(*said, alert, exercise=report.exercise, is_close_by=bool(elsewhere))
        rulings.append(CommuneRuling(here, ruling, alert, holders=elsewhere))
    for near in affected.neighbours:
        alert = told.pop(near.commune.code, None)
        ruling = rule_on_neighbour(*said, alert, exercise=report.exercise, next_to=near.next_to)
        if ruling.kind:
            rulings.append(CommuneRuling(near.commune, ruling, alert, near.next_to))
    for alert in told.values() if affected.is_placed else ():
        left = commune_by_code(alert.organisation)
        if alert.is_open and left is not None:
            ruling = _rule_on_left(report, category, alert)
            there = _moved_to(report, category, affected)
            rulings.append(CommuneRuling(left, ruling, alert, moved_to=there))
    ruled = {each.commune for each in rulings}
    holders = list_communes(affected.communes)
    rulings += [
        CommuneRuling(close, rule_on_edge(holders), None)
        for close in affected.excluded
        if close not in ruled
    ]
    return sorted(rulings, key=lambda each: (each.is_to_neighbour, not each.opens))


def _rule_on_left(report: Report, category: Category, alert: Alert) -> Ruling:
    """Rule for a commune that was told and is not found any more.

    At an end no neighbours are looked for: it is theirs all the same.
    """
    if report.status in (Status.CLOSED, Status.CANCELLED) and alert.is_to_neighbour:
        said = report.status, report.severity, category
        return rule_on(*said, alert, exercise=report.exercise)
    return rule_on_left_commune()


def _moved_to(report: Report, category: Category, affected: Affected) -> list[Commune]:
    """Where it is now, as the mayor of a commune that it left may know; empty if he may not.

    Never of what is withheld, nor of a place beyond the source's reach, nor in a category of which
    one commune's mayor is not told where in another's it happens.
    """
    if withheld(report.severity, category) or not category.may_name_commune:
        return []
    there = affected.holders or affected.communes
    is_ours = all(each in affected.communes for each in there)
    return list(there) if is_ours and len(there) <= MAX_NAMED else []
