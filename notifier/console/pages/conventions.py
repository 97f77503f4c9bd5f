"""Conventions: the list, one with its rules in words, narrowed and ended, and what it changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from notifier.accounts.roles import Permission
from notifier.alerting.convention_effect import effect_of
from notifier.alerting.policy.conventions import rule_label
from notifier.alerting.policy.current import label_of
from notifier.alerting.release.relay import relays_under
from notifier.console.forms.conventions import (
    ConventionFilter,
    EndForm,
    NarrowingForm,
    WeekForm,
)
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.territory import EDIT
from notifier.directory.conventions.deadlines import next_deadline
from notifier.directory.conventions.extent import consents_under
from notifier.directory.conventions.store import (
    ConventionError,
    end_convention,
    lift_narrowing,
    narrow,
    still_open,
)
from notifier.directory.conventions.words import (
    describe_deadline,
    describe_narrowing,
    describe_period,
    describe_rule,
)
from notifier.directory.models import Convention, ConventionRule
from notifier.moments import written_day
from notifier.territory.resolve import commune_by_code

SEE = Permission.SEE_PEOPLE
# A commune's own administrator says what it keeps.
KEEP = Permission.EDIT_PEOPLE
_PAGE = 50
# Days before a deadline from which it is to be noticed.
_SOON = 90


@dataclass(frozen=True)
class Listed:
    """A convention as the list shows it."""

    convention: Convention
    deadline: str
    kind: str
    """Of the badge."""
    state: str


@page(SEE)
@require_safe
def conventions(request: ConsoleRequest) -> HttpResponse:
    """List the conventions that tell somebody within the reader's territory, or of it."""
    chosen = ConventionFilter(request.GET, request.scope.conventions(SEE))
    found = chosen.qs if chosen.form.is_valid() else request.scope.conventions(SEE).none()
    if after := request.GET.get("apres", ""):
        found = found.filter(reference__gt=after)
    now = timezone.now()
    in_force = Count("rules", filter=still_open_rules(now), distinct=True)
    rows = list(found.annotate(in_force=in_force).order_by("reference")[: _PAGE + 1])
    shown = rows[:_PAGE]
    return render(
        request,
        "conventions/list.html",
        {
            "form": chosen.form,
            "rows": [_listed(one) for one in shown],
            "next_key": shown[-1].reference if len(rows) > _PAGE else None,
            "may_edit": request.scope.has(EDIT),
        },
    )


def still_open_rules(now: object) -> Q:
    """Return the condition of a convention's rules that have not ended."""
    return Q(rules__ends_at=None) | Q(rules__ends_at__gt=now)


def _listed(one: Convention) -> Listed:
    today = timezone.localdate()
    deadline = next_deadline(one, today)
    if not one.in_force:  # type: ignore[attr-defined] # annotated
        state = ("off", "close")
    elif deadline is not None and (deadline.day - today).days <= _SOON:
        state = ("wait", "échéance proche")
    else:
        state = ("ok", "en vigueur")
    return Listed(one, describe_deadline(one, today), *state)


@page(SEE)
@require_safe
def convention(request: ConsoleRequest, convention: str) -> HttpResponse:
    """Show one: dates, parties, rules in words, what communes keep, consents, what waits."""
    one = get_object_or_404(request.scope.conventions(SEE), reference=convention)
    now = timezone.now()
    rules = list(one.rules.select_related("organisation", "territory_of").order_by("id"))
    current = [rule for rule in rules if rule.ends_at is None or rule.ends_at > now]
    narrowings = one.narrowings.filter(still_open(now)).order_by("commune")
    own = request.scope.communes(KEEP)
    alerts = request.scope.alerts(Permission.SEE_INCIDENTS)
    return render(
        request,
        "conventions/show.html",
        {
            "one": one,
            "deadline": describe_deadline(one, timezone.localdate()),
            "parties": list(one.parties.order_by("name")),
            "own": set(
                request.scope.organisations(SEE)
                .filter(pk__in=one.parties.values("pk"))
                .values_list("pk", flat=True)
            ),
            "current": [_in_words(rule) for rule in current],
            "past": [_in_words(rule) for rule in rules if rule not in current],
            "narrowings": [
                (n, _commune(n.commune), describe_narrowing(n, rule_label), n.commune in own)
                for n in narrowings
            ],
            "consents": consents_under({rule.organisation for rule in current}),
            "waiting": relays_under([rule.pk for rule in rules], alerts),
            "may_edit": _may_edit(request, one),
            "may_keep": request.scope.has(KEEP) and bool(current),
            "is_over": not current,
        },
    )


@dataclass(frozen=True)
class RuleInWords:
    """A rule for people to read."""

    rule: ConventionRule
    who: str
    lines: list[str]
    period: str


def _in_words(rule: ConventionRule) -> RuleInWords:
    who, *lines = describe_rule(rule, rule_label)
    return RuleInWords(rule, who, [line.strip() for line in lines], describe_period(rule))


def _may_edit(request: ConsoleRequest, one: Convention) -> bool:
    return request.scope.conventions(EDIT).filter(pk=one.pk).exists()


def _commune(code: str) -> str:
    found = commune_by_code(code)
    return found.label if found else code


@page(KEEP)
@require_http_methods(["GET", "HEAD", "POST"])
def keep_back(request: ConsoleRequest, convention: str) -> HttpResponse:
    """Have a commune of the reader keep something from a convention's organisations."""
    one = get_object_or_404(request.scope.conventions(KEEP), reference=convention)
    own = request.scope.communes(KEEP)
    alone = next(iter(own.codes)) if len(own.codes) == 1 and not own.departements else ""
    form = NarrowingForm(
        request.POST or None,
        convention=one,
        categories=_categories(one.rules.all()),
        own=own,
        initial={"commune": alone},
    )
    if request.method == "POST" and form.is_valid():
        commune, kept = form.cleaned_data["commune"], form.cleaned_data["categories"]
        try:
            narrow(one.reference, commune.code, kept, str(request.user))
        except ConventionError as refusal:
            form.add_error(None, f"{refusal}.")
        else:
            messages.success(request, f"{commune.label} garde cela pour elle.")
            return redirect("console:convention", one.reference)
    context = {"one": one, "form": form}
    return render(request, "conventions/narrow.html", context)


def _categories(rules: Iterable[ConventionRule]) -> list[str]:
    now = timezone.now()
    current = (rule for rule in rules if rule.ends_at is None or rule.ends_at > now)
    return sorted({code for rule in current for code in rule.categories})


@page(KEEP)
@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: ConsoleRequest, convention: str, commune: str) -> HttpResponse:
    """Have a commune keep nothing back any more, once that is confirmed."""
    one = get_object_or_404(request.scope.conventions(KEEP), reference=convention)
    if commune not in request.scope.communes(KEEP):
        raise Http404
    if request.method == "POST":
        count = lift_narrowing(one.reference, commune, str(request.user))
        said = f"{_commune(commune)} ne garde plus rien." if count else "Rien n’était gardé."
        messages.success(request, said)
        return redirect("console:convention", one.reference)
    context = {"one": one, "commune": _commune(commune), "confirm": "Ne plus rien garder"}
    return render(request, "conventions/lift.html", context)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: ConsoleRequest, convention: str) -> HttpResponse:
    """End a convention, once that is confirmed."""
    one = get_object_or_404(request.scope.conventions(EDIT), reference=convention)
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        last_day = form.cleaned_data["last_day"]
        try:
            end_convention(one.reference, str(request.user), last_day)
        except ConventionError as refusal:
            form.add_error("last_day", f"{refusal}.")
        else:
            when = f"après le {written_day(last_day)}" if last_day else "à partir de maintenant"
            messages.success(request, f"Plus personne n’est prévenu à ce titre {when}.")
            return redirect("console:convention", one.reference)
    context = {"one": one, "form": form, "confirm": "Mettre fin", "is_dangerous": True}
    return render(request, "conventions/end.html", context)


@page(EDIT)
@require_safe
def effect(request: ConsoleRequest, convention: str) -> HttpResponse:
    """Show what a convention changes of a past week, told again without it and with it."""
    one = get_object_or_404(request.scope.conventions(EDIT), reference=convention)
    form = WeekForm(request.GET)
    reports = request.scope.reports(Permission.SEE_INCIDENTS)
    found = effect_of(one, form.monday, reports)
    rows = [
        {
            "name": d.told.name,
            "category": label_of(d.told.category),
            "without": d.without.incidents,
            "with_it": d.with_it.incidents,
            "sms": d.with_it.sms - d.without.sms,
            "mails": d.with_it.mails - d.without.mails,
        }
        for d in found.differences
    ]
    return render(
        request,
        "conventions/effect.html",
        {
            "one": one,
            "form": form,
            "effect": found,
            "rows": rows,
            "sms": sum(d.with_it.sms - d.without.sms for d in found.differences),
            "mails": sum(d.with_it.mails - d.without.mails for d in found.differences),
        },
    )
