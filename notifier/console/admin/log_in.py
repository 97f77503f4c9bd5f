"""Log-in to the administration: the one of the console, for the platform's own people."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from notifier.accounts.models import User


def is_superuser(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether the account is an active superuser; no other right grants anything."""
    return isinstance(user, User) and user.is_active and user.is_superuser


def log_in(request: HttpRequest, extra_context: object = None) -> HttpResponse:  # noqa: ARG001 - Django's form
    """Lead to the log-in of the console and back; refuse whoever is logged in and may not enter."""
    if request.user.is_authenticated and not is_superuser(request.user):
        raise PermissionDenied
    query = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
    return redirect(f"{reverse('account_login')}?{query}")
