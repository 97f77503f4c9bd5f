"""Middleware for people's pages, which the doors for machines do without.

Whoever calls those doors proves who it is in each request, by a key or a signature: no cookie, so
no session, no log-in, no message for the next page, and nothing that a forged form could borrow.
Never let a cookie authenticate anything below these paths.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware import csrf
from django.utils.deprecation import MiddlewareMixin

API = "/api/"
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


def is_for_machines(request: HttpRequest) -> bool:
    """Whether a program is answered at this path, not a browser with a cookie."""
    path = request.path_info
    return path.startswith(API) or path in PROBES


class PeopleOnly(MiddlewareMixin):
    """Pass a request for machines on as it is."""

    def __call__(self, request: HttpRequest) -> Any:
        if is_for_machines(request):
            return self.get_response(request)
        return super().__call__(request)


class SessionMiddleware(PeopleOnly, sessions.SessionMiddleware):
    """Sessions, for people only."""


class CsrfViewMiddleware(PeopleOnly, csrf.CsrfViewMiddleware):
    """Protection against forged forms, for people only."""

    def process_view(
        self,
        request: HttpRequest,
        callback: Callable[..., HttpResponseBase],
        callback_args: tuple[Any, ...],
        callback_kwargs: dict[str, Any],
    ) -> Any:
        if is_for_machines(request):
            return None
        return super().process_view(request, callback, callback_args, callback_kwargs)


class AuthenticationMiddleware(PeopleOnly, auth.AuthenticationMiddleware):
    """Who has logged in, for people only."""


class MessageMiddleware(PeopleOnly, messages.MessageMiddleware):
    """What the next page says, for people only."""
