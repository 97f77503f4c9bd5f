"""After an election: everybody is to be confirmed, how far that is, and its end."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.console.forms.campaigns import ElectionForm
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.paging import page_after
from notifier.directory.election import (
    end_election,
    progress_of,
    to_confirm,
    unconfirm_since,
    undisputed,
)
from notifier.directory.models import Change, ChangeKind
from notifier.territory.resolve import communes_in

_MAX_SHOWN = 10


@page(Permission.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def election(request: ConsoleRequest) -> HttpResponse:
    """Show the elections of the scope with their confirmations, and begin one."""
    communes = request.scope.communes(Permission.IMPORT)
    form = ElectionForm(request.POST if request.method == "POST" else None, communes=communes)
    if request.method == "POST" and form.is_valid():
        codes = _codes(request.scope, form.chosen)
        change = unconfirm_since(form.cleaned_data["day"], codes, str(request.user))
        if change is None:
            messages.info(request, "Personne n’est à confirmer : chacun est en fonction depuis.")
            return redirect("console:election")
        count = change.counts["changed"]
        messages.success(request, f"{count} mandats à confirmer ; ils sont prévenus entre-temps.")
        return redirect("console:election-progress", change.pk)
    organisations = request.scope.organisations(Permission.IMPORT)
    elections = [
        (change, progress_of(change, organisations))
        for change in _elections(request.scope)[:_MAX_SHOWN]
    ]
    context = {"form": form, "elections": elections}
    return render(request, "imports/election.html", context, status=422 if form.errors else 200)


@page(Permission.IMPORT)
@require_http_methods(["GET", "HEAD"])
def election_progress(request: ConsoleRequest, change: int) -> HttpResponse:
    """Show who is still to be confirmed after an election."""
    found = get_object_or_404(_elections(request.scope), pk=change)
    organisations = request.scope.organisations(Permission.IMPORT)
    rows = to_confirm(found, organisations).select_related("person", "organisation")
    mandates, last = page_after(rows, request)
    context = {
        "change": found,
        "progress": progress_of(found, organisations),
        "mandates": mandates,
        "last": last,
    }
    return render(request, "imports/election_progress.html", context)


@page(Permission.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: ConsoleRequest, change: int) -> HttpResponse:
    """Ask whether whoever is left counts as confirmed, and have it so."""
    found = get_object_or_404(_elections(request.scope), pk=change)
    organisations = request.scope.organisations(Permission.IMPORT)
    back = reverse("console:election-progress", args=[found.pk])
    if request.method == "POST":
        ended = end_election(found, organisations, str(request.user))
        count = ended.counts["changed"] if ended else 0
        messages.success(request, f"Élection terminée : {count} mandats tenus pour confirmés.")
        return redirect(back)
    to_end = undisputed(found, organisations).count()
    context = {
        "change": found,
        "count": to_end,
        "disputed": to_confirm(found, organisations).count() - to_end,
        "confirm": "Terminer",
        "back": back,
    }
    return render(request, "imports/election_end.html", context)


def _elections(scope: Scope) -> QuerySet[Change]:
    changes = scope.changes(Permission.IMPORT)
    return changes.filter(kind=ChangeKind.ELECTION, undone_by=None).order_by("-pk")


def _codes(scope: Scope, departement: str) -> set[str]:
    """Return the communes that are meant, those of the scope alone."""
    communes = scope.communes(Permission.IMPORT)
    departements = {departement} if departement else communes.departements
    codes = {commune.code for code in departements for commune in communes_in(code)}
    return {code for code in codes | communes.codes if code in communes}
