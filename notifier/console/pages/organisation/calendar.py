"""Absences and on-call of an organisation, on a calendar of four weeks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from notifier.console.forms.absence import AbsenceForm
from notifier.console.forms.organisation import RotationForm, ShiftForm, StopForm
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.organisation.doing import is_done
from notifier.console.pages.organisation.lookup import (
    is_stored,
    mandate_or_404,
    organisation_or_404,
    url_of,
)
from notifier.console.pages.organisation.people import EDIT, SEE, frame
from notifier.directory.absences import (
    AbsenceError,
    absence_period,
    absences_of,
    add_absence,
    end_absence,
    other_mandates,
)
from notifier.directory.changes import changing
from notifier.directory.lookup import mandates_since
from notifier.directory.models import Absence, ChangeKind, Mandate, Organisation
from notifier.directory.on_call.gaps import unplanned_gap
from notifier.directory.on_call.planning import (
    NewRotation,
    give,
    plan_rotation,
    shifts_between,
    stop,
)
from notifier.directory.on_call.weeks import WEEKS, bounds, first_monday, weeks
from notifier.directory.ringing import Away, Silence, silences_of
from notifier.moments import weekday_moment
from notifier.territory.grammar import with_de

# As far ahead as those who administer it are mailed.
GAP_WITHIN = timedelta(days=30)


@page(SEE)
@require_safe
def calendar(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Show four weeks: who is on call, who is away."""
    one = organisation_or_404(request.scope, SEE, kind, code)
    today = timezone.localdate(timezone=one.zone_info)
    monday = first_monday(_day(request.GET.get("du", ""), today))
    since, until = bounds(monday, one.zone_info)
    absences = absences_of(one, timezone.now()) if is_stored(one) else []
    shifts = shifts_between(one, since, until) if is_stored(one) else []
    context = {
        **frame(request.scope, one),
        "weeks": weeks(monday, shifts, absences, one.zone_info),
        "absences": [(absence, absence_period(absence)) for absence in absences],
        "has_shifts": bool(shifts),
        "gap": _gap_in_words(one) if is_stored(one) else "",
        "today": today,
        "monday": monday,
        "last_day": monday + timedelta(days=7 * WEEKS - 1),
        "earlier": monday - timedelta(weeks=WEEKS),
        "later": monday + timedelta(weeks=WEEKS),
    }
    return render(request, "organisation/calendar.html", context)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def absence(request: ConsoleRequest, mandate: int) -> HttpResponse:
    """Note that somebody is away, and who stands in."""
    away = mandate_or_404(request.scope, EDIT, mandate)
    one, now = away.organisation, timezone.now()
    others = [m for m in mandates_since(one, now) if m.person_id != away.person_id]
    form = AbsenceForm(one, others, request.POST or None)
    if request.method == "POST" and form.is_valid():
        by_number = {other.pk: other for other in others}
        stand_in = by_number.get(form.cleaned_data["stand_in"] or 0)
        silences = silences_of(Away(one, [away], *form.period, stand_in))
        if silences and not form.is_meant:
            return _show_absence(request, away, form, silences)
        try:
            with changing(ChangeKind.HAND, str(request.user)):
                made = add_absence(away, *form.period, stand_in, now)
        except AbsenceError as refusal:
            form.refuse(refusal)
        else:
            then = f"remplaçant : {stand_in.holder_name}" if stand_in else "le suivant est prévenu"
            messages.success(
                request, f"Absence notée : {away.holder_name}, {absence_period(made)} ; {then}."
            )
            visible = request.scope.organisations(SEE)
            for other in other_mandates(away, now):
                if visible.filter(pk=other.organisation_id).exists():
                    messages.warning(
                        request,
                        f"{away.holder_name}, aussi {other.title} "
                        f"{with_de(str(other.organisation))} : son absence y est à saisir de même.",
                    )
            return redirect(url_of(one))
    return _show_absence(request, away, form)


def _show_absence(
    request: ConsoleRequest, away: Mandate, form: AbsenceForm, silences: Sequence[Silence] = ()
) -> HttpResponse:
    context = {
        **frame(request.scope, away.organisation),
        "mandate": away,
        "form": form,
        "silences": silences,
    }
    return render(request, "organisation/absence.html", context)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def end_one_absence(request: ConsoleRequest, absence: int) -> HttpResponse:
    """End an absence now."""
    mandates = request.scope.mandates(EDIT)
    shown = get_object_or_404(
        Absence.objects.select_related("mandate__person", "mandate__organisation"),
        pk=absence,
        mandate__in=mandates,
    )
    one = shown.mandate.organisation
    if request.method == "POST":
        try:
            with changing(ChangeKind.HAND, str(request.user)):
                end_absence(shown.pk, timezone.now())
        except AbsenceError:
            messages.info(request, "Cette absence était déjà terminée.")
        else:
            messages.success(request, f"Absence terminée : {shown.mandate.holder_name}.")
        return redirect(url_of(one, "console:organisation-calendar"))
    context = {
        **frame(request.scope, one),
        "absence": shown,
        "period": absence_period(shown),
        "confirm": "Terminer l’absence",
        "back": url_of(one, "console:organisation-calendar"),
    }
    return render(request, "organisation/end_absence.html", context)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def shift(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Have somebody on call for a time, whoever was."""
    one = organisation_or_404(request.scope, EDIT, kind, code)
    now = timezone.now()
    present = _on_call_members(one)
    form = ShiftForm(one, present, request.POST or None)

    def act() -> str:
        data = form.cleaned_data
        holder = next(mandate for mandate in present if mandate.pk == data["mandate"])
        with changing(ChangeKind.HAND, str(request.user)):
            give(one, data["starts_at"], data["ends_at"], holder, now)
        return f"{holder.holder_name} est d’astreinte sur cette période."

    if request.method == "POST" and form.is_valid() and is_done(request, act, form):
        return redirect(url_of(one, "console:organisation-calendar"))
    context = {**frame(request.scope, one), "form": form, "has_people": bool(present)}
    return render(request, "organisation/shift.html", context)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def rotation(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Plan shifts in turn for the year to come."""
    one = organisation_or_404(request.scope, EDIT, kind, code)
    now = timezone.now()
    present = _on_call_members(one)
    form = RotationForm(one, present, request.POST or None)

    def act() -> str:
        data = form.cleaned_data
        chosen = [mandate for mandate in present if mandate.pk in data["members"]]
        first_start = timezone.make_naive(data["first_start"])
        with changing(ChangeKind.HAND, str(request.user)):
            new = NewRotation(chosen, first_start, data["shift_days"], data["ends_on"])
            planned = plan_rotation(one, new, now)
        return f"{len(planned)} tours d’astreinte sont planifiés."

    if request.method == "POST" and form.is_valid() and is_done(request, act, form):
        return redirect(url_of(one, "console:organisation-calendar"))
    context = {**frame(request.scope, one), "form": form, "has_people": bool(present)}
    return render(request, "organisation/rotation.html", context)


@page(EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def stop_on_call(request: ConsoleRequest, kind: str, code: str) -> HttpResponse:
    """Plan nobody from a moment on."""
    one = organisation_or_404(request.scope, EDIT, kind, code)
    if not is_stored(one):
        raise Http404
    form = StopForm(one, request.POST or None, initial={"at": timezone.now()})
    if request.method == "POST" and form.is_valid():
        with changing(ChangeKind.HAND, str(request.user)):
            count = stop(one, form.cleaned_data["at"])
        messages.success(request, f"Tours d’astreinte retirés ou écourtés : {count}.")
        return redirect(url_of(one, "console:organisation-calendar"))
    context = {
        **frame(request.scope, one),
        "form": form,
        "confirm": "Arrêter l’astreinte",
        "back": url_of(one, "console:organisation-calendar"),
        "is_dangerous": True,
    }
    return render(request, "organisation/stop.html", context)


def _gap_in_words(one: Organisation) -> str:
    """Say when nobody is on call next: "du vendredi … au samedi …"; empty: always somebody."""
    gap = unplanned_gap(one, timezone.now(), GAP_WITHIN)
    if gap is None:
        return ""
    begins = weekday_moment(gap.starts_at.astimezone(one.zone_info))
    if gap.ends_at is None:
        return f"à partir du {begins}"
    return f"du {begins} au {weekday_moment(gap.ends_at.astimezone(one.zone_info))}"


def _on_call_members(one: Organisation) -> list[Mandate]:
    return mandates_since(one, timezone.now()) if is_stored(one) else []


def _day(text: str, default: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return default
