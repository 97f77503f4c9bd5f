"""One address: corrected, tried, confirmed."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notifier.accounts.roles import Permission
from notifier.alerting.address_test import AddressTestError, answer_test, last_tests, send_test
from notifier.console.forms.organisation import AddressForm, CodeForm, NewAddressForm
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.organisation.doing import is_done
from notifier.console.pages.organisation.lookup import (
    address_or_404,
    mandate_of,
    mandate_or_404,
    require_own,
)
from notifier.console.pages.organisation.people import EDIT, SEE, frame, rows_of
from notifier.directory.addresses import confirm
from notifier.directory.changes import changing
from notifier.directory.models import Address, AddressKind, ChangeKind, Mandate
from notifier.directory.person_addresses import (
    add_address,
    change_address,
    remove_address,
    try_first,
)

TEST = Permission.TEST_SEND


@page(SEE)
@require_safe
def address(request: ConsoleRequest, address: int) -> HttpResponse:
    """Show how an address does, and what can be done about it."""
    shown = address_or_404(request.scope, SEE, address)
    return _render(request, shown, mandate_of(request.scope, SEE, shown))


@page(EDIT)
@require_POST
def change(request: ConsoleRequest, address: int) -> HttpResponse:
    """Put another number or mailbox in its place."""
    shown = address_or_404(request.scope, EDIT, address)
    mandate = mandate_of(request.scope, EDIT, shown)
    form = AddressForm(mandate.organisation, request.POST)

    def act() -> str:
        require_own(request.scope, EDIT, shown.person)
        change_address(shown, form.cleaned_data["value"], mandate.organisation, str(request.user))
        return "L’adresse est corrigée ; ce qui attendait encore part à la nouvelle."

    if form.is_valid() and is_done(request, act, form):
        return redirect("console:mandate", mandate=mandate.pk)
    return _render(request, shown, mandate, form=form)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: ConsoleRequest, mandate: int) -> HttpResponse:
    """Add an address to a person."""
    holder = mandate_or_404(request.scope, EDIT, mandate)
    form = NewAddressForm(holder.organisation, request.POST or None)

    def act() -> str:
        require_own(request.scope, EDIT, holder.person)
        kind, value = AddressKind(form.cleaned_data["kind"]), form.cleaned_data["value"]
        add_address(holder.person, kind, value, holder.organisation, str(request.user))
        return "L’adresse est ajoutée."

    if request.method == "POST" and form.is_valid() and is_done(request, act, form):
        return redirect("console:mandate", mandate=holder.pk)
    context = {**frame(request.scope, holder.organisation), "mandate": holder, "form": form}
    return render(request, "organisation/add_address.html", context)


@page(EDIT)
@require_POST
def remove(request: ConsoleRequest, address: int) -> HttpResponse:
    """Forget an address."""
    shown = address_or_404(request.scope, EDIT, address)
    mandate = mandate_of(request.scope, EDIT, shown)
    number = shown.pk

    def act() -> str:
        require_own(request.scope, EDIT, shown.person)
        remove_address(shown, str(request.user))
        return "L’adresse est retirée."

    if not is_done(request, act):
        return redirect("console:address", address=number)
    return redirect("console:mandate", mandate=mandate.pk)


@page(EDIT)
@require_POST
def first(request: ConsoleRequest, address: int) -> HttpResponse:
    """Have it tried before the person's others."""
    shown = address_or_404(request.scope, EDIT, address)
    mandate = mandate_of(request.scope, EDIT, shown)

    def act() -> str:
        require_own(request.scope, EDIT, shown.person)
        is_moved = try_first(shown, str(request.user))
        return "Cette adresse est maintenant essayée la première." if is_moved else ""

    is_done(request, act)
    return redirect("console:mandate", mandate=mandate.pk)


@page(EDIT)
@require_POST
def confirm_one(request: ConsoleRequest, address: int) -> HttpResponse:
    """Take note that it is right; what its owner refused is accepted again where they say so."""
    shown = address_or_404(request.scope, EDIT, address)
    is_accepted = request.POST.get("accepted") == "yes"

    def act() -> str:
        if is_accepted:
            require_own(request.scope, EDIT, shown.person)
        with changing(ChangeKind.CONFIRMATION, str(request.user)):
            confirm(shown, timezone.now(), is_accepted_again=is_accepted)
        return "L’adresse est confirmée : elle est de nouveau essayée."

    is_done(request, act)
    return redirect("console:address", address=shown.pk)


@page(TEST)
@require_POST
def send(request: ConsoleRequest, address: int) -> HttpResponse:
    """Send a test text with a code to be read back."""
    shown = address_or_404(request.scope, TEST, address)
    mandate = mandate_of(request.scope, TEST, shown)

    def act() -> str:
        send_test(shown, mandate, str(request.user))
        return "L’essai part. Appelez la personne, et saisissez le code lu."

    is_done(request, act)
    return redirect("console:address", address=shown.pk)


@page(TEST)
@require_POST
def answer(request: ConsoleRequest, address: int) -> HttpResponse:
    """Compare the code that was read back; the right one confirms the address."""
    shown = address_or_404(request.scope, TEST, address)
    mandate = mandate_of(request.scope, TEST, shown)
    test = last_tests([shown.pk]).get(shown.pk)

    def act() -> str:
        if test is None:
            raise AddressTestError("Aucun essai n’attend de code : envoyez-en un.")
        if not answer_test(test, mandate, request.POST.get("code", ""), str(request.user)):
            raise AddressTestError("Ce n’est pas ce code : faites-le relire.")
        return "C’est le bon code : l’adresse est confirmée."

    is_done(request, act)
    return redirect("console:address", address=shown.pk)


def _render(
    request: ConsoleRequest,
    shown: Address,
    mandate: Mandate,
    *,
    form: AddressForm | None = None,
) -> HttpResponse:
    one = mandate.organisation
    found = [pair for row in rows_of(one) for pair in row.addresses if pair[0].pk == shown.pk]
    context = {
        **frame(request.scope, one),
        "mandate": mandate,
        "address": shown,
        "health": found[0][1] if found else None,
        "form": form or AddressForm(one),
        "code_form": CodeForm(one),
        "test": last_tests([shown.pk]).get(shown.pk),
        "now": timezone.now(),
    }
    return render(request, "organisation/address.html", context)
