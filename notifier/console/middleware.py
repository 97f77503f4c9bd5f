"""What every page asks of a session: that it has not ended, and that it knew a second factor."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from notifier.accounts.log_in.proof import has_device, has_second_factor, needs_second_factor
from notifier.accounts.log_in.sessions import is_over
from notifier.accounts.models import User

# Where a session may go without its second factor: to log in, to give the factor, to leave; and to
# answer an alert, which is no matter of an account.
_LOG_IN = ("/connexion", "/static/", "/apparence", "/r/")
# Where the first one is set up; whoever has one gives it before adding another.
_SET_UP = "/compte/second-facteur"

Respond = Callable[[HttpRequest], HttpResponseBase]


def sessions_end(get_response: Respond) -> Respond:
    """End a session some hours after its log-in, or one hour after its last request."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        if _user_of(request) is not None and is_over(request):
            logout(request)
            messages.info(request, "Votre session a pris fin : connectez-vous de nouveau.")
        return get_response(request)

    return respond


def second_factor_first(get_response: Respond) -> Respond:
    """Let whoever needs a second factor do nothing else before it."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        user = _user_of(request)
        if user is None or request.path_info.startswith(_LOG_IN) or has_second_factor(request):
            return get_response(request)
        is_set_up = request.path_info.startswith(_SET_UP)
        if not is_set_up and not needs_second_factor(user):
            return get_response(request)
        is_known = has_device(user)
        if is_set_up and not is_known:
            return get_response(request)
        url = reverse("mfa_reauthenticate" if is_known else "mfa_index")
        if request.method == "GET":
            url = f"{url}?{urlencode({'next': request.get_full_path()})}"
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(status=401, headers={"HX-Redirect": url})
        return redirect(url)

    return respond


def _user_of(request: HttpRequest) -> User | None:
    """Return who is logged in; for a request of a program, which has no session, nobody."""
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else None
