"""Middleware that only browsers need: requests of programs skip it.

A program proves who it is in each request, by a key or a signature: no cookie, so no session, no
log-in, no message for the next page, and nothing that a forged form could borrow.
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
from django_htmx import middleware as htmx

API = "/api/"
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


def is_for_machine(request: HttpRequest) -> bool:
    """Return whether a program is answered at this path, not a browser with a cookie."""
    path = request.path_info
    return path.startswith(API) or path in PROBES


class BrowserOnly(MiddlewareMixin):
    """Skips its work for requests of programs."""

    def __call__(self, request: HttpRequest) -> Any:
        if is_for_machine(request):
            return self.get_response(request)
        return super().__call__(request)


class SessionMiddleware(BrowserOnly, sessions.SessionMiddleware):
    """Django's sessions, for browsers only."""


class CsrfViewMiddleware(BrowserOnly, csrf.CsrfViewMiddleware):
    """Django's protection against forged forms, for browsers only."""

    def process_view(
        self,
        request: HttpRequest,
        callback: Callable[..., HttpResponseBase],
        callback_args: tuple[Any, ...],
        callback_kwargs: dict[str, Any],
    ) -> Any:
        if is_for_machine(request):
            return None
        return super().process_view(request, callback, callback_args, callback_kwargs)


class AuthenticationMiddleware(BrowserOnly, auth.AuthenticationMiddleware):
    """Django's log-in, for browsers only."""


class MessageMiddleware(BrowserOnly, messages.MessageMiddleware):
    """Django's messages for the next page, for browsers only."""


class HtmxMiddleware(htmx.HtmxMiddleware):
    """Says on `request.htmx` what part of a page is asked for, for browsers only."""

    def __call__(self, request: HttpRequest) -> Any:
        if is_for_machine(request):
            return self.get_response(request)
        return super().__call__(request)
