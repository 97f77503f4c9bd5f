"""Pause what goes to the communes, of everything or of one's own sources, and resume it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from notifier.accounts.roles import Permission
from notifier.alerting.throttling.pause import (
    pause,
    pause_each,
    resume,
    resume_each,
)
from notifier.console.forms.sources import ALL, MINE, PauseForm
from notifier.console.french import typography
from notifier.console.pages.access import ConsoleRequest, page, posted
from notifier.console.paused import pauses_for
from notifier.intake.models import Source

PAUSE = Permission.PAUSE


@page(PAUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def pause_sending(request: ConsoleRequest) -> HttpResponse:
    """Ask what and why, then hold it until somebody resumes it."""
    own = list(request.scope.sources(PAUSE).filter(revoked_at=None).order_by("name"))
    may_pause_all = request.scope.territory(PAUSE).is_everything
    if not own and not may_pause_all:
        raise Http404
    form = PauseForm(
        posted(request),
        initial={"source": request.GET.get("source", "")},
        sources=own,
        may_pause_all=may_pause_all,
    )
    if request.method == "POST" and form.is_valid():
        said = _pause(form.cleaned_data["source"], own, str(request.user), form)
        messages.success(request, typography(said))
        return redirect("console:sources")
    context = {
        "form": form,
        "confirm": "Suspendre les envois",
        "back": reverse("console:sources"),
        "is_dangerous": True,
    }
    return render(request, "sources/pause.html", context)


def _pause(chosen: str, own: list[Source], by: str, form: PauseForm) -> str:
    """Pause what was chosen, and say what was done."""
    reason = form.cleaned_data["reason"]
    if chosen == ALL:
        done = pause(None, by, reason)
        return "Tous les envois sont suspendus." if done else "Tous l’étaient déjà."
    sources = own if chosen == MINE else [s for s in own if str(s.pk) == chosen]
    paused = pause_each(sources, by, reason)
    names = ", ".join(f"« {source.name} »" for source in paused)
    return f"Envois suspendus : {names}." if paused else "Ils étaient suspendus déjà."


@page(PAUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def resume_sending(request: ConsoleRequest) -> HttpResponse:
    """Ask, then end all pauses that the reader may end: what is still useful leaves."""
    found = [one.pause for one in pauses_for(request.scope) if one.may_resume]
    only = request.GET.get("source", "")
    if only:
        found = [one for one in found if one.source and str(one.source.pk) == only]
    if request.method == "POST":
        by = str(request.user)
        is_everything = any(one.source is None for one in found)
        if is_everything:
            resume(None, by)
        resumed = resume_each([one.source for one in found if one.source], by)
        is_done = is_everything or resumed
        messages.success(request, "Les envois ont repris." if is_done else "Rien n’était suspendu.")
        return redirect("console:sources")
    context = {
        "pauses": found,
        "confirm": "Reprendre les envois",
        "back": reverse("console:sources"),
    }
    return render(request, "sources/resume.html", context)
