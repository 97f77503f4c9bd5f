"""Where a report in doubt is: its clues side by side, the map, and a person's decision."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from notifier.accounts.roles import Permission
from notifier.alerting.policy.current import label_of, list_communes
from notifier.alerting.review.decisions import ReviewError, decide_communes, dismiss
from notifier.alerting.review.notices import (
    candidates,
    deadline,
    is_contested_by_organisation,
    is_late,
)
from notifier.console.clues import clues_of
from notifier.console.forms.decision import DecisionForm, DismissalForm
from notifier.console.french import typography
from notifier.console.pages.access import ConsoleRequest, page
from notifier.intake.models import Report, ReportState
from notifier.territory.resolve import commune_by_code

DECIDE = Permission.DECIDE_REVIEWS
# So many of the probable communes are brought out on the map.
MAX_HIGHLIGHTED = 12


@page(DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: ConsoleRequest, report: UUID) -> HttpResponse:
    """Show what waits of its incident, and take the decision: chosen, read back, confirmed."""
    reports = request.scope.reports(DECIDE).select_related("incident__source")
    asked = get_object_or_404(reports, pk=report)
    waiting = reports.filter(incident=asked.incident_id, state=ReportState.REVIEW)
    together = list(waiting.order_by("-sequence"))
    if not together:
        messages.info(request, f"{asked} n’attend plus de décision.")
        return redirect("console:incident", asked.incident_id)
    if together[0].is_resources_only:
        return _dismiss(request, together)
    form = DecisionForm(
        together,
        request.POST if request.method == "POST" else None,
        request.scope.communes(DECIDE),
    )
    if form.is_valid() and form.is_confirmed and _decide(request, together, form):
        return redirect("console:incident", asked.incident_id)
    probable = candidates(together)
    point = _point(together[0])
    context = {
        "asked": together[0],
        "by_organisation": is_contested_by_organisation(together[0]),
        "category": label_of(together[0].category),
        "until": deadline(together[0]),
        "is_late": is_late(together[0]),
        "compared": [(one, list(clues_of(one))) for one in together],
        "candidates": probable,
        "departement": _departement(together[0], [c.commune.departement for c in probable]),
        "highlight": [c.commune.code for c in probable[:MAX_HIGHLIGHTED]],
        "point": point,
        "form": form,
    }
    return render(request, "incidents/review.html", context, status=422 if form.errors else 200)


def _decide(request: ConsoleRequest, together: list[Report], form: DecisionForm) -> bool:
    codes = form.cleaned_data["codes"]
    try:
        decided = decide_communes(
            together, codes, who=str(request.user), why=form.cleaned_data["why"]
        )
    except ReviewError as error:
        form.refuse(_sentence(error))
        return False
    chosen = list_communes([found for found in map(commune_by_code, codes) if found])
    said = f"{decided.reference} : {chosen}. Ce qui est à annoncer part aussitôt."
    messages.success(request, typography(said))
    return True


def _dismiss(request: ConsoleRequest, together: list[Report]) -> HttpResponse:
    """Show resources whose report never came, and how to close the matter."""
    form = DismissalForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            dismiss(together, who=str(request.user), why=form.cleaned_data["why"])
        except ReviewError as error:
            form.add_error(None, _sentence(error))
        else:
            messages.success(request, typography(f"{together[0].reference} : classée sans suite."))
            return redirect("console:incident", together[0].incident_id)
    context = {"asked": together[0], "form": form, "confirm": "Classer sans suite"}
    return render(request, "incidents/dismiss.html", context, status=422 if form.errors else 200)


def _point(report: Report) -> tuple[float, float] | None:
    latitude, longitude = report.location.get("latitude"), report.location.get("longitude")
    return (latitude, longitude) if latitude is not None and longitude is not None else None


def _departement(report: Report, found: list[str]) -> str:
    """Return which one the map shows: of the most probable commune, else the source's first."""
    return next(iter(found), next(iter(report.source.departements), ""))


def _sentence(error: Exception) -> str:
    text = str(error)
    return typography(f"{text[:1].upper()}{text[1:]}.")
