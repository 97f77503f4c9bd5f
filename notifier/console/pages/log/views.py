"""The pages of the log."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from notifier.accounts.access_log import accesses, record_access
from notifier.accounts.roles import Permission
from notifier.accounts.saved_searches import forget_search, save_search, searches_of
from notifier.alerting.log.lines import HEADER, LogLine, as_row, lines
from notifier.alerting.log.search import PAGE, search
from notifier.alerting.models import Notification
from notifier.console.downloads import table_answer
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.log.form import SEE, LogForm
from notifier.console.pages.paging import key_of
from notifier.console.pages.reauthentication import reauthenticated

MAX_EXPORTED = 10_000


@page(SEE)
@require_safe
def log(request: ConsoleRequest) -> HttpResponse:
    """Show what was told and withheld, the latest first."""
    form = LogForm(request.scope, request.GET)
    context: dict[str, Any] = {
        "form": form,
        "searches": searches_of(request.user),
        "query": _filters(form, request.GET),
        "may_export": request.scope.has(Permission.EXPORT),
        "sees_people": request.scope.has(Permission.SEE_PEOPLE),
        "sees_accesses": request.scope.has(Permission.MANAGE_ACCOUNTS),
    }
    if form.is_valid():
        found = search(request.scope.notifications(SEE), form.query, before=_key(request))
        rows = list(found[: PAGE + 1])
        context |= {
            "lines": _lines(request, rows[:PAGE]),
            "next_key": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        }
    return render(request, "log/log.html", context)


@page(Permission.EXPORT)
@require_POST
@reauthenticated
def export_log(request: ConsoleRequest) -> HttpResponse:
    """Send what a search finds as CSV or XLSX; the journal notes who took it out."""
    form = LogForm(request.scope, request.POST)
    if not request.scope.has(SEE) or not form.is_valid():
        messages.error(request, "Cette recherche ne peut être exportée : corrigez ses filtres.")
        return redirect("console:log")
    found = search(request.scope.notifications(SEE), form.query)
    rows = list(found[: MAX_EXPORTED + 1])
    if len(rows) > MAX_EXPORTED:
        messages.error(
            request,
            f"Plus de {MAX_EXPORTED} lignes : choisissez une période plus courte, puis exportez.",
        )
        return redirect(f"{request.path.removesuffix('/export')}?{_filters(form, request.POST)}")
    record_access(request.user, "a exporté des lignes du journal", rows=len(rows))
    told = [as_row(line) for line in _lines(request, rows)]
    return table_answer(HEADER, told, "journal", request.POST.get("format", "csv"))


@page(SEE)
@require_POST
def save(request: ConsoleRequest) -> HttpResponse:
    """Keep the present search under a name."""
    given = QueryDict(request.POST.get("query", ""))
    query = _filters(LogForm(request.scope, given), given)
    try:
        saved = save_search(request.user, request.POST.get("name", ""), query)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"Recherche « {saved.name} » enregistrée.")
    return redirect(f"{request.path.rpartition('/recherches')[0]}?{query}")


@page(SEE)
@require_POST
def forget(request: ConsoleRequest, search: int) -> HttpResponse:
    """Forget one of the reader's own searches."""
    if not forget_search(request.user, search):
        raise Http404
    messages.success(request, "Recherche oubliée.")
    return redirect("console:log")


@page(Permission.MANAGE_ACCOUNTS)
@require_safe
def access_log(request: ConsoleRequest) -> HttpResponse:
    """Show who logged in, looked at an address, changed a role, a key or a source, paused it."""
    entries = accesses(request.scope, before=_key(request), limit=PAGE + 1)
    context = {
        "accesses": entries[:PAGE],
        "next_key": entries[PAGE - 1].entry.pk if len(entries) > PAGE else None,
        "sees_log": request.scope.has(SEE),
    }
    return render(request, "log/access.html", context)


def _lines(request: ConsoleRequest, rows: list[Notification]) -> list[LogLine]:
    """Write the rows as this reader may see them; names of people who exist for him alone."""
    if not request.scope.has(Permission.SEE_PEOPLE):
        return lines(rows, None)
    keys = {row.recipient.removeprefix("person:") for row in rows}
    ids = [int(key) for key in keys if key.isdecimal()]
    people = request.scope.people(Permission.SEE_PEOPLE).filter(pk__in=ids)
    return lines(rows, {f"person:{one.pk}": one.name for one in people})


def _key(request: ConsoleRequest) -> int | None:
    """Return the id before which a page begins; Http404 for what is none."""
    key = key_of(request)
    if key is None and request.GET.get("avant"):
        raise Http404
    return key


def _filters(form: LogForm, given: QueryDict) -> str:
    """Return the filters of a search alone, as a query string."""
    return urlencode({name: given[name] for name in form.fields if given.get(name)})
