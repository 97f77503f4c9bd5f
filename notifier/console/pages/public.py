"""Pages for people outside the administration."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from notifier.directory.conventions.consents import consent_by_key, leave_by_key


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, key: str) -> HttpResponse:
    """Let a resident withdraw the consent to be told; the address is the resident's own secret.

    Only a press of the button withdraws it: mail filters open every link.
    """
    if request.method == "POST":
        leave_by_key(key)
        return redirect("leave", key=key)
    consent = consent_by_key(key)
    if consent is None:
        raise Http404
    quarter = consent.mandate.organisation.name
    context = {"quarter": quarter, "is_in_force": consent.withdrawn_at is None}
    return render(request, "leave.html", context)
