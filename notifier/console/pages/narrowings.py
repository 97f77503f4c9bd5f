"""A groupement narrows a rule: proposed, compared with the last 90 days, applied, lifted."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notifier.alerting.models import PolicyReplay, ReplayState
from notifier.alerting.policy.current import categories, label_of
from notifier.alerting.policy.narrowing import NarrowingError, in_words
from notifier.alerting.policy_changes import adopt, narrowings_so_far, propose, propose_lifting
from notifier.console.forms.rules import NarrowingForm, ReasonForm
from notifier.console.pages.access import ConsoleRequest, page, posted
from notifier.console.pages.paging import key_of
from notifier.console.pages.rules import EDIT, departements_of

_PAGE = 50


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def narrow(request: ConsoleRequest, category: str) -> HttpResponse:
    """Ask what is to be told less of a category, and why; then compare it with the past."""
    found = categories().get(category)
    departements = departements_of(request.scope)
    if found is None or not departements or not NarrowingForm.fields_for(found):
        raise Http404
    form = NarrowingForm(posted(request), category=found, departements=departements)
    if request.method == "POST" and form.is_valid():
        try:
            comparison = propose(form.narrowing(), str(request.user))
        except NarrowingError as refused:
            form.add_error(None, _sentence(refused))
        else:
            return redirect("console:comparison", comparison.pk)
    return render(request, "rules/narrow.html", {"form": form, "category": found})


@page(EDIT)
@require_safe
def narrowings(request: ConsoleRequest) -> HttpResponse:
    """List what is and was narrowed, by whom and why, the latest first."""
    rows = narrowings_so_far(request.scope.narrowings(EDIT), key_of(request), _PAGE + 1)
    listed = [(one, label_of(one.category)) for one in rows[:_PAGE]]
    next_key = rows[_PAGE - 1].pk if len(rows) > _PAGE else None
    return render(request, "rules/narrowings.html", {"rows": listed, "next_key": next_key})


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: ConsoleRequest, narrowing: int) -> HttpResponse:
    """Ask why a narrowing ends; then compare its end with the past."""
    one = get_object_or_404(request.scope.narrowings(EDIT), pk=narrowing)
    form = ReasonForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            comparison = propose_lifting(one, form.cleaned_data["reason"], str(request.user))
        except NarrowingError as refused:
            form.add_error(None, _sentence(refused))
        else:
            return redirect("console:comparison", comparison.pk)
    context = {
        "form": form,
        "one": one,
        "label": label_of(one.category),
        "confirm": "Comparer avec les 90 derniers jours",
        "back": reverse("console:narrowings"),
    }
    return render(request, "rules/lift.html", context)


@dataclass(frozen=True)
class Row:
    """One figure of a comparison: before, after, and how many more (negative: fewer)."""

    label: str
    before: int
    after: int

    @property
    def change(self) -> str:
        """The difference as people write it: "+12", "−3", "="."""
        difference = self.after - self.before
        return f"{difference:+d}".replace("-", "\u2212") if difference else "="


def rows_of(comparison: PolicyReplay) -> list[Row]:
    """Return the figures of a comparison."""
    before, after = comparison.before, comparison.after
    texts = [sum(of.get(name, 0) for name in ("sms", "mails")) for of in (before, after)]
    named = {
        "sms": "dont SMS",
        "mails": "dont courriels",
        "night_sms": "SMS de nuit (de 22 h à 6 h)",
        "not_told": "Organismes non prévenus, par restriction",
    }
    return [
        Row("Textes envoyés", *texts),
        *(Row(label, before.get(name, 0), after.get(name, 0)) for name, label in named.items()),
    ]


@page(EDIT)
@require_safe
def comparison(request: ConsoleRequest, comparison: int) -> HttpResponse:
    """Show how far a comparison has come, then what the change would have done."""
    one = _comparison(request, comparison)
    context = {
        "one": one,
        "what": in_words(one.narrowing),
        "label": label_of(one.narrowing.category),
        "rows": rows_of(one),
        "is_running": one.state == ReplayState.RUNNING,
        "is_done": one.state == ReplayState.DONE,
        "forbidden": one.after.get("forbidden", 0),
    }
    return render(request, "rules/comparison.html", context)


@page(EDIT)
@require_POST
def apply_change(request: ConsoleRequest, comparison: int) -> HttpResponse:
    """Put a compared change into force."""
    one = _comparison(request, comparison)
    try:
        adopt(one, str(request.user))
    except NarrowingError as refused:
        messages.error(request, _sentence(refused))
        return redirect("console:comparison", one.pk)
    done = "levée" if one.is_lifting else "en vigueur"
    messages.success(request, f"La restriction est {done} dans moins d’une minute, pour tous.")
    return redirect("console:narrowings")


def _comparison(request: ConsoleRequest, pk: int) -> PolicyReplay:
    within = PolicyReplay.objects.filter(narrowing__in=request.scope.narrowings(EDIT))
    return get_object_or_404(within.select_related("narrowing"), pk=pk)


def _sentence(refused: NarrowingError) -> str:
    said = str(refused)
    return f"{said[:1].upper()}{said[1:]}."
