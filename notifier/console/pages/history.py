"""Who changed what in the directory: the changes of the whole scope, and one of them in detail."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.console.forms.history import HistoryFilter
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.paging import PAGE_SIZE, page_before
from notifier.directory.allowed import undoable_within
from notifier.directory.change_words import effects, origin_of
from notifier.directory.history import lines_after
from notifier.directory.models import Change, Organisation

_MAX_NAMED = 20


@page(Permission.SEE_PEOPLE)
@require_safe
def history(request: ConsoleRequest) -> HttpResponse:
    """List the changes that touched somebody within the scope, the newest first."""
    changes = request.scope.changes(Permission.SEE_PEOPLE).select_related("undone_by")
    organisations = request.scope.organisations(Permission.SEE_PEOPLE)
    filters = HistoryFilter(request.GET, queryset=changes, organisations=organisations)
    rows, last = page_before(filters.qs if filters.is_valid() else changes.none(), request)
    effect = effects(rows)
    context = {
        "filter": filters,
        "changes": [(one, origin_of(one), effect.get(one.pk, "")) for one in rows],
        "last": last,
        "is_filtered": any(request.GET.get(name) for name in filters.form.fields),
    }
    return render(request, "history/list.html", context)


@page(Permission.SEE_PEOPLE)
@require_safe
def change_page(request: ConsoleRequest, change: int) -> HttpResponse:
    """Show what a change did within the scope, row by row, before and after."""
    scope = request.scope
    changes = scope.changes(Permission.SEE_PEOPLE).select_related("undone_by", "undoes")
    found = get_object_or_404(changes, pk=change)
    is_everything = scope.territory(Permission.SEE_PEOPLE).is_everything
    organisations = None if is_everything else scope.organisations(Permission.SEE_PEOPLE)
    key = request.GET.get("apres", "")
    lines = lines_after(found, key, PAGE_SIZE + 1, organisations)
    shown = lines[:PAGE_SIZE]
    context = {
        "change": found,
        "origin": origin_of(found),
        "effect": effects([found]).get(found.pk, ""),
        "organisations": _organisations(found, organisations),
        "lines": shown,
        "last": shown[-1].key if len(lines) > PAGE_SIZE else None,
        "may_undo": _may_undo(found, scope),
        "is_part": not is_everything,
    }
    return render(request, "history/change.html", context)


def _organisations(change: Change, within: QuerySet[Organisation] | None) -> list[Organisation]:
    """Return some of those that the change touched themselves; a new list of EPCI names many."""
    found = change.organisations.order_by("name")
    return list((found if within is None else found.filter(pk__in=within))[:_MAX_NAMED])


def _may_undo(change: Change, scope: Scope) -> bool:
    """Return whether the reader administers all that the change touched, and it can be undone."""
    own = scope.organisations(Permission.IMPORT)
    return scope.has(Permission.IMPORT) and bool(undoable_within([change], own))
