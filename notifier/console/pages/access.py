"""The door of every page: who is there, and whether they may."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache

from notifier.accounts.models import User
from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope, scope_of
from notifier.db.planning import planned_for_values


class ConsoleRequest(HttpRequest):
    """A request of somebody who is logged in, with what exists for him."""

    user: User
    scope: Scope


# With whatever its path names.
View = Callable[..., HttpResponseBase]


def page(permission: Permission | None = None) -> Callable[[View], View]:
    """Show a page to whoever is logged in and has the permission somewhere.

    `request.scope` says what it may show. Others get the log-in, or the page of error 403. Without
    a permission, whoever has an account may see it.
    """

    def guard(view: View) -> View:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if _has_nul(request):
                raise Http404
            if not request.user.is_authenticated:
                return _to_log_in(request)
            asked = cast(ConsoleRequest, request)
            asked.scope = scope_of(asked.user)
            with planned_for_values():
                if permission is not None and not asked.scope.has(permission):
                    raise PermissionDenied
                return view(asked, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined] # read by the tests of access
        return guarded

    return guard


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form sent, perhaps nothing; None where none was sent."""
    return request.POST if request.method == "POST" else None


def _has_nul(request: HttpRequest) -> bool:
    """Whether an address holds a sign that no text in a database can."""
    given = (one for values in request.GET.lists() for one in (values[0], *values[1]))
    return "\0" in request.path or any("\0" in one for one in given)


def _to_log_in(request: HttpRequest) -> HttpResponse:
    """Lead to the log-in and back; a part of a page that is refreshed takes the whole page along.

    What was asked for by a form is not repeated: its page is shown again.
    """
    is_part = request.headers.get("HX-Request") == "true"
    if is_part:
        address = request.headers.get("HX-Current-URL", "/")
        answer = redirect_to_login(path_of(address))
        return HttpResponse(status=401, headers={"HX-Redirect": answer.url})
    return redirect_to_login(request.get_full_path() if request.method in ("GET", "HEAD") else "/")


def path_of(address: str) -> str:
    """Return the path of an address, with its query."""
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")
