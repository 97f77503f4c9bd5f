"""Pages for people outside the administration."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from notifier.delivery.address import mask
from notifier.directory.confirmation import answer, mandates_asked, open_link
from notifier.directory.conventions.consents import consent_by_key, leave_by_key


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_address(request: HttpRequest, key: str) -> HttpResponse:
    """Let somebody say by a button that a mandate and an address are right, or are not theirs.

    The address is that person's secret. Opening it says nothing: mail filters open every link.
    """
    now = timezone.now()
    if request.method == "POST":
        said = request.POST.get("reponse")
        if said in ("oui", "non"):
            answer(key, is_right=said == "oui", now=now)
        return redirect("confirm-address", key=key)
    link = open_link(key, now)
    context = {
        "link": link,
        "masked": mask(link.value) if link else "",
        "mandates": mandates_asked(link.request, now) if link else [],
    }
    answered = render(request, "confirm_address.html", context, status=200 if link else 404)
    answered.headers["X-Robots-Tag"] = "noindex"
    return answered


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
