"""Maintenant and Cette nuit: what is under way, what needs a person, and what a past night was."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from notifier.accounts.roles import Permission
from notifier.alerting.board.attention import (
    EXPIRED_SHOWN,
    ended_unanswered,
    providers_blocked,
    providers_set_aside,
    reviews_undecided,
    reviews_waiting,
    waiting_for_a_person,
)
from notifier.alerting.board.incidents import incidents_between, incidents_under_way
from notifier.alerting.canary.runs import find_outage
from notifier.alerting.webhooks.overview import failing_webhooks
from notifier.console.forms.incidents import PeriodForm
from notifier.console.french import NO_BREAK, moment
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.paging import key_of
from notifier.directory.addresses import latest_passed_over
from notifier.intake.models import Report
from notifier.intake.silence import silent_sources

SEE = Permission.SEE_BOARD
# So many addresses that fail stand on the page; the rest on those of their organisations.
MAX_FAILING = 5
BEGINS, ENDS = time(20), time(8)


@page(SEE)
@require_safe
def now(request: ConsoleRequest) -> HttpResponse:
    """Show what is under way; asked by the page itself, only the part that changes."""
    scope, at = request.scope, timezone.now()
    context = {
        "at": at,
        "board": incidents_under_way(scope.alerts(SEE), at),
        "reviews": reviews_waiting(scope.reports(SEE)) if _is_told_of_reports(request) else [],
        "undecided": reviews_undecided(scope.reports(SEE), at - EXPIRED_SHOWN, at)
        if _is_told_of_reports(request)
        else [],
        "ended": ended_unanswered(scope.alerts(SEE), at),
        "waiting": waiting_for_a_person(scope.notifications(SEE)),
        "blocked": providers_blocked(at),
        "set_aside": providers_set_aside(),
        "mute": (mute := failing_webhooks(scope.sources(SEE))),
        "managed": _managed(request) if mute else (),
        "silent": silent_sources(scope.sources(SEE)),
        "outage": find_outage(at) if scope.is_platform else None,
        "failing": latest_passed_over(scope.addresses(Permission.SEE_PEOPLE), MAX_FAILING),
        "may_answer": scope.has(Permission.ENTER_ANSWERS),
        "may_act": scope.has(Permission.ACT),
        "may_decide": scope.has(Permission.DECIDE_REVIEWS),
    }
    is_part = request.headers.get("HX-Request") == "true"
    return render(request, "now_live.html" if is_part else "now.html", context)


@page(SEE)
@require_safe
def night(request: ConsoleRequest) -> HttpResponse:
    """List what was told in a period, by default the last night, a line each."""
    scope = request.scope
    local = timezone.localtime()
    latest = _night(local)
    is_chosen = "du" in request.GET or "au" in request.GET
    form = PeriodForm(request.GET if is_chosen else None, initial=_initial(latest))
    begins, ends = form.period if form.is_valid() else latest
    reports = scope.reports(SEE) if _is_told_of_reports(request) else Report.objects.none()
    told = incidents_between(
        scope.alerts(SEE),
        scope.notifications(SEE),
        begins,
        ends,
        key_of(request),
    )
    after = _night_of(timezone.localdate(begins) + timedelta(days=1))
    context = {
        "form": form,
        "period": _in_words(begins, ends),
        "night_before": _night_of(timezone.localdate(begins) - timedelta(days=1)),
        "night_after": after if after <= latest else None,
        "lines": told.incidents,
        "next": told.next,
        "reviews": reviews_waiting(reports.filter(received_at__gte=begins, received_at__lt=ends)),
        "undecided": reviews_undecided(reports, begins, ends),
    }
    return render(request, "night.html", context, status=422 if form.errors else 200)


def _managed(request: ConsoleRequest) -> set[int]:
    """Return the sources whose settings the reader may see."""
    manage = Permission.MANAGE_SOURCES
    if not request.scope.has(manage):
        return set()
    return set(request.scope.sources(manage).values_list("pk", flat=True))


def _is_told_of_reports(request: ConsoleRequest) -> bool:
    """Whether a place in doubt is their matter: dispatch's and its groupement's alone."""
    return request.scope.has(Permission.DECIDE_REVIEWS)


def _night(local: datetime) -> tuple[datetime, datetime]:
    """Return the latest night that has begun."""
    return _night_of(local.date() - timedelta(days=0 if local.time() >= BEGINS else 1))


def _night_of(evening: date) -> tuple[datetime, datetime]:
    """Return the night that begins on that day, from 20 h to 8 h."""
    return (
        timezone.make_aware(datetime.combine(evening, BEGINS)),
        timezone.make_aware(datetime.combine(evening + timedelta(days=1), ENDS)),
    )


def _in_words(begins: datetime, ends: datetime) -> str:
    # "du 28 novembre à 20 h 00", without the article that a moment begins with.
    first, last = (moment(at)[len("le ") :] for at in (begins, ends))
    return f"Du{NO_BREAK}{first} au{NO_BREAK}{last}"


def _initial(period: tuple[datetime, datetime]) -> dict[str, datetime]:
    return {"du": timezone.localtime(period[0]), "au": timezone.localtime(period[1])}
