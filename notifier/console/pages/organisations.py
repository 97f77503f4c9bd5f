"""Organismes: the list, and what is known of one: added, changed, ended."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from notifier.accounts.roles import Permission
from notifier.console.forms.organisations import (
    LastDayForm,
    OrganisationFilter,
    OrganisationForm,
)
from notifier.console.navigation import url_or_none
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.paging import key_of
from notifier.console.territory import EDIT, administered, departements_of
from notifier.directory.models import Organisation, OrganisationKind
from notifier.directory.models.organisations import known_departement
from notifier.directory.organisation_changes import record_organisation
from notifier.directory.organisation_end import end_organisation
from notifier.directory.organisations import (
    OrganisationError,
    add_organisation,
    change_organisation,
)
from notifier.moments import written_day

SEE = Permission.SEE_PEOPLE
_PAGE = 50


@page(SEE)
@require_safe
def organisations(request: ConsoleRequest) -> HttpResponse:
    """List the organisations, all kinds but communes unless they are asked for."""
    departements = departements_of(request.scope, SEE)
    within = request.scope.organisations(SEE)
    chosen = OrganisationFilter(request.GET, within, departements=departements)
    found = chosen.qs if chosen.form.is_valid() else within.none()
    if not request.GET.get("kind"):
        found = found.exclude(kind=OrganisationKind.COMMUNE)
    rows, next_key = _part(found, key_of(request, "apres"))
    return render(
        request,
        "organisations/list.html",
        {
            "form": chosen.form,
            "rows": rows,
            "next_key": next_key,
            "may_edit": request.scope.has(EDIT),
        },
    )


def _part(
    found: QuerySet[Organisation], after: int | None
) -> tuple[list[Organisation], int | None]:
    """Return the page after an organisation, by name, and after which the next begins."""
    if after is not None and (last := found.filter(pk=after).first()):
        found = found.filter(Q(name__gt=last.name) | Q(name=last.name, pk__gt=last.pk))
    rows = list(found.select_related("parent").order_by("name", "pk")[: _PAGE + 1])
    return rows[:_PAGE], rows[_PAGE - 1].pk if len(rows) > _PAGE else None


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_organisation(request: ConsoleRequest) -> HttpResponse:
    """Add an organisation in a département that the reader administers."""
    form = _form(request)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        ref, parent = given["ref"], given["parent"]
        where = known_departement(ref.kind, ref.code) or given["departement"]
        where = where or (parent.departement if parent else "")
        if where not in administered(request.scope):
            form.add_error(
                "departement" if ref.kind not in ("commune", "epci") else "code",
                "Choisir un département que vous administrez."
                if not where
                else f"Cet organisme est du département {where}, que vous n’administrez pas.",
            )
        else:
            fields = {name: given[name] for name in ("nature", "phone", "parent")}
            try:
                with transaction.atomic():
                    new = add_organisation(ref, given["name"], {**fields, "departement": where})
                    record_organisation(new, {}, author=str(request.user), is_new=True)
            except (OrganisationError, ValidationError) as refusal:
                _show(form, refusal)
            else:
                messages.success(request, f"{new.name} est inscrit. Donnez-lui son territoire.")
                return redirect("console:organisation-zones", new.kind, new.code)
    return render(request, "organisations/edit.html", {"form": form, "one": None})


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_organisation(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Change what is known of an organisation."""
    one = get_object_or_404(request.scope.organisations(EDIT), kind=kind, code=code)
    form = _form(request, one)
    if request.method == "POST" and form.is_valid():
        names = ("name", "nature", "phone", "departement", "parent")
        fields = {name: form.cleaned_data[name] for name in names if name in form.fields}
        try:
            with transaction.atomic():
                changed = change_organisation(one, fields)
                record_organisation(one, changed, author=str(request.user), is_new=False)
        except ValidationError as refusal:
            _show(form, refusal)
        else:
            messages.success(request, f"{one.name} est à jour.")
            return redirect(organisation_url(one))
    return render(request, "organisations/edit.html", {"form": form, "one": one})


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def close_organisation(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """End an organisation after a day, once that is confirmed."""
    one = get_object_or_404(request.scope.organisations(EDIT), kind=kind, code=code)
    form = LastDayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        last_day = form.cleaned_data["last_day"]
        try:
            end_organisation(one, last_day, str(request.user))
        except OrganisationError as refusal:
            form.add_error(None, f"{refusal}.")
        else:
            said = f"{one.name} : plus personne n’y sera prévenu après le {written_day(last_day)}."
            messages.success(request, said)
            return redirect(organisation_url(one))
    context = {
        "one": one,
        "form": form,
        "confirm": "Clore cet organisme",
        "back": organisation_url(one),
        "is_dangerous": True,
    }
    return render(request, "organisations/end.html", context)


def organisation_url(one: Organisation) -> str:
    """Return the address of an organisation's own page."""
    own = url_or_none("console:organisation", one.kind, one.code)
    return own or reverse("console:organisation-zones", args=[one.kind, one.code])


def _form(request: ConsoleRequest, one: Organisation | None = None) -> OrganisationForm:
    return OrganisationForm(
        request.POST or None,
        departements=administered(request.scope),
        scope=request.scope,
        one=one,
    )


def _show(form: OrganisationForm, refusal: Exception) -> None:
    """Show what the directory refuses beside the field that it is about."""
    if not isinstance(refusal, ValidationError):
        form.add_error(None, f"{refusal}.")
        return
    said: dict[str, Any] = (
        refusal.message_dict if hasattr(refusal, "error_dict") else {"": refusal.messages}
    )
    for name, reasons in said.items():
        for reason in reasons:
            form.add_error(name if name in form.fields else None, reason)
