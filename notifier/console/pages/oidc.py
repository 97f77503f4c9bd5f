"""The way to the OpenID Connect provider and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import requests
import structlog
from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from mozilla_django_oidc import views

from notifier.accounts.log_in.links import public_url
from notifier.accounts.log_in.oidc import SECOND_FACTOR, oidc_setting, provider
from notifier.accounts.log_in.proof import OIDC, note_proof

log = structlog.get_logger(__name__)

View = Callable[..., HttpResponseBase]


def _configured(view: View) -> View:
    """Answer only where a provider is configured; say so where it cannot be reached."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        environment = settings.ENVIRONMENT
        if not environment.OIDC_ISSUER:
            raise Http404
        # By its own address whatever host the request names: it becomes redirect_uri.
        request.build_absolute_uri = public_url  # type: ignore[method-assign, assignment]
        try:
            return view(request, *args, **kwargs)
        except (requests.RequestException, KeyError, ValueError) as error:
            log.warning("the provider of identities does not answer", reason=type(error).__name__)
            messages.error(
                request, f"{environment.OIDC_NAME} ne répond pas : prenez votre mot de passe."
            )
            return redirect("account_login")

    return guarded


class ToProvider(views.OIDCAuthenticationRequestView):  # type: ignore[misc] # not annotated
    """Lead to the provider's log-in."""

    get_settings = staticmethod(oidc_setting)

    def get_extra_params(self, request: HttpRequest) -> dict[str, str]:
        """Ask for two factors, and for a log-in anew where it is to confirm who is there."""
        wanted = settings.ENVIRONMENT.OIDC_SECOND_FACTOR_ACR
        asked = {"acr_values": " ".join(map(str.strip, wanted.split(",")))} if wanted else {}
        return asked | ({"prompt": "login"} if request.user.is_authenticated else {})


class FromProvider(views.OIDCAuthenticationCallbackView):  # type: ignore[misc] # not annotated
    """Take what the provider answers."""

    get_settings = staticmethod(oidc_setting)

    def login_success(self) -> HttpResponse:
        """Open the session, or go on to our own second factor; or confirm the open session."""
        request = self.request
        has_second_factor = request.session.pop(SECOND_FACTOR, False)
        if request.user.is_authenticated and request.user != self.user:
            return self.login_failure()
        note_proof(request, self.user, OIDC, second_factor=has_second_factor)
        if request.user.is_authenticated:
            return redirect(self.success_url)
        return perform_login(request, Login(user=self.user, redirect_url=self.success_url))

    def login_failure(self) -> HttpResponse:
        """Say why nothing opened, the same whatever the reason."""
        messages.error(
            self.request,
            f"{settings.ENVIRONMENT.OIDC_NAME} n’ouvre pas de compte ici : demandez une invitation "
            "à votre administrateur, à l’adresse que vous y avez.",
        )
        return redirect("account_login")


def _leave(request: HttpRequest) -> HttpResponseBase:
    """Close the provider's own session, after ours."""
    id_token = request.session.pop("oidc_logout", "")
    known = provider()
    if not id_token or not known.end_session:
        return redirect("account_login")
    back = public_url(reverse("account_login"))
    query = urlencode({"id_token_hint": id_token, "post_logout_redirect_uri": back})
    return redirect(f"{known.end_session}?{query}")


def _to(request: HttpRequest) -> HttpResponse:
    answer: HttpResponse = ToProvider.as_view()(request)
    return answer


def _back(request: HttpRequest) -> HttpResponse:
    answer: HttpResponse = FromProvider.as_view()(request)
    return answer


to_provider = _configured(_to)
from_provider = _configured(_back)
leave_provider = _configured(_leave)
