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
from notifier.directory.models import Change, UndoState
from notifier.directory.undoing import jobs
from notifier.directory.undoing.undo import UndoError, undo

_MAX_KEPT = 50
_CONFIRM = "Annuler ce changement"


@page(Permission.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def undo_change(request: ConsoleRequest, change: int) -> HttpResponse:
    """Show what taking a change back would do, and do it; a large one by a worker."""
    found = get_object_or_404(request.scope.changes(Permission.IMPORT), pk=change)
    return _large(request, found) if jobs.is_large(found) else _at_once(request, found)


def _at_once(request: ConsoleRequest, change: Change) -> HttpResponse:
    allowed, author = allowed_by(request.scope), str(request.user)
    back = reverse("console:change", args=[change.pk])
    try:
        summary = undo(change.pk, author, dry_run=True, allowed=allowed)
        form = _form(request, summary.unreached)
        is_asked = request.method == "POST" and (form is None or form.is_valid())
        if is_asked:
            summary = undo(change.pk, author, allowed=allowed)
    except UndoError as error:
        text = str(error)
        messages.error(request, f"{text[:1].upper()}{text[1:]}.")
        return redirect(back)
    if is_asked:
        kept = f", {len(summary.kept)} laissées car changées depuis" if summary.kept else ""
        messages.success(
            request, f"Changement n° {change.pk} annulé : {summary.undone} lignes{kept}."
        )
        return redirect("console:change", summary.change or change.pk)
    context = {
        "change": change,
        "summary": summary,
        "more": summary.undone - len(summary.first),
        "kept": summary.kept[:_MAX_KEPT],
        "kept_count": len(summary.kept),
        "confirm": _CONFIRM,
        "back": back,
        "is_dangerous": True,
        "form": form,
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "imports/undo.html", context, status=status)


def _large(request: ConsoleRequest, change: Change) -> HttpResponse:
    """Show where the job stands; a POST has it prepared, then done."""
    allowed, owner = allowed_by(request.scope), request.user.pk
    job = jobs.of_owner(owner, change)
    is_ready = job is not None and job.state == UndoState.READY
    summary = job.summary if job else {}
    form = _form(request, summary["unreached"]) if is_ready else None
    if request.method == "POST" and (form is None or form.is_valid()):
        if job is not None and is_ready:
            jobs.confirm(job, allowed)
        else:
            jobs.prepare(change, owner=owner, author=str(request.user), allowed=allowed)
        return redirect("console:change-undo", change.pk)
    context = {
        "change": change,
        "job": job,
        "summary": summary,
        "more": summary.get("undone", 0) - len(summary.get("first", ())),
        "kept": summary.get("kept", ()),
        "kept_count": summary.get("kept_count", 0),
        "confirm": _CONFIRM,
        "form": form,
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "imports/undo_large.html", context, status=status)


def _form(request: ConsoleRequest, unreached: int) -> UndoForm | None:
    """Ask for a word where many organisations would reach nobody any more."""
    if unreached < MANY:
        return None
    return UndoForm(request.POST if request.method == "POST" else None)
