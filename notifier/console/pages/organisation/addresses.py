"""One address: corrected, tried, confirmed."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notifier.accounts.roles import Permission
from notifier.alerting.address_test import AddressTestError, answer_test, last_tests, send_test
from notifier.console.forms.organisation import AddressForm, CodeForm, NewAddressForm
from notifier.console.pages.access import ConsoleRequest, page
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
    if form.is_valid():
        try:
            require_own(request.scope, EDIT, shown.person)
            change_address(
                shown, form.cleaned_data["value"], mandate.organisation, str(request.user)
            )
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, "L’adresse est corrigée ; ce qui attendait encore part à la nouvelle."
            )
            return redirect("console:mandate", mandate=mandate.pk)
    return _render(request, shown, mandate, form=form)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: ConsoleRequest, mandate: int) -> HttpResponse:
    """Add an address to a person."""
    holder = mandate_or_404(request.scope, EDIT, mandate)
    form = NewAddressForm(holder.organisation, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            require_own(request.scope, EDIT, holder.person)
            add_address(
                holder.person,
                AddressKind(form.cleaned_data["kind"]),
                form.cleaned_data["value"],
                holder.organisation,
                str(request.user),
            )
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "L’adresse est ajoutée.")
            return redirect("console:mandate", mandate=holder.pk)
    context = {**frame(request.scope, holder.organisation), "mandate": holder, "form": form}
    return render(request, "organisation/add_address.html", context)


@page(EDIT)
@require_POST
def remove(request: ConsoleRequest, address: int) -> HttpResponse:
    """Forget an address."""
    shown = address_or_404(request.scope, EDIT, address)
    mandate = mandate_of(request.scope, EDIT, shown)
    try:
        require_own(request.scope, EDIT, shown.person)
        remove_address(shown, str(request.user))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return redirect("console:address", address=shown.pk)
    messages.success(request, "L’adresse est retirée.")
    return redirect("console:mandate", mandate=mandate.pk)


@page(EDIT)
@require_POST
def first(request: ConsoleRequest, address: int) -> HttpResponse:
    """Have it tried before the person's others."""
    shown = address_or_404(request.scope, EDIT, address)
    mandate = mandate_of(request.scope, EDIT, shown)
    try:
        require_own(request.scope, EDIT, shown.person)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        if try_first(shown, str(request.user)):
            messages.success(request, "Cette adresse est maintenant essayée la première.")
    return redirect("console:mandate", mandate=mandate.pk)


@page(EDIT)
@require_POST
def confirm_one(request: ConsoleRequest, address: int) -> HttpResponse:
    """Take note that it is right; what its owner refused is accepted again where they say so."""
    shown = address_or_404(request.scope, EDIT, address)
    is_accepted = request.POST.get("accepted") == "yes"
    try:
        if is_accepted:
            require_own(request.scope, EDIT, shown.person)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return redirect("console:address", address=shown.pk)
    with changing(ChangeKind.CONFIRMATION, str(request.user)):
        confirm(shown, timezone.now(), is_accepted_again=is_accepted)
    messages.success(request, "L’adresse est confirmée : elle est de nouveau essayée.")
    return redirect("console:address", address=shown.pk)


@page(TEST)
@require_POST
def send(request: ConsoleRequest, address: int) -> HttpResponse:
    """Send a test text with a code to be read back."""
    shown = address_or_404(request.scope, TEST, address)
    mandate = mandate_of(request.scope, TEST, shown)
    try:
        send_test(shown, mandate, str(request.user))
    except AddressTestError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’essai part. Appelez la personne, et saisissez le code lu.")
    return redirect("console:address", address=shown.pk)


@page(TEST)
@require_POST
def answer(request: ConsoleRequest, address: int) -> HttpResponse:
    """Compare the code that was read back; the right one confirms the address."""
    shown = address_or_404(request.scope, TEST, address)
    mandate = mandate_of(request.scope, TEST, shown)
    test = last_tests([shown.pk]).get(shown.pk)
    try:
        if test is None:
            raise AddressTestError("Aucun essai n’attend de code : envoyez-en un.")
        if answer_test(test, mandate, request.POST.get("code", ""), str(request.user)):
            messages.success(request, "C’est le bon code : l’adresse est confirmée.")
        else:
            messages.error(request, "Ce n’est pas ce code : faites-le relire.")
    except AddressTestError as refusal:
        messages.error(request, str(refusal))
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
