"""Une intervention: its facts, each text with its moments, who was told and under what."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from notifier.accounts.roles import Permission
from notifier.alerting.board.account import Account, account_of
from notifier.alerting.models import Alert
from notifier.alerting.notification.history import timeline_of
from notifier.alerting.policy.current import label_of
from notifier.console.moments import Moments
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.incidents.names import names_of
from notifier.intake.models import Incident, ReportState
from notifier.journal.models import Entry

SEE, ENTER = Permission.SEE_INCIDENTS, Permission.ENTER_ANSWERS
# The rest is in the journal.
MAX_ENTRIES = 200


@page(SEE)
@require_safe
def incident(request: ConsoleRequest, incident: int) -> HttpResponse:
    """Show one incident, as far as it exists for whoever asks."""
    scope = request.scope
    found = get_object_or_404(scope.incidents(SEE).select_related("source"), pk=incident)
    account = account_of(found, scope.alerts(SEE), scope.notifications(SEE))
    sees_all = _sees_all(request, found)
    actable = set(
        scope.alerts(Permission.ACT).filter(incident=found).values_list("pk", flat=True)
        if scope.has(Permission.ACT)
        else ()
    )
    answerable = (
        {line.alert.pk for line in account.organisations if line.takes_answers}
        & set(scope.alerts(ENTER).filter(incident=found).values_list("pk", flat=True))
        if scope.has(ENTER)
        else set[int]()
    )
    at = timezone.now()
    context = {
        "at": at,
        "account": account,
        "is_under_way": account.is_under_way(at),
        "incident": found,
        "category": _category(account),
        "names": names_of(request, (sent.reader.person for sent in account.texts)),
        "sees_people": scope.has(Permission.SEE_PEOPLE),
        "sees_all": sees_all,
        "sees_board": scope.has(Permission.SEE_BOARD),
        "picture": Moments("Les textes dans le temps", account.texts, at),
        "in_review": [report for report in account.reports if report.state == ReportState.REVIEW]
        if scope.has(Permission.DECIDE_REVIEWS)
        else [],
        "actable": actable,
        "answerable": answerable,
        "steps": _steps(request, found.pk) if sees_all else [],
        "log_url": f"{reverse('console:log')}?{urlencode({'reference': found.reference})}",
    }
    return render(request, "incidents/show.html", context)


def _sees_all(request: ConsoleRequest, incident: Incident) -> bool:
    """Whether what dispatch said is theirs to read, and not only what they were told of it."""
    territory = request.scope.territory(SEE)
    return territory.is_everything or territory.departements.issuperset(
        incident.source.departements
    )


def _category(account: Account) -> str:
    """Return what it is, as it was told; of what was not, as dispatch said it."""
    told: Iterable[Alert] = (line.alert for line in account.organisations)
    first = next(iter(told), None)
    return label_of(first.category if first else account.latest.category)


def _steps(request: ConsoleRequest, incident_id: int) -> list[Entry]:
    """Return the journal of the incident; none to whoever may see no address, not even masked."""
    if not request.scope.has(Permission.SEE_PEOPLE):
        return []
    return timeline_of(incident_id)[:MAX_ENTRIES]
