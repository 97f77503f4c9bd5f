"""One's own account."""

from django.http import HttpResponse
from django.shortcuts import render

from notifier.console.pages.access import ConsoleRequest, page


@page()
def account(request: ConsoleRequest) -> HttpResponse:
    """Show who one is here, and the ways to change what is one's own."""
    return render(request, "account.html")
