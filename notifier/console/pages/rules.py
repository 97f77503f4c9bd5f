"""Règles: the categories in force, who is told of what, how fast, by which text and article."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.alerting.models import PolicyNarrowing
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.examples import examples_of
from notifier.alerting.policy.narrowing import covers, is_obliged, narrowed
from notifier.alerting.policy.narrowings import narrowings_at
from notifier.alerting.policy.search import has_words
from notifier.alerting.policy_changes import in_force
from notifier.console.forms.rules import CategoryFilter, NarrowingForm
from notifier.console.pages.access import ConsoleRequest, page
from notifier.delivery.models import Channel
from notifier.directory.models import Function
from notifier.intake.schema.vocabulary import Severity
from notifier.territory.zones.departements import all_departements

EDIT = Permission.EDIT_RULES


@dataclass(frozen=True)
class Rule:
    """A category as people read it, for one département."""

    category: Category
    is_obliged: bool
    """Whether the law has the mayor informed of it without delay."""

    @property
    def code(self) -> str:
        """Its code."""
        return self.category.code

    @property
    def is_told(self) -> bool:
        """Whether it is told to anybody, at some severity."""
        return self.category.disclosure != "withhold"

    @property
    def is_narrowed(self) -> bool:
        """Whether the département narrows it."""
        return self.category.configured is not None

    @property
    def since(self) -> str:
        """From which severity it is told, in French; empty for all."""
        threshold = self.category.threshold
        return Severity(threshold).label if threshold else ""

    @property
    def functions(self) -> list[str]:
        """Who is told at once."""
        return [Function(function).label for function in self.category.tell]

    @property
    def channels(self) -> str:
        """By which channels, in French."""
        names = {Channel.SMS.value: "SMS", Channel.EMAIL.value: "courriel"}
        return " et ".join(names[channel] for channel in self.category.channels)


def departements_of(scope: Scope) -> list[str]:
    """Return the départements whose rules a reader may narrow, ordered by code."""
    territory = scope.territory(EDIT)
    if territory.is_everything:
        return [one.code for one in all_departements()]
    return sorted(territory.departements)


def rule_of(category: Category, departement: str, narrowings: Sequence[PolicyNarrowing]) -> Rule:
    """Return a category as it applies in a département."""
    return Rule(narrowed(category, departement, narrowings), is_obliged(category))


@page(EDIT)
@require_safe
def rules(request: ConsoleRequest) -> HttpResponse:
    """List the categories, by family."""
    departements = departements_of(request.scope)
    if not departements:
        raise Http404
    known = categories()
    families = sorted({code[:3] for code in known.codes()})
    form = CategoryFilter(request.GET or None, departements=departements, families=families)
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    departement = chosen.get("departement") or departements[0]
    narrowings = narrowings_at()
    listed = [
        rule
        for code in known.codes()
        if (category := known.get(code))
        and _is_wanted(rule := rule_of(category, departement, narrowings), chosen)
    ]
    context = {
        "form": form,
        "departement": departement,
        "several": len(departements) > 1,
        "families": list(_by_family(listed)),
        "count": len(listed),
        "narrowings": in_force([departement]),
    }
    return render(request, "rules/list.html", context)


def _is_wanted(rule: Rule, chosen: dict[str, str]) -> bool:
    category = rule.category
    if chosen.get("famille") and category.family != chosen["famille"]:
        return False
    told = chosen.get("annonce")
    is_of_kind = {
        "annoncees": rule.is_told, "tues": not rule.is_told, "restreintes": rule.is_narrowed
    }  # fmt: skip
    if told and not is_of_kind[told]:
        return False
    return has_words(category, chosen.get("q") or "")


def _by_family(listed: Sequence[Rule]) -> Iterator[tuple[str, str, list[Rule]]]:
    known = categories()
    for family in dict.fromkeys(rule.category.family for rule in listed):
        whole = known.get(f"{family}.00.00")
        rows = [rule for rule in listed if rule.category.family == family]
        yield family, whole.label if whole else "", rows


@page(EDIT)
@require_safe
def rule(request: ConsoleRequest, category: str) -> HttpResponse:
    """Show one category: whom, how, by which text; and what the reader's départements narrow."""
    found = categories().get(category)
    departements = departements_of(request.scope)
    if found is None or not departements:
        raise Http404
    held = [n for n in in_force(departements) if covers(n.category, category)]
    context = {
        "rule": Rule(found, is_obliged(found)),
        "examples": examples_of(found),
        "narrowings": held,
        "may_narrow": bool(NarrowingForm.fields_for(found)),
    }
    return render(request, "rules/one.html", context)
