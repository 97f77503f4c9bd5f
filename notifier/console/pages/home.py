"""The root: what this service is, or the first page of whoever is logged in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifier.accounts.roles import Permission
from notifier.accounts.scope import scope_of

# Where a day begins: the first page that the account may see.
FIRST_PAGES = (
    (Permission.SEE_BOARD, "console:now"),
    (Permission.SEE_LOG, "console:log"),
)


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the first page of the account's role; tell strangers what this service is."""
    scope = scope_of(request.user)
    for permission, name in FIRST_PAGES:
        if scope.has(permission):
            return redirect(name)
    return render(request, "home.html")
