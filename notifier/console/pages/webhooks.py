"""Retours: where a centre's own software is told of answers, and whether it takes them."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notifier.accounts.roles import Permission
from notifier.alerting.webhooks.events import EventType, record_test
from notifier.alerting.webhooks.overview import webhook_state
from notifier.console.forms.sources import SecretRotationForm, WebhookForm
from notifier.console.french import typography
from notifier.console.pages.access import ConsoleRequest, page, posted
from notifier.console.pages.reauthentication import reauthenticated
from notifier.intake.access.webhooks import (
    WebhookRefusedError,
    rotate_webhook_secret,
    set_webhook,
    stop_webhook,
)
from notifier.intake.models import Source

MANAGE = Permission.MANAGE_SOURCES


@page(MANAGE)
@require_safe
def webhook(request: ConsoleRequest, source: int) -> HttpResponse:
    """Show where it is told, what it took last and what it did not."""
    found = _source(request, source)
    state = webhook_state(found)
    labels = dict(EventType.choices)
    context = {
        "source": found,
        "state": state,
        "latest": [(event, labels.get(event.type, event.type)) for event in state.latest],
    }
    return render(request, "sources/webhook.html", context)


@page(MANAGE)
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def edit_webhook(request: ConsoleRequest, source: int) -> HttpResponseBase:
    """Set the address; the first time, show the secret, this once."""
    found = _source(request, source)
    given = {"url": found.webhook_url, "webhook_format": found.webhook_format}
    form = WebhookForm(posted(request), initial=given)
    if request.method == "POST" and form.is_valid():
        url, kind = form.cleaned_data["url"], form.cleaned_data["webhook_format"]
        try:
            secret = set_webhook(found, url, kind, str(request.user))
        except WebhookRefusedError as refused:
            form.add_error("url", f"{capfirst(str(refused))}.")
        else:
            if secret:
                return _show_secret(request, found, secret)
            messages.success(request, typography(f"Retours de « {found.name} » à jour."))
            return redirect("console:source-webhook", found.pk)
    return render(request, "sources/webhook_edit.html", {"source": found, "form": form})


@page(MANAGE)
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def rotate_secret(request: ConsoleRequest, source: int) -> HttpResponseBase:
    """Ask how long the secret before still signs; then replace it and show the new one."""
    found = _told_source(request, source)
    form = SecretRotationForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            new = rotate_webhook_secret(found, form.duration, str(request.user))
        except WebhookRefusedError as refused:
            form.add_error(None, f"{capfirst(str(refused))}.")
        else:
            return _show_secret(request, found, new.secret)
    more = {"form": form, "confirm": "Créer le nouveau secret"}
    return render(request, "sources/webhook_secret.html", _asked(found) | more)


@page(MANAGE)
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: ConsoleRequest, source: int) -> HttpResponseBase:
    """Ask, then tell its software nothing any more."""
    found = _told_source(request, source)
    if request.method != "POST":
        more = {"confirm": "Arrêter les retours", "is_dangerous": True}
        return render(request, "sources/webhook_stop.html", _asked(found) | more)
    stop_webhook(found, str(request.user))
    said = f"Plus rien n’est envoyé au logiciel de « {found.name} »."
    messages.success(request, typography(said))
    return redirect("console:source-webhook", found.pk)


@page(MANAGE)
@require_POST
def try_webhook(request: ConsoleRequest, source: int) -> HttpResponse:
    """Post something that means nothing, once."""
    found = _told_source(request, source)
    record_test(found)
    messages.info(request, "Essai envoyé : ce qu’il devient est en tête de la liste.")
    return redirect("console:source-webhook", found.pk)


def _source(request: ConsoleRequest, pk: int) -> Source:
    return get_object_or_404(request.scope.sources(MANAGE), pk=pk)


def _told_source(request: ConsoleRequest, pk: int) -> Source:
    found = _source(request, pk)
    if not found.webhook_url:
        raise Http404
    return found


def _asked(found: Source) -> dict[str, object]:
    return {"source": found, "back": reverse("console:source-webhook", args=[found.pk])}


def _show_secret(request: ConsoleRequest, found: Source, secret: str) -> HttpResponse:
    return render(request, "sources/webhook_key.html", {"source": found, "secret": secret})
