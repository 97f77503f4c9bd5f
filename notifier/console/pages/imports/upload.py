"""Importer: upload a list, and see one's own that are under way and what was changed before."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from notifier.accounts.roles import Permission
from notifier.console.forms.imports import UploadForm
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.imports.within import allowed_by
from notifier.console.pages.paging import page_before
from notifier.directory.allowed import undoable_within
from notifier.directory.change_words import effects, origin_of
from notifier.directory.imports.jobs import MAX_BYTES, ImportRefused, submit, unfinished
from notifier.directory.models import ChangeKind

_BULK = (ChangeKind.IMPORT, ChangeKind.ELECTION, ChangeKind.CONFIRMATION, ChangeKind.UNDO)
TOO_LARGE = "trop-grand"


@page(Permission.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: ConsoleRequest) -> HttpResponse:
    """Show the form, the lists under way and the changes of lists; take a list."""
    is_sent = request.method == "POST"
    form = UploadForm(request.POST, request.FILES) if is_sent else UploadForm()
    if is_sent and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            job = submit(
                file.read(MAX_BYTES + 1),
                file.name,
                owner=request.user.pk,
                author=str(request.user),
                allowed=allowed_by(request.scope),
            )
        except ImportRefused as refusal:
            form.add_error("file", str(refusal))
        else:
            return redirect("console:import-job", job.pk)
    changes = request.scope.changes(Permission.IMPORT).filter(kind__in=_BULK)
    shown, last = page_before(changes.select_related("undone_by"), request)
    undoable = undoable_within(shown, request.scope.organisations(Permission.IMPORT))
    effect = effects(shown)
    context = {
        "form": form,
        "is_too_large": TOO_LARGE in request.GET,
        "max_megabytes": MAX_BYTES // 1024**2,
        "jobs": unfinished(request.user.pk),
        "changes": [
            (one, origin_of(one), effect.get(one.pk, ""), one.pk in undoable) for one in shown
        ],
        "last": last,
    }
    status = 422 if form.errors else 200
    return render(request, "imports/upload.html", context, status=status)
