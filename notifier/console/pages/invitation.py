"""Accept an invitation: whoever has the link opens an account, or takes one more role."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from notifier.accounts.grants import GrantError
from notifier.accounts.invitations import accept, accept_with, account_of, invitation_by_key
from notifier.accounts.log_in.proof import note_proof
from notifier.accounts.models import Invitation, User
from notifier.console.forms.accounts import NewAccountForm


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest, key: str) -> HttpResponse:
    """Show what the invitation opens; only a press of the button takes it: filters open links."""
    invitation = invitation_by_key(key)
    if invitation is None:
        return render(request, "accounts/invitation_over.html", status=410)
    if account_of(invitation) is not None:
        return _with_account(request, invitation)
    form = NewAccountForm(invitation.email, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user = accept(invitation, data["first_name"], data["last_name"], data["password"])
        except GrantError as error:
            form.add_error(None, str(error))
        else:
            get_adapter().login(request, user)
            note_proof(request, user, "password")
            messages.success(request, f"Compte ouvert. Votre identifiant : {user.username}.")
            return redirect("/")
    return render(request, "accounts/accept.html", {"form": form, "invitation": invitation})


def _with_account(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Let whoever has an account with the address take the role once logged in."""
    if request.method == "POST" and isinstance(request.user, User):
        try:
            accept_with(invitation, request.user)
        except GrantError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"Rôle ajouté : {invitation}.")
            return redirect("/")
    return render(request, "accounts/accept_with.html", {"invitation": invitation})
