"""Every ruling: by status, severity, disclosure and what the commune was told so far."""

from __future__ import annotations

from itertools import product

import pytest

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.text_kind import rule_on, rule_on_no_longer_affected
from notifier.intake.schema.vocabulary import Severity, Status

RUNNING = (Status.ENGAGED, Status.ON_SCENE)
OVER = (Status.CLOSED, Status.CANCELLED)
NOT_TOLD, CLOSED_ALERT = None, Alert(is_open=False, severity=Severity.MODERATE)

NOTHING = None


def category(disclosure: str) -> Category:
    return Category(
        code="C07.01.01",
        label="attroupement",
        disclosure=disclosure,  # type: ignore[arg-type] # a plain string from the table below
        threshold=Severity.SEVERE if disclosure == "threshold" else None,
        lane="urgent",
        channels=("sms",),
        lifetime_minutes=180,
        place=True,
        tell=("maire",),
        legal_basis="article L132-3 du code de la sécurité intérieure",
    )


def announced(severity: Severity, *, exercise: bool = False) -> Alert:
    return Alert(is_open=True, severity=severity, facts={"exercise": exercise})


# Disclosure, severities -> kind and rule, for a commune that was told nothing, of a running event.
FIRSTS = [
    ("notify", tuple(Severity), Kind.FIRST, "notify"),
    ("threshold", (Severity.MINOR, Severity.MODERATE), NOTHING, "below_threshold"),
    ("threshold", (Severity.SEVERE, Severity.EXTREME), Kind.FIRST, "threshold"),
    ("withhold", tuple(Severity), NOTHING, "withheld"),
]


@pytest.mark.parametrize(("disclosure", "severities", "kind", "rule"), FIRSTS)
@pytest.mark.parametrize("status", RUNNING)
def test_a_commune_that_was_told_nothing(disclosure, severities, kind, rule, status) -> None:
    for severity in severities:
        ruling = rule_on(status, severity, category(disclosure), NOT_TOLD, exercise=False)
        assert (ruling.kind, ruling.rule) == (kind, rule)
        assert ruling.reason


@pytest.mark.parametrize(("disclosure", "severities", "kind", "rule"), FIRSTS)
@pytest.mark.parametrize("status", RUNNING)
def test_a_commune_whose_alert_was_over_is_told_anew(
    disclosure, severities, kind, rule, status
) -> None:
    for severity in severities:
        ruling = rule_on(status, severity, category(disclosure), CLOSED_ALERT, exercise=False)
        assert (ruling.kind, ruling.rule) == (kind, "reopened" if kind else rule)


@pytest.mark.parametrize(
    ("alert", "rule"), [(NOT_TOLD, "over"), (CLOSED_ALERT, "no_news")], ids=["never told", "over"]
)
def test_an_end_that_nobody_waits_for_is_told_to_nobody(alert, rule) -> None:
    for status, severity, disclosure in product(
        OVER, Severity, ("notify", "threshold", "withhold")
    ):
        ruling = rule_on(status, severity, category(disclosure), alert, exercise=False)
        assert (ruling.kind, ruling.rule) == (NOTHING, rule)


def test_an_end_is_told_where_an_alert_is_open_whatever_the_category_says_by_now() -> None:
    for severity, before, disclosure in product(
        Severity, Severity, ("notify", "threshold", "withhold")
    ):
        for status, kind in ((Status.CLOSED, Kind.END), (Status.CANCELLED, Kind.CANCELLATION)):
            ruling = rule_on(
                status, severity, category(disclosure), announced(before), exercise=False
            )
            assert (ruling.kind, ruling.rule) == (kind, status)


@pytest.mark.parametrize("status", RUNNING)
@pytest.mark.parametrize("before", Severity)
def test_an_update_is_told_when_severity_rises_and_only_then(status, before) -> None:
    for severity in Severity:
        ruling = rule_on(status, severity, category("notify"), announced(before), exercise=False)
        rises = list(Severity).index(severity) > list(Severity).index(before)
        expected = (Kind.UPDATE, "severity_rise") if rises else (NOTHING, "no_news")
        assert (ruling.kind, ruling.rule) == expected


@pytest.mark.parametrize(
    ("disclosure", "severity", "kind", "rule"),
    [
        ("withhold", Severity.EXTREME, NOTHING, "withheld"),
        ("threshold", Severity.MODERATE, NOTHING, "below_threshold"),
        ("threshold", Severity.EXTREME, Kind.UPDATE, "severity_rise"),
    ],
)
def test_a_rise_is_kept_back_where_the_category_became_secret(
    disclosure, severity, kind, rule
) -> None:
    ruling = rule_on(
        Status.ENGAGED, severity, category(disclosure), announced(Severity.MINOR), exercise=False
    )
    assert (ruling.kind, ruling.rule) == (kind, rule)


@pytest.mark.parametrize("status", RUNNING)
@pytest.mark.parametrize(
    ("told_as", "is_now", "rule"),
    [(True, False, "real_after_all"), (False, True, "exercise_after_all")],
)
def test_a_drill_that_becomes_real_or_the_reverse_is_told_anew(
    status, told_as, is_now, rule
) -> None:
    for severity, before in product(Severity, Severity):
        alert = announced(before, exercise=told_as)
        ruling = rule_on(status, severity, category("notify"), alert, exercise=is_now)
        assert (ruling.kind, ruling.rule) == (Kind.FIRST, rule)
        secret = rule_on(status, severity, category("withhold"), alert, exercise=is_now)
        assert (secret.kind, secret.rule) == (NOTHING, "withheld")


@pytest.mark.parametrize(
    ("told_of", "is_nearby", "status", "kind", "rule"),
    [
        ({"holders": ["Delle"]}, False, Status.ENGAGED, Kind.FIRST, "moved_here"),
        ({"holders": ["Delle"]}, True, Status.ENGAGED, NOTHING, "no_news"),
        ({"holders": []}, True, Status.ENGAGED, NOTHING, "no_news"),
        ({"holders": ["Delle"]}, False, Status.CLOSED, Kind.END, "closed"),
        ({"holders": ["Delle"]}, False, Status.CANCELLED, Kind.CANCELLATION, "cancelled"),
        ({"next_to": "Delle"}, True, Status.ENGAGED, Kind.FIRST, "moved_here"),
    ],
)
def test_what_comes_into_the_commune_is_told_anew_what_leaves_for_its_edge_is_not(
    told_of, is_nearby, status, kind, rule
) -> None:
    alert = announced(Severity.SEVERE)
    alert.facts |= told_of
    said = status, Severity.SEVERE
    ruling = rule_on(*said, category("notify"), alert, exercise=False, is_nearby=is_nearby)
    assert (ruling.kind, ruling.rule) == (kind, rule)
    assert ("en limite" in ruling.reason) is (rule == "moved_here")
    if kind is Kind.FIRST:
        kept = rule_on(*said, category("withhold"), alert, exercise=False, is_nearby=is_nearby)
        assert (kept.kind, kept.rule) == (NOTHING, "withheld")


def test_a_commune_that_is_no_longer_concerned_is_told_so() -> None:
    ruling = rule_on_no_longer_affected()
    assert (ruling.kind, ruling.rule) == (Kind.CANCELLATION, "moved")
