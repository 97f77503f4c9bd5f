"""One's own account: the person, the proofs, the sessions, the roles and the latest accesses."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from notifier.accounts.access_log import accesses_of, record_access
from notifier.accounts.log_in.sessions import end_sessions, open_sessions
from notifier.accounts.models import RoleAssignment
from notifier.accounts.profile import EmailError, ask_for_email, confirm_email, is_link, rename
from notifier.console.forms.accounts import EmailForm, PersonForm
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.reauthentication import reauthenticated


@page()
def account(request: ConsoleRequest) -> HttpResponse:
    """Show who one is here, and the ways to change what is one's own."""
    user = request.user
    today = timezone.localdate()
    held = RoleAssignment.objects.filter(user=user, revoked_at=None).select_related("organisation")
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    context = {
        "roles": [(one, one.is_active(today)) for one in held],
        "has_application": Authenticator.Type.TOTP in kinds,
        "has_key": Authenticator.Type.WEBAUTHN in kinds,
        "sessions": [
            (one, device(one.user_agent), one.session_key == request.session.session_key)
            for one in open_sessions(user)
        ],
        "accesses": accesses_of(user),
    }
    return render(request, "account.html", context)


@page()
def own_name(request: ConsoleRequest) -> HttpResponse:
    """Change one's name."""
    user = request.user
    known = {"first_name": user.first_name, "last_name": user.last_name}
    form = PersonForm(request.POST if request.method == "POST" else None, initial=known)
    if form.is_valid():
        rename(user, form.cleaned_data["first_name"], form.cleaned_data["last_name"])
        messages.success(request, "Nom enregistré.")
        return redirect("console:account")
    return render(request, "account_name.html", {"form": form})


@page()
@reauthenticated
def own_email(request: ConsoleRequest) -> HttpResponse:
    """Ask for another address; it is taken once its mailbox has confirmed it."""
    form = EmailForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        email = form.cleaned_data["email"]
        ask_for_email(request.user, email)
        messages.success(request, f"Un lien est parti à {email} : ouvrez-le dans l’heure.")
        return redirect("console:account")
    return render(request, "account_email.html", {"form": form})


@page()
def new_email(request: ConsoleRequest, key: str) -> HttpResponse:
    """Take the address of a mail's link, by a press of the button: filters open links."""
    if not is_link(key):
        raise Http404
    if request.method != "POST":
        return render(request, "account_new_email.html", {"confirm": "Prendre cette adresse"})
    try:
        confirm_email(request.user, key)
    except EmailError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Adresse électronique changée.")
    return redirect("console:account")


@page()
@require_POST
def close_others(request: ConsoleRequest) -> HttpResponse:
    """End one's sessions on other devices."""
    closed = end_sessions(request.user, but=request.session.session_key)
    record_access(request.user, f"autres sessions fermées ({closed})")
    messages.success(request, "Vos autres sessions sont closes.")
    return redirect("console:account")


def device(user_agent: str) -> str:
    """Name a browser and its system roughly: "Firefox, Windows"."""
    browsers = {"Edg": "Edge", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
    systems = {
        "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows",
        "Mac OS": "macOS", "Linux": "Linux",
    }  # fmt: skip
    found = [
        next((name for sign, name in signs.items() if sign in user_agent), "")
        for signs in (browsers, systems)
    ]
    return ", ".join(filter(None, found)) or "appareil inconnu"
