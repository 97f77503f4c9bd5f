"""A groupement narrows what its communes are told: only ever less, and within the law."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from notifier.alerting.kinds import Kind
from notifier.alerting.models import PolicyNarrowing
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.narrowing import covers, is_obliged, narrowed, refusal
from notifier.intake.schema.vocabulary import Severity
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import ACCIDENT, CROWD, FIRE, JONCHEREY, MISSING, SECRET, THEFT, number
from tests.alerting.planning import (
    LANDLORD,
    METROPOLE,
    POINT,
    World,
    addresses,
    commune,
    narrowing,
    rule,
    site,
    somebody,
)

OBLIGED = "article L132-3 du code de la sécurité intérieure"
ALLOWED = "article L2212-2 du code général des collectivités territoriales"
DELLE = commune("90033")


@pytest.fixture
def free(operator) -> None:
    """Categories that the law allows to tell; only C07 (public order) must be told."""
    text = written(FAMILIES).replace(OBLIGED, ALLOWED)
    head, of_c07 = text.split("[families.C07]")
    operator(f"{head}[families.C07]{of_c07.replace(ALLOWED, OBLIGED, 1)}")


pytestmark = pytest.mark.usefixtures("free")


def world(*narrowings: PolicyNarrowing, **more: Any) -> World:
    people = [
        somebody(1, "maire", email="maire@delle.example"),
        somebody(2, "adjoint"),
        somebody(3, "police_municipale"),
    ]
    return World(narrowings=narrowings, people={DELLE: people, **more.pop("people", {})}, **more)


def told(plan) -> list[tuple[str, str]]:
    return addresses(n for one in plan.alert_plans for n in one.notifications)


def rulings(plan) -> list[tuple[str | None, str]]:
    return [(r.kind, r.ruling.rule) for r in plan.ruled_report.rulings]


def test_a_category_that_is_withheld_is_told_to_nobody_and_the_ruling_names_why() -> None:
    plan = world(narrowing("C01", is_withheld=True, pk=12)).push()
    assert told(plan) == []
    assert rulings(plan) == [(None, "narrowed")]
    (ruling,) = plan.ruled_report.rulings
    assert "restriction n° 12 du 28/11/2026" in ruling.ruling.reason


def test_another_departement_and_another_category_are_told_as_before() -> None:
    elsewhere = narrowing("C01", is_withheld=True, departement="25")
    assert told(world(elsewhere).push()) == told(world().push())
    other = narrowing("C04", is_withheld=True)
    assert told(world(other).push()) == told(world().push())


def test_what_the_law_obliges_to_tell_is_told_whatever_is_narrowed() -> None:
    everything_less = narrowing(
        "C07", is_withheld=True, from_severity="extreme", is_routine=True, is_by_mail_only=True
    )
    plain, less = world().push(category=CROWD), world(everything_less).push(category=CROWD)
    assert told(less) == told(plain) != []
    assert less.alert_plans[0].notifications[0].lane == plain.alert_plans[0].notifications[0].lane


def test_from_a_severity_upwards() -> None:
    raised = narrowing("C01", from_severity="extreme")
    assert rulings(world(raised).push(severity="severe")) == [(None, "narrowed")]
    assert told(world(raised).push(severity="extreme")) == told(world().push(severity="extreme"))


def test_a_threshold_of_the_file_is_never_lowered() -> None:
    lower = narrowing("C07", from_severity="moderate")
    assert rulings(world(lower).push(category=CROWD, severity="moderate")) == [
        (None, "below_threshold")
    ]


def test_what_the_file_withholds_is_withheld_by_it() -> None:
    plan = world(narrowing("C02", from_severity="severe")).push(category=SECRET)
    assert rulings(plan) == [(None, "withheld")]


def test_without_urgency_and_by_mail_only() -> None:
    slower = world(narrowing("C01", is_routine=True)).push()
    assert {n.lane for n in slower.alert_plans[0].notifications} == {"routine"}
    assert told(slower) == told(world().push())
    quiet = world(narrowing("C01", is_by_mail_only=True)).push()
    # The police has no mailbox: whoever has none of the channels gets it on the other.
    assert ("sms", "+33639980001") not in told(quiet)
    assert ("email", "maire@delle.example") in told(quiet)
    assert {n.lane for n in quiet.alert_plans[0].notifications} == {"routine"}


def test_the_functions_told_are_fewer_and_the_mayor_is_always_among_them() -> None:
    alone = narrowing("C01", functions=["astreinte"])
    plan = world(alone).push()
    assert {n.title for n in plan.alert_plans[0].notifications} == {"maire"}
    obliged = narrowing("C07", functions=["maire"])
    plan = world(obliged).push(category=CROWD)
    assert {n.title for n in plan.alert_plans[0].notifications} == {"maire"}


def test_where_none_of_those_kept_is_there_the_others_are_told_as_before() -> None:
    only_police = {DELLE: [somebody(2, "dgs"), somebody(3, "police_municipale")]}
    plan = World(narrowings=[narrowing("C01", functions=["maire"])], people=only_police).push()
    assert told(plan) == told(World(people=only_police).push()) == [("sms", "+33639980003")]


def test_an_end_is_told_to_whoever_read_the_alert_before_the_narrowing() -> None:
    here = world()
    here.push()
    here.narrowings = [narrowing("C01", is_withheld=True)]
    rise = here.push(severity="extreme")
    assert rulings(rise) == [(None, "narrowed")]
    assert rulings(here.push(status="closed")) == [(Kind.END, "closed")]


def test_what_the_mayor_is_not_told_no_convention_tells() -> None:
    people = {METROPOLE: [somebody(9, "president")]}
    plan = world(narrowing("C01", is_withheld=True, pk=3), rules=[rule()], people=people).push()
    assert told(plan) == []
    assert rulings(plan) == [(None, "narrowed"), (None, "narrowed")]
    assert "restriction n° 3" in plan.ruled_report.rulings[1].ruling.reason


def test_a_convention_without_a_lane_of_its_own_is_no_faster_than_the_mayor() -> None:
    people = {METROPOLE: [somebody(9, "president")]}
    plan = world(narrowing("C01", is_routine=True), rules=[rule()], people=people).push()
    assert {n.lane for one in plan.alert_plans for n in one.notifications} == {"routine"}


def test_a_neighbour_that_is_not_told_for_it_has_a_ruling() -> None:
    plan = world(narrowing("C10", is_withheld=True)).push(category=MISSING)
    assert {rule for _, rule in rulings(plan)} == {"narrowed"}
    assert len(rulings(plan)) > 1


@pytest.mark.parametrize(
    ("narrowed_code", "code", "is_covered"),
    [
        ("C01.01.00", "C01.01.03", True),
        ("C01.01.00", "C01.01.00", True),
        ("C01.00.00", "C01.05.02", True),
        ("C01", "C01.05.02", True),
        ("C01.01.03", "C01.01.03", True),
        ("C01.01.03", "C01.01.00", False),
        ("C01.01.00", "C01.10.00", False),
    ],
)
def test_a_narrowing_counts_for_what_inherits(narrowed_code, code, is_covered) -> None:
    assert covers(narrowed_code, code) is is_covered


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (narrowing("C99", is_withheld=True), "n’est pas dans la configuration"),
        (narrowing("C01", is_withheld=True, reason=" "), "pourquoi"),
        (narrowing("C02", is_withheld=True), "annoncée à personne"),
        (narrowing("C07", is_withheld=True), "la loi impose"),
        (narrowing("C07", is_routine=True), "la loi impose"),
        (narrowing("C03", is_routine=True), "ne change rien"),
        (narrowing("C07", functions=["maire", "astreinte", "police_municipale"]), "ne change rien"),
    ],
)
def test_what_cannot_be_narrowed_is_refused_in_a_sentence(asked, said) -> None:
    assert said in refusal(asked, categories())


def test_what_can_be_narrowed_is_taken() -> None:
    for asked in (
        narrowing("C01", is_withheld=True),
        narrowing("C04", from_severity="severe"),
        narrowing("C07", functions=["maire"]),
    ):
        assert refusal(asked, categories()) == ""


some_narrowings = st.lists(
    st.builds(
        narrowing,
        st.sampled_from(["C01", "C03", "C04", "C07", "C10", "C01.01.01"]),
        departement=st.sampled_from(["90", "90", "25"]),
        is_withheld=st.booleans(),
        from_severity=st.sampled_from(["", *(s.value for s in Severity)]),
        is_routine=st.booleans(),
        is_by_mail_only=st.booleans(),
        functions=st.lists(
            st.sampled_from(["maire", "adjoint", "astreinte", "police_municipale"]), unique=True
        ),
    ),
    max_size=3,
)
SHARED_MAILBOX = "quelqu-un@delle.example"
some_people = st.lists(
    st.builds(
        somebody,
        st.integers(1, 6),
        st.sampled_from(["maire", "adjoint", "astreinte", "police_municipale", "dgs"]),
        email=st.sampled_from(["", SHARED_MAILBOX]),
        mobile=st.sampled_from([None, ""]),
    ),
    max_size=5,
    unique_by=lambda person: person.person_id,
)


@given(
    narrowings=some_narrowings,
    people=some_people,
    category=st.sampled_from([ACCIDENT, SECRET, THEFT, FIRE, CROWD, MISSING]),
    severity=st.sampled_from(list(Severity)),
)
@example(
    narrowings=[narrowing("C01", is_by_mail_only=True)],
    people=[
        somebody(2, "adjoint", email=SHARED_MAILBOX),
        somebody(1, "maire", email=SHARED_MAILBOX, mobile=""),
    ],
    category=ACCIDENT,
    severity=Severity.SEVERE,
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_is_ever_told_who_is_not_told_without_narrowings(
    narrowings, people, category, severity
) -> None:
    everyone = {DELLE: people, commune("90056"): people[:2]}
    asked = {"category": category, "severity": severity.value, "location": JONCHEREY}
    for where in ({"insee": "90033"}, JONCHEREY):
        asked["location"] = where
        plain = World(people=everyone).push(**asked)
        less = World(people=everyone, narrowings=narrowings).push(**asked)
        planned = [n for one in plain.alert_plans for n in one.notifications]
        before = {n.recipient: n for n in planned}
        # Of two people who share a mailbox one text goes there, for either of them.
        mailboxes = {n.address: n for n in planned}
        for one in less.alert_plans:
            for n in one.notifications:
                as_before = before.get(n.recipient) or mailboxes[n.address]
                assert (n.lane, as_before.lane) != ("urgent", "routine")
        # The law is not narrowed: the mayor reads what troubles public order as before.
        if is_obliged(categories().get(category)):
            mayors = {r for r, n in before.items() if n.title == "maire"}
            assert mayors <= {n.recipient for one in less.alert_plans for n in one.notifications}


def test_the_text_of_the_law_is_read_from_the_category() -> None:
    assert is_obliged(categories().get(CROWD))
    assert not is_obliged(categories().get(FIRE))


def test_a_narrowed_category_keeps_what_the_file_says_beside_it() -> None:
    fire = categories().get(FIRE)
    assert narrowed(fire, "90", [narrowing("C04", is_withheld=True)]).configured is fire
    assert narrowed(fire, "25", [narrowing("C04", is_withheld=True)]) is fire


def test_who_was_told_of_his_site_is_told_no_more_than_the_mayor() -> None:
    """Also where it cannot be known whether the incident is in the site still."""
    estate = rule(LANDLORD, 3, communes=(), sites=(site(),))
    vague = {"category": FIRE, "severity": "extreme"}

    def addresses_of(*narrowings: PolicyNarrowing) -> list[tuple[str, str]]:
        one = world(rules=[estate], people={LANDLORD: [somebody(4, "directeur")]})
        assert ("sms", number(4)) in told(one.push(location=POINT))
        one.narrowings = narrowings
        return told(one.push(**vague))

    assert ("sms", number(4)) in addresses_of()
    assert ("sms", number(4)) not in addresses_of(narrowing("C04", is_withheld=True))
