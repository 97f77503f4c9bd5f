"""Rule on each commune that a report affects, by law, and on each that it no longer affects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from notifier.alerting.decision.placement import Placement
from notifier.alerting.decision.ruling import OrganisationRuling
from notifier.alerting.models import Alert
from notifier.alerting.notification.text_facts import Audience
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import list_communes
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


def rule_on_communes(
    report: Report,
    category_in: Callable[[str], Category],
    placement: Placement,
    alerts: Sequence[Alert],
) -> list[OrganisationRuling]:
    """Return the rulings by law: the communes concerned, then their neighbours.

    Neighbours for whom there is nothing are left out. `category_in` returns the category as it
    applies in a département.
    """
    alert_of = {alert.organisation: alert for alert in alerts}
    state = report.status, report.severity
    rulings = []
    for commune in placement.communes:
        category = category_in(commune.departement)
        alert = alert_of.pop(commune.code, None)
        containing = placement.containing if commune in placement.nearby else []
        ruling = rule_on(
            *state, category, alert, exercise=report.exercise, is_nearby=bool(containing)
        )
        rulings.append(_on_commune(commune, ruling, alert, category, containing=containing))
    for neighbour in placement.neighbours:
        commune, next_to = neighbour.commune, neighbour.next_to
        category = category_in(commune.departement)
        alert = alert_of.pop(commune.code, None)
        ruling = rule_on_neighbour(
            *state, category, alert, exercise=report.exercise, next_to=next_to
        )
        if ruling.kind or ruling.rule == "narrowed":
            rulings.append(_on_commune(commune, ruling, alert, category, next_to=next_to))
    for alert in alert_of.values() if placement.is_placed else ():
        former = commune_by_code(alert.organisation)
        if alert.is_open and former is not None:
            category = category_in(former.departement)
            ruling = _rule_on_no_longer_affected(report, category, alert)
            moved_to = _where_now(report, category, placement)
            rulings.append(_on_commune(former, ruling, alert, category, moved_to=moved_to))
    ruled = {ruling.organisation.code for ruling in rulings}
    concerned = list_communes(placement.communes)
    rulings += [
        _on_commune(commune, rule_on_edge(concerned), None, category_in(commune.departement))
        for commune in placement.excluded
        if commune.code not in ruled
    ]
    return sorted(rulings, key=lambda ruling: (ruling.is_to_neighbour, not ruling.opens))


def _on_commune(
    commune: Commune, ruling: Ruling, alert: Alert | None, category: Category, **where: Any
) -> OrganisationRuling:
    """Return the ruling on a commune, which is told by law."""
    ref = OrganisationRef(OrganisationKind.COMMUNE, commune.code)
    audience = Audience([commune], **where)
    return OrganisationRuling(ref, commune.name, audience, ruling, alert, category)


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
