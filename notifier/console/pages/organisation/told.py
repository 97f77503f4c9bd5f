"""What an organisation was told, what changed there, who would be told."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.alerting.decision.who import Answer, who_would_be_told
from notifier.alerting.policy.current import label_of
from notifier.console.forms.organisation import WhoForm
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.organisation.lookup import is_stored, organisation_or_404
from notifier.console.pages.organisation.people import SEE, frame
from notifier.console.pages.paging import key_of
from notifier.delivery.address import mask
from notifier.directory.allowed import undoable_within
from notifier.directory.models import OrganisationKind, OrganisationRef
from notifier.directory.organisation_history import PastChange, history_of
from notifier.territory.resolve import commune_by_code

_PAGE = 30


@page(Permission.SEE_INCIDENTS)
@require_safe
def alerts(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Show the last alerts, the newest first."""
    one = organisation_or_404(request.scope, Permission.SEE_INCIDENTS, kind, code)
    rows = request.scope.alerts(Permission.SEE_INCIDENTS).filter(
        organisation_kind=kind, organisation=code
    )
    before = key_of(request)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("incident").order_by("-id")[: _PAGE + 1])
    shown = found[:_PAGE]
    context = {
        **frame(request.scope, one),
        "alerts": [(alert, label_of(alert.category)) for alert in shown],
        "next": shown[-1].pk if len(found) > _PAGE else None,
    }
    return render(request, "organisation/alerts.html", context)


@page(SEE)
@require_safe
def history(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Show who changed what, with before and after."""
    one = organisation_or_404(request.scope, SEE, kind, code)
    found = history_of(one, mask, key_of(request), _PAGE + 1) if is_stored(one) else []
    shown = found[:_PAGE]
    context = {
        **frame(request.scope, one),
        "changes": shown,
        "undoable": _undoable(request.scope, shown),
        "next": shown[-1].change.pk if len(found) > _PAGE else None,
    }
    return render(request, "organisation/history.html", context)


@page(SEE)
@require_safe
def who(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Say who would be told of a category at an hour: the plan's own answer."""
    one = organisation_or_404(request.scope, SEE, kind, code)
    commune = commune_by_code(code) if kind == OrganisationKind.COMMUNE else None
    if commune is None:
        raise Http404
    form = WhoForm(one, request.GET or None)
    answers = None
    at = timezone.now()
    if request.GET and form.is_valid():
        data = form.cleaned_data
        at = data["at"] or at
        answers = who_would_be_told(commune, data["category"].code, data["severity"], at)
    own = request.scope.organisations(SEE).values_list("kind", "code")
    visible = {OrganisationRef(*pair) for pair in own.filter(_named(answers or []))}
    visible.add(one.ref)
    context = {
        **frame(request.scope, one),
        "form": form,
        "answers": [(answer, answer.ref in visible) for answer in answers or ()],
        "nature": form.cleaned_data["category"].label if answers is not None else "",
        "is_asked": answers is not None,
        "at": at,
    }
    return render(request, "organisation/who.html", context)


def _undoable(scope: Scope, shown: Sequence[PastChange]) -> set[int]:
    if not scope.has(Permission.IMPORT):
        return set()
    own = scope.organisations(Permission.IMPORT)
    return undoable_within((past.change for past in shown), own)


def _named(answers: Sequence[Answer]) -> Q:
    """Select the organisations of the answers: addresses of the others are not shown."""
    named = Q(pk=None)
    for answer in answers:
        if answer.ref is not None:
            named |= Q(kind=answer.ref.kind, code=answer.ref.code)
    return named
