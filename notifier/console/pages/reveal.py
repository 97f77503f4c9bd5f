"""Reveal one masked address."""

from allauth.core import ratelimit
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from notifier.accounts.reveal import MAX_PER_HOUR, reveal
from notifier.accounts.roles import Permission
from notifier.console.pages.access import ConsoleRequest, page
from notifier.delivery.address import mask


@page(Permission.SEE_ADDRESSES)
@require_POST
def reveal_address(request: ConsoleRequest, address: int) -> HttpResponse:
    """Answer with the address in clear: a part of the page; without scripts, a page of its own."""
    found = get_object_or_404(
        request.scope.addresses(Permission.SEE_ADDRESSES).select_related("person"), pk=address
    )
    is_allowed = ratelimit.consume(request, action="reveal", user=request.user)
    context = {
        "shown": reveal(request.user, found) if is_allowed else mask(found.value),
        "person": found.person,
        "most": None if is_allowed else MAX_PER_HOUR,
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "reveal_part.html" if part else "reveal.html", context)
