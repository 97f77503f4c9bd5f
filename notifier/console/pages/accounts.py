"""Accounts within one's scope: who may do what here and until when, and changes of it."""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from notifier.accounts.access_log import accesses_of
from notifier.accounts.administration import (
    deactivate,
    may_administer,
    reactivate,
    remove_second_factors,
)
from notifier.accounts.grants import (
    GrantError,
    grant,
    leaves_nobody,
    may_manage,
    prolong,
    revoke,
)
from notifier.accounts.invitations import invite, waiting_invitations, withdraw
from notifier.accounts.log_in.proof import DEVICES
from notifier.accounts.models import Invitation, RoleAssignment, User
from notifier.accounts.roles import Permission
from notifier.console.forms.accounts import (
    InvitationForm,
    LastAdministratorForm,
    RoleForm,
    UntilForm,
)
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.paging import key_of
from notifier.console.pages.reauthentication import reauthenticated

PAGE_SIZE = 50
MANAGE = Permission.MANAGE_ACCOUNTS


@page(MANAGE)
def accounts(request: ConsoleRequest) -> HttpResponse:
    """List the accounts, the latest first, with the roles that hold within the scope."""
    found = _accounts(request)
    before = key_of(request)
    if before is not None:
        found = found.filter(pk__lt=before)
    shown = list(found[: PAGE_SIZE + 1])
    context = {
        "accounts": shown[:PAGE_SIZE],
        "last_id": shown[PAGE_SIZE - 1].pk if len(shown) > PAGE_SIZE else None,
        "invitations": [] if before is not None else waiting_invitations(request.scope),
    }
    return render(request, "accounts/list.html", context)


@page(MANAGE)
@reauthenticated
def invite_colleague(request: ConsoleRequest) -> HttpResponse:
    """Send the link by which a colleague opens an account."""
    form = InvitationForm(
        request.scope,
        _sent(request),
        initial={"organisation": request.GET.get("organisme", "")},
    )
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            invite(request.user, email, *form.granted)
        except GrantError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Invitation envoyée à {email} : le lien vaut trois jours.")
            return redirect("console:accounts")
    return render(request, "accounts/invite.html", {"form": form})


@page(MANAGE)
@reauthenticated
def withdraw_invitation(request: ConsoleRequest, invitation: int) -> HttpResponse:
    """Take an invitation back before it is accepted."""
    within = {one.pk: one for one in waiting_invitations(request.scope)}
    found = get_object_or_404(Invitation, pk=invitation if invitation in within else None)
    if request.method == "POST":
        return _done(request, lambda: withdraw(request.user, found), "Invitation retirée.")
    context = {"invitation": found, "confirm": "Retirer", "back": reverse("console:accounts")}
    return render(request, "accounts/withdraw.html", context | {"is_dangerous": True})


@page(MANAGE)
def account_page(request: ConsoleRequest, account: int) -> HttpResponse:
    """Show one account: roles, second factor, last log-in, journal of access."""
    found = get_object_or_404(_accounts(request), pk=account)
    # What it may elsewhere is no matter of whoever looks from here.
    roles = list(_assignments(request).filter(user=found))
    here = {None, *(one.pk for one in roles)}
    today = timezone.localdate()
    context = {
        "account": found,
        "roles": [(one, may_manage(request.scope, one)) for one in roles if one.is_active(today)],
        "may_administer": may_administer(request.scope, found),
        "accesses": [one for one in accesses_of(found) if one.data.get("assignment") in here],
    }
    return render(request, "accounts/account.html", context)


@page(MANAGE)
@reauthenticated
def give_role(request: ConsoleRequest, account: int) -> HttpResponse:
    """Give an account one more role."""
    found = get_object_or_404(_accounts(request), pk=account)
    form = RoleForm(request.scope, _sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = grant(request.user, found, *form.granted)
        except GrantError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Rôle donné : {made}.")
            return redirect("console:account-of", account=found.pk)
    return render(request, "accounts/give_role.html", {"form": form, "account": found})


@page(MANAGE)
@reauthenticated
def change_end(request: ConsoleRequest, assignment: int) -> HttpResponse:
    """Change until when a role holds."""
    found = get_object_or_404(_assignments(request), pk=assignment)
    form = UntilForm(_sent(request), initial={"until": found.until})
    if request.method == "POST" and form.is_valid():
        try:
            prolong(request.user, found, form.cleaned_data["until"])
        except GrantError as error:
            form.add_error("until", str(error))
        else:
            messages.success(request, "Date changée.")
            return redirect("console:account-of", account=found.user_id)
    context = {
        "form": form,
        "assignment": found,
        "confirm": "Changer la date",
        "back": _back(found),
    }
    return render(request, "accounts/change_end.html", context)


@page(MANAGE)
@reauthenticated
def take_role(request: ConsoleRequest, assignment: int) -> HttpResponse:
    """Take a role; where nobody would administer accounts any more, only knowingly."""
    found = get_object_or_404(_assignments(request), pk=assignment)
    is_last = leaves_nobody(found)
    form = (LastAdministratorForm if is_last else Form)(_sent(request))
    if request.method == "POST" and form.is_valid():
        what = f"Rôle retiré : {found}."
        return _done(request, lambda: revoke(request.user, found), what, _back(found))
    context = {
        "form": form, "assignment": found, "is_last": is_last, "confirm": "Retirer le rôle",
        "is_own": found.user_id == request.user.pk, "is_dangerous": True, "back": _back(found),
    }  # fmt: skip
    return render(request, "accounts/take_role.html", context)


@page(MANAGE)
@reauthenticated
def close_account(request: ConsoleRequest, account: int) -> HttpResponse:
    """Deactivate an account, and end its sessions."""
    done = "Compte désactivé, sessions closes."
    return _act(request, account, deactivate, "accounts/close.html", "Désactiver", done)


@page(MANAGE)
@reauthenticated
def open_account(request: ConsoleRequest, account: int) -> HttpResponse:
    """Reactivate an account."""
    return _act(request, account, reactivate, "accounts/open.html", "Réactiver", "Compte réactivé.")


@page(MANAGE)
@reauthenticated
def lost_factor(request: ConsoleRequest, account: int) -> HttpResponse:
    """Remove the second factors of a colleague who lost them."""
    done = "Seconds facteurs retirés : à la prochaine connexion, il en faudra un autre."
    confirm = "Retirer ses seconds facteurs"
    return _act(request, account, remove_second_factors, "accounts/lost_factor.html", confirm, done)


def _act(
    request: ConsoleRequest,
    account: int,
    act: Callable[[User, User], None],
    template: str,
    confirm: str,
    done: str,
) -> HttpResponse:
    """Ask whether something is to be done with an account; do it, and lead back to it."""
    found = get_object_or_404(_accounts(request), pk=account)
    back = reverse("console:account-of", args=[found.pk])
    if request.method == "POST":
        return _done(request, lambda: act(request.user, found), done, back)
    context = {"account": found, "confirm": confirm, "is_dangerous": True, "back": back}
    return render(request, template, context)


def _sent(request: ConsoleRequest) -> QueryDict | None:
    """Return what was sent, also where it is nothing; None where a page is asked for."""
    return request.POST if request.method == "POST" else None


def _accounts(request: ConsoleRequest) -> QuerySet[User]:
    """Return the accounts of the scope, with those roles that hold within it."""
    today = timezone.localdate()
    shown = request.scope.assignments(MANAGE).filter(revoked_at=None).order_by("id")
    return (
        request.scope.accounts(MANAGE)
        .annotate(
            has_device=Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=DEVICES))
        )
        .prefetch_related(
            Prefetch(
                "assignments",
                shown.exclude(until__lt=today).select_related("organisation"),
                to_attr="shown_roles",
            )
        )
        .order_by("-pk")
    )


def _assignments(request: ConsoleRequest) -> QuerySet[RoleAssignment]:
    held = request.scope.assignments(MANAGE).filter(revoked_at=None)
    return held.select_related("organisation", "user")


def _back(assignment: RoleAssignment) -> str:
    return reverse("console:account-of", args=[assignment.user_id])


def _done(
    request: ConsoleRequest, act: Callable[[], None], what: str, back: str = ""
) -> HttpResponse:
    """Do it, and say so, or why not."""
    try:
        act()
    except GrantError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, what)
    return redirect(back or "console:accounts")
