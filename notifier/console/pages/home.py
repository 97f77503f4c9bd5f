"""The root: what this service is, or the first page of whoever is logged in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifier.accounts.scope import scope_of
from notifier.console import navigation


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the first page of the account's role; tell strangers what this service is."""
    scope = scope_of(request.user)
    entries = navigation.entries_of(scope)
    if entries:
        return redirect(entries[0].url_name)
    return render(request, "home.html")
