"""Sources: who may push, for which départements, with which key; last push and silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.alerting.throttling.pause import (
    PauseInForce,
    cancel_all,
    pauses_of,
    waiting,
)
from notifier.console.forms.sources import (
    NewSourceForm,
    RevocationForm,
    RotationForm,
    SourceForm,
    order_in_words,
)
from notifier.console.french import typography
from notifier.console.pages.access import ConsoleRequest, page, posted
from notifier.console.pages.reauthentication import reauthenticated
from notifier.intake.access import api_keys as keys
from notifier.intake.access.sources import OwnSourceError, change_source, history_of
from notifier.intake.models import Source
from notifier.intake.schema.reference import EXAMPLE_REFERENCE, check_pattern
from notifier.intake.silence import Activity, activity_of
from notifier.territory.phones import format_number
from notifier.territory.zones.departements import all_departements

MANAGE = Permission.MANAGE_SOURCES


@dataclass(frozen=True)
class Line:
    """A source with what is going on with it."""

    source: Source
    activity: Activity
    pause: PauseInForce | None
    is_mine: bool
    """Whether the reader administers all its départements, and so the source."""


def departements_of(scope: Scope) -> list[str]:
    """Return the départements whose sources a reader administers, ordered by code."""
    territory = scope.territory(MANAGE)
    if territory.is_everything:
        return [one.code for one in all_departements()]
    return sorted(territory.departements)


@page(MANAGE)
@require_safe
def sources(request: ConsoleRequest) -> HttpResponse:
    """List the sources that report in the reader's départements."""
    seen = request.scope.sources(Permission.SEE_BOARD).order_by("name")
    context = {
        "lines": _lines(request, list(seen)),
        "may_add": bool(departements_of(request.scope)),
    }
    return render(request, "sources/list.html", context)


def _lines(request: ConsoleRequest, listed: list[Source]) -> list[Line]:
    activity = activity_of(listed)
    mine = set(request.scope.sources(MANAGE).values_list("pk", flat=True))
    found = pauses_of(request.scope.sources(Permission.SEE_BOARD))
    paused = {pause.source.pk: pause for pause in found if pause.source}
    return [
        Line(source, activity[source.pk], paused.get(source.pk), source.pk in mine)
        for source in listed
    ]


@page(MANAGE)
@require_safe
def source(request: ConsoleRequest, source: int) -> HttpResponse:
    """Show one source."""
    found = get_object_or_404(request.scope.sources(MANAGE), pk=source)
    pattern = found.reference_pattern
    context = {
        "line": _lines(request, [found])[0],
        "example": check_pattern(pattern) if pattern else EXAMPLE_REFERENCE,
        "phone": format_number(found.duty_phone) if found.duty_phone else "",
        "waits": waiting(found),
        "sms_order": order_in_words(found),
        "history": history_of(found),
        "key_made_at": keys.key_made_at(found),
    }
    return render(request, "sources/one.html", context)


@page(MANAGE)
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def new_source(request: ConsoleRequest) -> HttpResponseBase:
    """Create a source and show its key, this once."""
    form = NewSourceForm(posted(request), departements=departements_of(request.scope))
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in form.cleaned_data}
        try:
            new = keys.add_source(**given, by=str(request.user))
        except ValidationError as refused:
            form.add_error(None, refused)
        else:
            return _show_key(request, new.source, new.key, new.source.signing_secret)
    return render(request, "sources/edit.html", {"form": form, "source": None})


@page(MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_source(request: ConsoleRequest, source: int) -> HttpResponse:
    """Change what is kept of a source."""
    found = get_object_or_404(request.scope.sources(MANAGE), pk=source)
    if found.is_own:
        return _refuse_own(request, found)
    form = SourceForm(posted(request), instance=found, departements=departements_of(request.scope))
    if request.method == "POST" and form.is_valid():
        try:
            changed = change_source(found, form.changes(), str(request.user))
        except ValidationError as refused:
            form.add_error(None, refused)
        else:
            said = "est à jour" if changed else "reste comme elle était"
            messages.success(request, typography(f"« {found.name} » {said}."))
            return redirect("console:source", found.pk)
    return render(request, "sources/edit.html", {"form": form, "source": found})


@page(MANAGE)
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def rotate_key(request: ConsoleRequest, source: int) -> HttpResponseBase:
    """Ask how long the key before still serves; then replace it and show the new one, this once."""
    found = get_object_or_404(request.scope.sources(MANAGE), pk=source)
    if found.is_own:
        return _refuse_own(request, found)
    by = str(request.user)
    form = RotationForm(posted(request))
    if request.method == "POST" and found.revoked_at:
        return _show_key(request, found, keys.renew_key(found, by), "")
    if request.method == "POST" and form.is_valid():
        try:
            new = keys.rotate(found, form.duration, by)
        except keys.KeyRefusedError as refused:
            form.add_error(None, str(refused).capitalize() + ".")
        else:
            return _show_key(request, found, new.key, new.secret)
    asked = None if found.revoked_at else form
    return _ask(request, "sources/rotate.html", found, asked, confirm="Créer la nouvelle clé")


@page(MANAGE)
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_source(request: ConsoleRequest, source: int) -> HttpResponseBase:
    """Ask, then refuse the key from now on."""
    found = get_object_or_404(request.scope.sources(MANAGE), pk=source)
    if found.is_own:
        return _refuse_own(request, found)
    form = RevocationForm(posted(request))
    if request.method != "POST" or not form.is_valid():
        more = {"confirm": "Révoquer la clé", "is_dangerous": True, "waits": waiting(found)}
        return _ask(request, "sources/revoke.html", found, form, **more)
    by = str(request.user)
    if keys.revoke(found, by):
        messages.success(request, f"La clé de « {found.name} » est refusée dès maintenant.")
    else:
        messages.warning(request, f"La clé de « {found.name} » était déjà révoquée.")
    if form.cleaned_data["withdraw"]:
        done = cancel_all(found, by)
        late = f", {done.in_flight} en cours d’envoi, trop tard" if done.in_flight else ""
        messages.info(request, f"Textes retirés : {done.texts}{late}.")
    return redirect("console:source", found.pk)


def _refuse_own(request: ConsoleRequest, found: Source) -> HttpResponse:
    """Say why nothing of the service's own source is changed."""
    messages.warning(request, typography(f"« {found.name} » : {OwnSourceError()}."))
    return redirect("console:source", found.pk)


def _ask(
    request: ConsoleRequest, template: str, found: Source, form: Any, **more: Any
) -> HttpResponse:
    back = reverse("console:source", args=[found.pk])
    return render(request, template, {"source": found, "form": form, "back": back, **more})


def _show_key(request: ConsoleRequest, found: Source, key: str, secret: str) -> HttpResponse:
    return render(request, "sources/key.html", {"source": found, "key": key, "secret": secret})
