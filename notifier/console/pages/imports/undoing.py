"""Take a change back: first what comes back and what cannot, then the button."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from notifier.accounts.roles import Permission
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.imports.within import allowed_by
from notifier.directory.undo import UndoError, undo

_MAX_KEPT = 50


@page(Permission.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def undo_change(request: ConsoleRequest, change: int) -> HttpResponse:
    """Show what taking a change back would do, and do it."""
    found = get_object_or_404(request.scope.changes(Permission.IMPORT), pk=change)
    allowed, author = allowed_by(request.scope), str(request.user)
    is_asked = request.method == "POST"
    back = reverse("console:change", args=[found.pk])
    try:
        summary = undo(found.pk, author, dry_run=not is_asked, allowed=allowed)
    except UndoError as error:
        text = str(error)
        messages.error(request, f"{text[:1].upper()}{text[1:]}.")
        return redirect(back)
    if is_asked:
        kept = f", {len(summary.kept)} laissées car changées depuis" if summary.kept else ""
        messages.success(
            request, f"Changement n° {found.pk} annulé : {summary.undone} lignes{kept}."
        )
        return redirect("console:change", summary.change or found.pk)
    context = {
        "change": found,
        "summary": summary,
        "first": summary.first,
        "more": summary.undone - len(summary.first),
        "kept": summary.kept[:_MAX_KEPT],
        "confirm": "Annuler ce changement",
        "back": back,
        "is_dangerous": True,
    }
    return render(request, "imports/undo.html", context)
