"""Ask again who is there, before what would harm most from a session left open."""

from __future__ import annotations

from functools import wraps
from typing import Any

from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode

from notifier.accounts.log_in.proof import is_proof_fresh
from notifier.console.pages.access import View, path_of


def reauthenticated(view: View) -> View:
    """Show a page, or do what it does, to whoever proved who they are within ten minutes.

    Stands below `page`. Others confirm it by password, code or passkey and come back: what they
    had sent is then done (files excepted, so that a page with a file asks before it is shown).
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_proof_fresh(request):
            return view(request, *args, **kwargs)
        if request.headers.get("HX-Request") == "true":
            query = urlencode({"next": path_of(request.headers.get("HX-Current-URL", "/"))})
            confirm = f"{reverse('account_reauthenticate')}?{query}"
            return HttpResponse(status=401, headers={"HX-Redirect": confirm})
        raise ReauthenticationRequired

    return guarded
