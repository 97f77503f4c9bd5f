"""One list on its way: read, shown with what it would do, written; what was refused, to correct."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notifier.accounts.roles import Permission
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.imports.within import allowed_by
from notifier.console.pages.paging import id_of, page_after
from notifier.directory.imports import jobs
from notifier.directory.imports.correction import refused_rows
from notifier.directory.imports.reading import FORMATS
from notifier.directory.models import UNFINISHED, ImportJob, ImportState, RowVerb

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# By the word in the address: what is shown, and which of the counts says how many.
_VIEWS: dict[str, tuple[str, Q, str]] = {
    "": ("Tout", Q(), ""),
    "nouveaux": ("Nouveaux", Q(verb=RowVerb.NEW), RowVerb.NEW),
    "modifies": ("Modifiés", Q(verb=RowVerb.CHANGED), RowVerb.CHANGED),
    "termines": ("Terminés", Q(verb=RowVerb.ENDED), RowVerb.ENDED),
    "refuses": ("Refusés", Q(verb=RowVerb.REFUSED), RowVerb.REFUSED),
    "a-regarder": ("À regarder", Q(is_warned=True), "warned"),
    "de-cote": ("Laissés de côté", Q(is_left_out=True), ""),
}
KINDS = {
    RowVerb.NEW: "ok",
    RowVerb.CHANGED: "info",
    RowVerb.ENDED: "wait",
    RowVerb.UNCHANGED: "off",
    RowVerb.REFUSED: "danger",
}


@page(Permission.IMPORT)
@require_safe
def job_page(request: ConsoleRequest, job: int) -> HttpResponse:
    """Show where a list stands and what it does, row by row."""
    found = _own(request, job)
    chosen = request.GET.get("voir", "")
    _, rows_shown, _ = _VIEWS.get(chosen, _VIEWS[""])
    rows, last = page_after(found.rows.filter(rows_shown), request)
    kept = found.rows.exclude(verb__in=(RowVerb.REFUSED, RowVerb.UNCHANGED))
    context = {
        "job": found,
        "taken": _taken(found) if found.state == ImportState.READY else found.counts,
        "format": FORMATS[found.form].label if found.form else "",
        "rows": [(row, KINDS[RowVerb(row.verb)], f"ligne {row.line}") for row in rows],
        "rows_kept": bool(rows) or found.rows.exists(),
        "last": last,
        "chosen": chosen,
        "views": [(_label(found, name), _address(found, name), name == chosen) for name in _VIEWS],
        "writes_something": found.state == ImportState.READY
        and kept.filter(is_left_out=False).exists(),
        "is_over": found.state not in UNFINISHED,
        "back": request.get_full_path(),
    }
    return render(request, "imports/job.html", context)


@page(Permission.IMPORT)
@require_POST
def leave_row_out(request: ConsoleRequest, job: int) -> HttpResponse:
    """Have a row not taken, or taken again."""
    found = _own(request, job)
    line = id_of(request.POST.get("line", ""))
    is_left_out = request.POST.get("take") != "1"
    if line is None or not jobs.leave_out(found, line, is_left_out=is_left_out):
        messages.warning(request, "Cette ligne ne peut plus être choisie.")
    back = request.POST.get("back", "")
    own = reverse("console:import-job", args=[found.pk])
    return redirect(back if back.partition("?")[0] == own else own)


@page(Permission.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: ConsoleRequest, job: int) -> HttpResponse:
    """Ask whether the list is to be written as it was shown, and have it written."""
    found = _own(request, job)
    if request.method == "POST":
        if not jobs.confirm(found, allowed_by(request.scope)):
            messages.warning(request, "Cet import est déjà lancé, ou n’attend plus personne.")
        return redirect("console:import-job", found.pk)
    context = {
        "job": found,
        "confirm": "Importer",
        "back": reverse("console:import-job", args=[found.pk]),
        "taken": _taken(found),
        "left_out": found.rows.filter(is_left_out=True).values("line").distinct().count(),
    }
    return render(request, "imports/confirm.html", context)


@page(Permission.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def abandon(request: ConsoleRequest, job: int) -> HttpResponse:
    """Ask whether a list is to be given up, and erase it."""
    found = _own(request, job)
    if request.method == "POST":
        if jobs.abandon(found):
            messages.success(request, f"« {found.file_name} » est abandonné, et effacé.")
            return redirect("console:import")
        messages.warning(request, "Cet import ne peut plus être abandonné.")
        return redirect("console:import-job", found.pk)
    back = reverse("console:import-job", args=[found.pk])
    context = {"job": found, "confirm": "Abandonner", "back": back, "is_dangerous": True}
    return render(request, "imports/abandon.html", context)


@page(Permission.IMPORT)
@require_POST
def resume(request: ConsoleRequest, job: int) -> HttpResponse:
    """Have a list read again whose reading was interrupted."""
    found = _own(request, job)
    if not jobs.resume(found, allowed_by(request.scope)):
        messages.warning(request, "La lecture a déjà repris.")
    return redirect("console:import-job", found.pk)


@page(Permission.IMPORT)
@require_safe
def correction(request: ConsoleRequest, job: int) -> HttpResponse:
    """Hand out the refused rows as a sheet to be corrected and sent again."""
    found = _own(request, job)
    if not found.rows.filter(verb=RowVerb.REFUSED).exists():
        raise Http404
    headers = {"Content-Disposition": 'attachment; filename="lignes-a-corriger.xlsx"'}
    return HttpResponse(refused_rows(found), content_type=_XLSX, headers=headers)


def _own(request: ConsoleRequest, pk: int) -> ImportJob:
    """Return a list that this reader uploaded; nobody else's exists for him."""
    mine: Any = ImportJob.objects.filter(owner_id=request.user.pk)
    found: ImportJob = get_object_or_404(mine.defer("content").select_related("change"), pk=pk)
    return found


def _taken(job: ImportJob) -> dict[str, int]:
    """Count what the rows would do that are not left aside."""
    rows = job.rows.filter(is_left_out=False).order_by().values_list("verb")
    return dict(rows.annotate(Count("pk")))


def _label(job: ImportJob, view: str) -> str:
    label, _, count = _VIEWS[view]
    return f"{label} ({job.counts.get(count, 0)})" if count else label


def _address(job: ImportJob, view: str) -> str:
    own = reverse("console:import-job", args=[job.pk])
    return f"{own}?voir={view}" if view else own
