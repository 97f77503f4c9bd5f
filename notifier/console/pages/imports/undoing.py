"""Take a change back: first what comes back and what cannot, then the button."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from notifier.accounts.roles import Permission
from notifier.console.forms.undoing import MANY, UndoForm
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.imports.within import allowed_by
from notifier.directory.undoing.undo import UndoError, undo

_MAX_KEPT = 50


@page(Permission.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def undo_change(request: ConsoleRequest, change: int) -> HttpResponse:
    """Show what taking a change back would do, and do it."""
    found = get_object_or_404(request.scope.changes(Permission.IMPORT), pk=change)
    allowed, author = allowed_by(request.scope), str(request.user)
    back = reverse("console:change", args=[found.pk])
    try:
        summary = undo(found.pk, author, dry_run=True, allowed=allowed)
        form = (
            UndoForm(request.POST if request.method == "POST" else None)
            if summary.unreached >= MANY
            else None
        )
        is_asked = request.method == "POST" and (form is None or form.is_valid())
        if is_asked:
            summary = undo(found.pk, author, allowed=allowed)
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
        "form": form,
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "imports/undo.html", context, status=status)
