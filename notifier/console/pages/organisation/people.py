"""People of an organisation in the order in which they are told; who comes, who leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.console.forms.organisation import AppointForm, EndForm, PostForm
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.organisation.lookup import (
    is_stored,
    mandate_or_404,
    organisation_or_404,
    require_own,
    require_present_or_own,
    stored,
    url_of,
)
from notifier.console.pages.paging import id_of
from notifier.delivery.last_deliveries import last_deliveries
from notifier.directory.absences import absences_of
from notifier.directory.address_health import AddressHealth, health_of
from notifier.directory.changes import changing
from notifier.directory.contacts import delete_mandates
from notifier.directory.election import confirm_mandate
from notifier.directory.lookup import describe_mandate, mandates_since
from notifier.directory.mandates import (
    Holder,
    MandateError,
    NewMandate,
    amend,
    appoint,
    end,
    move,
    put_in_order,
)
from notifier.directory.models import (
    Absence,
    Address,
    ChangeKind,
    Function,
    Mandate,
    Organisation,
    OrganisationKind,
)
from notifier.directory.on_call.planning import shifts_between
from notifier.territory.grammar import with_de
from notifier.territory.resolve import adjacent_communes

SEE, EDIT = Permission.SEE_PEOPLE, Permission.EDIT_PEOPLE
# How far back a text that arrived says that an address works.
_DELIVERED_WITHIN = timedelta(days=90)


@dataclass(frozen=True)
class PersonRow:
    """Somebody in the order of telling, as the page shows them."""

    mandate: Mandate
    addresses: list[tuple[Address, AddressHealth]]
    absence: Absence | None
    is_on_call: bool
    is_first: bool
    """Whether nobody of the same function comes before."""
    is_last: bool

    @property
    def is_to_come(self) -> bool:
        """Whether the mandate has not begun."""
        starts_on = self.mandate.starts_on
        return starts_on is not None and starts_on > timezone.localdate()


@page(SEE)
@require_safe
def people(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Show who is told, in which order, and how their addresses do."""
    one = organisation_or_404(request.scope, SEE, kind, code)
    neighbours = adjacent_communes(code) if kind == OrganisationKind.COMMUNE else ()
    within = request.scope.communes(SEE)
    context = {
        **frame(request.scope, one),
        "rows": rows_of(one),
        "neighbours": [commune for commune in neighbours if commune.code in within],
    }
    return render(request, "organisation/people.html", context)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def appoint_person(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Add somebody, perhaps in the place of somebody else."""
    one = organisation_or_404(request.scope, EDIT, kind, code)
    present = mandates_since(one, timezone.now()) if is_stored(one) else []
    form = AppointForm(one, present, request.POST or None, initial=_first_choice(request, present))
    if request.method == "POST" and form.is_valid():
        by_number = {mandate.pk: mandate for mandate in present}
        new = NewMandate(form.post(), form.holder, form.addresses)
        replaced = by_number.get(form.cleaned_data.get("replaced") or 0)
        try:
            made = appoint(stored(one), new, str(request.user), replaced)
        except (ValidationError, MandateError) as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"Inscription faite : {describe_mandate(made)}.")
            return redirect(url_of(one))
    return render(request, "organisation/appoint.html", {**frame(request.scope, one), "form": form})


@page(SEE)
@require_safe
def mandate(request: ConsoleRequest, mandate: int) -> HttpResponse:
    """Show one person: function, period, addresses, absences."""
    shown = mandate_or_404(request.scope, SEE, mandate)
    one = shown.organisation
    found = next((row for row in rows_of(one) if row.mandate.pk == shown.pk), None)
    context = {
        **frame(request.scope, one),
        "mandate": shown,
        "row": found,
        "absences": [a for a in absences_of(one, timezone.now()) if a.mandate_id == shown.pk],
    }
    return render(request, "organisation/mandate.html", context)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def amend_mandate(request: ConsoleRequest, mandate: int) -> HttpResponse:
    """Correct a name, a function, a period."""
    shown = mandate_or_404(request.scope, EDIT, mandate)
    person, one = shown.person, shown.organisation
    form = PostForm(
        one,
        request.POST or None,
        initial={
            "function": shown.function,
            "civility": person.civility,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "starts_on": shown.starts_on,
            "ends_on": shown.ends_on,
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            holder = form.holder
            require_present_or_own(request.scope, EDIT, shown)
            if holder != Holder(person.last_name, person.first_name, person.civility):
                require_own(request.scope, EDIT, person)
            is_same = form.cleaned_data["function"] == shown.function
            amend(shown, holder, form.post(shown.rank if is_same else None), str(request.user))
        except (ValidationError, MandateError) as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "C’est enregistré.")
            return redirect("console:mandate", mandate=shown.pk)
    context = {**frame(request.scope, one), "mandate": shown, "form": form}
    return render(request, "organisation/amend.html", context)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def end_mandate(request: ConsoleRequest, mandate: int) -> HttpResponse:
    """Ask for the last day of a mandate."""
    shown = mandate_or_404(request.scope, EDIT, mandate)
    form = EndForm(
        shown.organisation, request.POST or None, initial={"last_day": timezone.localdate()}
    )
    if request.method == "POST" and form.is_valid():
        try:
            require_present_or_own(request.scope, EDIT, shown)
            end(shown, form.cleaned_data["last_day"], str(request.user))
        except (ValidationError, MandateError) as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"Le mandat {with_de(shown.holder_name)} prend fin.")
            return redirect(url_of(shown.organisation))
    context = {
        **frame(request.scope, shown.organisation),
        "mandate": shown,
        "form": form,
        "confirm": "Mettre fin au mandat",
        "back": url_of(shown.organisation),
        "is_dangerous": True,
    }
    return render(request, "organisation/end.html", context)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def delete_mandate(request: ConsoleRequest, mandate: int) -> HttpResponse:
    """Ask, then delete a mandate, and its person with the last one."""
    shown = mandate_or_404(request.scope, EDIT, mandate)
    one = shown.organisation
    if request.method == "POST":
        delete_mandates([shown.pk], str(request.user))
        messages.success(request, f"Suppression faite : {describe_mandate(shown)}.")
        return redirect(url_of(one))
    context = {
        **frame(request.scope, one),
        "mandate": shown,
        "confirm": "Supprimer",
        "back": reverse("console:mandate", args=[shown.pk]),
        "is_dangerous": True,
    }
    return render(request, "organisation/delete.html", context)


@page(EDIT)
@require_POST
def confirm_person(request: ConsoleRequest, mandate: int) -> HttpResponse:
    """Take note that somebody holds the mandate and that all their addresses are right."""
    shown = mandate_or_404(request.scope, EDIT, mandate)
    try:
        require_present_or_own(request.scope, EDIT, shown)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        with changing(ChangeKind.CONFIRMATION, str(request.user)):
            confirm_mandate(shown, timezone.now())
        messages.success(request, f"Mandat et adresses {with_de(shown.holder_name)} confirmés.")
    return redirect(url_of(shown.organisation))


@page(EDIT)
@require_POST
def move_mandate(request: ConsoleRequest, mandate: int) -> HttpResponse:
    """Have somebody told before or after their neighbour of the same function."""
    shown = mandate_or_404(request.scope, EDIT, mandate)
    if move(shown, str(request.user), is_up=request.POST.get("to") == "up"):
        messages.success(request, f"{shown.holder_name} a changé de place.")
    return redirect(url_of(shown.organisation))


@page(EDIT)
@require_POST
def order(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Take the order into which rows were dragged."""
    one = organisation_or_404(request.scope, EDIT, kind, code)
    ids = [id_of(part) for part in request.POST.get("order", "").split(",")]
    known = [number for number in ids if number is not None]
    try:
        if is_stored(one) and put_in_order(one, known, str(request.user)):
            messages.success(request, "L’ordre est enregistré.")
    except MandateError as refusal:
        messages.error(request, str(refusal))
    return redirect(url_of(one))


def rows_of(one: Organisation) -> list[PersonRow]:
    """Return the people of an organisation with what is known of them; as many queries for all."""
    if not is_stored(one):
        return []
    now = timezone.now()
    mandates = mandates_since(one, now)
    absences = {a.mandate_id: a for a in absences_of(one, now) if a.starts_at <= now}
    on_call = {shift.mandate_id for shift in shifts_between(one, now, now + timedelta(seconds=1))}
    values = {address.value for m in mandates for address in m.person.addresses.all()}
    arrived = last_deliveries(values, now - _DELIVERED_WITHIN)
    functions = [mandate.function for mandate in mandates]
    return [
        PersonRow(
            mandate,
            [
                (address, health_of(address, arrived.get(address.value)))
                for address in mandate.person.addresses.all()
            ],
            absences.get(mandate.pk),
            mandate.pk in on_call,
            functions.index(mandate.function) == place,
            len(functions) - 1 - functions[::-1].index(mandate.function) == place,
        )
        for place, mandate in enumerate(mandates)
    ]


def frame(scope: Scope, one: Organisation) -> dict[str, Any]:
    """Return what every page of an organisation needs."""
    return {
        "organisation": one,
        "is_commune": one.kind == OrganisationKind.COMMUNE,
        "may_edit": _covers(scope, EDIT, one),
        "may_reveal": _covers(scope, Permission.SEE_ADDRESSES, one),
        "may_test": _covers(scope, Permission.TEST_SEND, one),
        "may_edit_territory": is_stored(one) and _covers(scope, Permission.EDIT_TERRITORY, one),
        "may_see_incidents": scope.has(Permission.SEE_INCIDENTS),
    }


def _covers(scope: Scope, permission: Permission, one: Organisation) -> bool:
    if not scope.has(permission):
        return False
    if scope.territory(permission).is_everything:
        return True
    if not is_stored(one):
        return one.code in scope.communes(permission)
    return scope.organisations(permission).filter(pk=one.pk).exists()


def _first_choice(request: ConsoleRequest, present: list[Mandate]) -> dict[str, Any]:
    """Propose the function of the address, and its holder as the one who is replaced."""
    function = request.GET.get("fonction", "")
    if function not in Function.values:
        return {}
    holder = next((one for one in present if one.function == function), None)
    replaced = holder.pk if holder and function in ("maire", "president") else ""
    return {"function": function, "replaced": replaced}
