"""Whatever the conventions say: nobody outside their territory, nothing more than the mayor's text.

Plans of random incidents, rules and people, in memory; the rules are stated anew here, by hand.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifier.alerting.decision.plan import AlertPlan, ReportPlan
from notifier.alerting.policy.terms import BY_LAW, Terms, parse_terms
from notifier.directory.conventions.rules import AgreementRule
from notifier.directory.models import OrganisationRef
from notifier.directory.recipients import Recipient
from notifier.intake.schema.vocabulary import Severity
from tests.alerting.house import (
    ACCIDENT,
    BORDER,
    CROWD,
    FIRE,
    GIROMAGNY,
    JONCHEREY,
    MISSING,
    SECRET,
    THEFT,
)
from tests.alerting.planning import POINT, World, rule, site, somebody

pytestmark = pytest.mark.usefixtures("rules")

COMMUNES = ("90033", "90052", "90056")
STREET = "rue de Déridé"
ORGANISATIONS = [
    OrganisationRef("epci", "200069052"),
    OrganisationRef("prefecture", "90"),
    OrganisationRef("partenaire", "habitat"),
    OrganisationRef("quartier", "centre"),
    OrganisationRef("commune", "90010"),
    OrganisationRef("commune", "90056"),
]
FULL, WITHOUT_PLACE, FIGURE = "complet", "sans_lieu", "chiffre"
LOCATIONS = [{"insee": "90033"}, POINT, JONCHEREY, GIROMAGNY, BORDER]

codes = st.sampled_from(["", "C01", "C01.01.01", "C02", "C03", "C04", "C07", "C10", "C01.01.02"])
incidents = st.fixed_dictionaries(
    {
        "category": st.sampled_from([ACCIDENT, SECRET, THEFT, FIRE, CROWD, MISSING]),
        "severity": st.sampled_from([s.value for s in Severity]),
        "status": st.sampled_from(["engaged", "on_scene", "engaged", "closed", "cancelled"]),
        "location": st.sampled_from(LOCATIONS).map(lambda where: {**where, "label": STREET}),
        "exercise": st.just(False),
    }
)
people = st.lists(
    st.builds(
        somebody,
        st.integers(1, 6),
        st.sampled_from(["maire", "president", "vice_president", "habitant_relais"]),
    ),
    max_size=4,
)


@st.composite
def agreement_rules(draw: st.DrawFn) -> list[AgreementRule]:
    """Up to six rules, of which several may tell the same organisation."""
    number = draw(st.integers(0, 6))
    return [
        rule(
            draw(st.sampled_from(ORGANISATIONS)),
            rule_id,
            categories=tuple(draw(st.lists(codes, min_size=1, max_size=3))),
            from_severity=draw(st.sampled_from(["", "severe", "extreme"])),
            communes=tuple(draw(st.sets(st.sampled_from(COMMUNES)))),
            sites=(site(),) if draw(st.booleans()) else (),
            lane=draw(st.sampled_from(["", "urgent", "routine"])),
            detail=draw(st.sampled_from([FULL, WITHOUT_PLACE, FIGURE])),
            functions=tuple(draw(st.sets(st.sampled_from(["president", "vice_president"])))),
            narrowed=draw(st.dictionaries(st.sampled_from(COMMUNES), st.tuples(codes), max_size=2)),
        )
        for rule_id in range(1, number + 1)
    ]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Rules, and people of which some have several mandates."""
    refs = [*ORGANISATIONS, *(OrganisationRef("commune", code) for code in COMMUNES)]
    listed: dict[OrganisationRef, list[Recipient]] = {ref: draw(people) for ref in refs}
    return World(draw(agreement_rules()), listed)


def by_law(plan: AlertPlan) -> bool:
    return plan.organisation_ruling.terms.is_by_law


def told(report_plan: ReportPlan) -> list[AlertPlan]:
    """Those who are told by a convention, now or when a person releases it."""
    return [p for p in report_plan.alert_plans if not by_law(p) and p.alert is not None]


def allows(one: AgreementRule, body: dict[str, Any], commune: str, told_before: Terms) -> bool:
    """Whether a rule tells of an incident in a commune, read as a jurist would.

    Whoever it told that it is in his site reads on while nobody can say whether it still is.
    """

    def covers(code: str) -> bool:
        return code == "" or body["category"] == code or body["category"].startswith(f"{code}.")

    is_in_site = body["location"].get("latitude") == POINT["latitude"]
    was_in_site = one.rule_id in told_before.rules and commune in told_before.communes
    is_still = is_in_site or (was_in_site and "latitude" not in body["location"])
    is_here = commune in one.communes or (commune == "90033" and bool(one.sites) and is_still)
    is_grave = not one.from_severity or (Severity(body["severity"]) >= Severity(one.from_severity))
    kept = any(covers(code) for code in one.narrowed.get(commune, ()))
    return is_here and is_grave and any(map(covers, one.categories)) and not kept


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(worlds(), incidents, incidents)
def test_no_plan_tells_too_much(world: World, first: dict[str, Any], then: dict[str, Any]) -> None:
    for body in (first, then):
        before = {a.ref: parse_terms(a.terms) for a in world.alerts if a.is_open}
        report_plan = world.push(**body)
        affected = set(report_plan.report.communes)
        for plan in told(report_plan):
            _check(world, plan, body, affected, before)
        refs = [alert.ref for alert in world.alerts]
        assert len(set(refs)) == len(refs)
        _one_text_each(report_plan)


def _check(
    world: World,
    plan: AlertPlan,
    body: dict[str, Any],
    affected: set[str],
    before: dict[OrganisationRef, Terms],
) -> None:
    kind, told_ref = plan.organisation_ruling.kind, plan.organisation_ruling.organisation
    assert kind is not None
    assert plan.alert is not None
    if kind.closes:
        # Who read it reads its end, whatever became of the rule; nobody else does.
        assert told_ref in before
        return
    assert body["category"] != SECRET
    assert not (body["category"] == CROWD and Severity(body["severity"]) < Severity.SEVERE)
    own = [one for one in world.rules if one.organisation == told_ref]
    communes = plan.organisation_ruling.terms.communes
    assert set(communes) <= affected
    for commune in communes:
        applying = [one for one in own if allows(one, body, commune, before.get(told_ref, BY_LAW))]
        assert any(one.detail != FIGURE for one in applying)
        if not any(one.detail == FULL for one in applying):
            assert STREET not in _everything(plan)
            assert plan.alert.facts["place"] is None
    for one in plan.organisation_ruling.terms.rules:
        assert any(rule.rule_id == one for rule in own)
    _no_more_than_the_mayor(plan, body)


def _no_more_than_the_mayor(plan: AlertPlan, body: dict[str, Any]) -> None:
    """Of what the report says only what its category lets a mayor read; his own site is his."""
    if body["category"] in (THEFT, MISSING):
        assert STREET not in _everything(plan)
    codes_and_numbers = re.findall(r"90033|90052|90056|\+33639980", _everything(plan))
    assert codes_and_numbers == []


def _everything(plan: AlertPlan) -> str:
    assert plan.texts is not None
    return plan.texts.sms + plan.texts.subject + plan.texts.plain + plan.texts.html


def _one_text_each(report_plan: ReportPlan) -> None:
    """Nobody whom a convention tells reads the same channel twice, but for an end and a start."""
    seen: set[tuple[str, str, bool]] = set()
    for plan in report_plan.alert_plans:
        if plan.alert is None or plan.organisation_ruling.kind is None:
            continue
        for n in plan.notifications:
            key = n.recipient, n.channel.value, plan.organisation_ruling.kind.closes
            assert by_law(plan) or key not in seen
            seen.add(key)
