"""Rule on each organisation that a convention tells of a report, or told before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from notifier.alerting.decision.agreements import Agreement, Outcome, agreements_on
from notifier.alerting.decision.placement import Placement
from notifier.alerting.decision.ruling import OrganisationRuling
from notifier.alerting.models import Alert
from notifier.alerting.notification.text_facts import Audience
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.terms import parse_terms
from notifier.alerting.policy.text_kind import (
    Ruling,
    rule_on,
    rule_on_agreement_over,
    rule_on_no_longer_affected,
    rule_on_organisation,
    withheld,
)
from notifier.directory.conventions.rules import AgreementRule
from notifier.directory.models import OrganisationRef
from notifier.intake.models import Report
from notifier.intake.schema.vocabulary import Status
from notifier.territory.resolve import Commune, commune_by_code


def rule_on_organisations(
    report: Report,
    category: Category,
    placement: Placement,
    alerts: Sequence[Alert],
    rules: Sequence[AgreementRule],
    narrowed_in: Mapping[Commune, Category],
) -> list[OrganisationRuling]:
    """Return the rulings under conventions, those that read the most first.

    Nothing of what is withheld from the mayors, but the end of what was told. Who is in a territory
    but in none of the sites there is left out. `narrowed_in` are the communes whose groupement
    narrows the category.
    """
    alert_of = {alert.ref: alert for alert in alerts}
    is_withheld = withheld(report.severity, category) is not None
    where: dict[str, Any] = {
        "nearby": placement.nearby,
        "containing": placement.containing,
        "narrowed_in": narrowed_in,
        "told": {ref: parse_terms(a.terms) for ref, a in alert_of.items() if a.is_open and a.terms},
    }
    found = (
        [] if is_withheld else agreements_on(report, category, placement.communes, rules, **where)
    )
    rulings = []
    for agreement in found:
        alert = alert_of.get(agreement.organisation)
        is_announced = alert is not None and alert.is_open
        if alert is not None and alert.is_open and not alert.terms:
            continue  # the law has this commune told
        if agreement.outcome is Outcome.TOLD:
            rulings.append(_told_by(agreement, report, category, placement, alert))
        elif agreement.outcome is not Outcome.ELSEWHERE and not is_announced:
            rulings.append(_not_told_by(agreement, report, category, narrowed_in))
        else:
            continue
        alert_of.pop(agreement.organisation, None)
    left = {a.organisation for a in found if a.outcome is Outcome.ELSEWHERE}
    former = (
        _former(report, category, placement, alert, left)
        for alert in alert_of.values()
        if alert.is_open and alert.terms
    )
    return [*rulings, *filter(None, former)]


def _told_by(
    agreement: Agreement,
    report: Report,
    category: Category,
    placement: Placement,
    alert: Alert | None,
) -> OrganisationRuling:
    is_nearby = all(commune in placement.nearby for commune in agreement.communes)
    ruling = rule_on_organisation(
        report.status,
        report.severity,
        category,
        alert,
        exercise=report.exercise,
        terms=agreement.terms,
    )
    audience = Audience(
        agreement.communes,
        containing=placement.containing if is_nearby else (),
        organisation=agreement.name,
        terms=agreement.terms,
        instead_of=_moved_from(agreement, alert) if ruling.rule == "moved_within" else (),
    )
    return OrganisationRuling(
        agreement.organisation, agreement.name, audience, ruling, alert, category, agreement.terms
    )


def _moved_from(agreement: Agreement, alert: Alert | None) -> list[Commune]:
    told = parse_terms(alert.terms).communes if alert else ()
    left = [code for code in told if code not in agreement.terms.communes]
    return [commune for commune in map(commune_by_code, left) if commune is not None]


_WHY_NOT = {
    Outcome.FIGURE: "compté dans un chiffre seulement",
    Outcome.KEPT_BACK: "la commune n’en fait pas part",
    Outcome.UNSURE: "le lieu n’est pas connu assez bien pour dire si c’est sur l’un de ses sites",
}


def _not_told_by(
    agreement: Agreement,
    report: Report,
    category: Category,
    narrowed_in: Mapping[Commune, Category],
) -> OrganisationRuling:
    if agreement.outcome is Outcome.NARROWED:
        by = (withheld(report.severity, narrowed_in[c]) for c in agreement.communes)
        why = next(ruling.reason for ruling in by if ruling)
    else:
        why = _WHY_NOT[agreement.outcome]
    reason = f"{why}, {agreement.terms.in_words}"
    return OrganisationRuling(
        agreement.organisation,
        agreement.name,
        Audience(agreement.communes, organisation=agreement.name, terms=agreement.terms),
        Ruling(None, agreement.outcome, reason),
        None,
        category,
        agreement.terms,
    )


def _former(
    report: Report,
    category: Category,
    placement: Placement,
    alert: Alert,
    left: Collection[OrganisationRef],
) -> OrganisationRuling | None:
    """Rule on an organisation that has an open alert and is told by no rule now.

    `left` are those whose site it is no longer in. None while it is uncertain where it is.
    """
    terms = parse_terms(alert.terms)
    communes = [c for c in map(commune_by_code, terms.communes) if c is not None]
    if not communes or not placement.is_placed:
        return None
    affected = {commune.code for commune in placement.communes}
    if report.status in (Status.CLOSED, Status.CANCELLED):
        ruling = rule_on(report.status, report.severity, category, alert, exercise=report.exercise)
    elif alert.ref in left or affected.isdisjoint(terms.communes):
        ruling = rule_on_no_longer_affected()
    else:
        ruling = withheld(report.severity, category) or rule_on_agreement_over()
    audience = Audience(communes, organisation=alert.organisation_name, terms=terms)
    return OrganisationRuling(
        alert.ref, alert.organisation_name, audience, ruling, alert, category, terms
    )
