"""Find a commune, another organisation or a person."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from notifier.accounts.roles import Permission
from notifier.console.pages.access import ConsoleRequest, page
from notifier.directory.search import by_name, search

SEE = Permission.SEE_PEOPLE
_LISTED = 60


@page(SEE)
@require_safe
def communes(request: ConsoleRequest) -> HttpResponse:
    """Lead to the only commune that is meant, or list what was found."""
    text = request.GET.get("q", "").strip()
    scope = request.scope
    organisations = scope.organisations(SEE)
    if not text:
        listed = by_name(organisations)
        context = {"listed": listed[:_LISTED], "is_longer": len(listed) > _LISTED, "text": ""}
        return render(request, "organisation/search.html", context)
    covered = scope.communes(SEE)
    found = search(
        text,
        None if covered.is_everything else covered.codes,
        covered.departements,
        organisations,
        scope.mandates(SEE),
    )
    if len(found.communes) == 1 and not found.organisations and not found.mandates:
        return redirect("console:organisation", kind="commune", code=found.communes[0].code)
    return render(request, "organisation/search.html", {"found": found, "text": text})
