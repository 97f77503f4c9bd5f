"""Campaigns of confirmation: begin one, see who has answered what and who has not, stop it."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.console.forms.campaigns import CampaignForm
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.paging import page_before
from notifier.directory.confirmation import CampaignError, start_campaign, stop_campaign
from notifier.directory.models import Answer, ConfirmationCampaign, ConfirmationRequest

_VIEWS = {
    "": "Tous",
    "sans-reponse": "Sans réponse",
    "confirmes": "Confirmés",
    "plus-moi": "« Plus moi »",
    "injoignables": "Injoignables",
}
_ANSWERS = {"sans-reponse": Answer.NONE, "confirmes": Answer.YES, "plus-moi": Answer.NO}
KINDS = {Answer.NONE: "wait", Answer.YES: "ok", Answer.NO: "danger"}


@page(Permission.IMPORT)
@require_safe
def campaigns(request: ConsoleRequest) -> HttpResponse:
    """List the campaigns that ask somebody of the scope."""
    shown, last = page_before(_campaigns(request.scope), request)
    context = {"campaigns": shown, "last": last, "now": timezone.now()}
    return render(request, "imports/campaigns.html", context)


@page(Permission.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_campaign(request: ConsoleRequest) -> HttpResponse:
    """Ask whom to ask, and begin."""
    communes = request.scope.communes(Permission.IMPORT)
    initial = {"who": request.GET.get("qui", "all")}
    data = request.POST if request.method == "POST" else None
    form = CampaignForm(data, communes=communes, initial=initial)
    if request.method == "POST" and form.is_valid():
        mandates = request.scope.mandates(Permission.IMPORT)
        if form.chosen:
            mandates = mandates.filter(organisation__departement=form.chosen)
        if form.cleaned_data["who"] == "unconfirmed":
            mandates = mandates.filter(is_confirmed=False)
        try:
            campaign = start_campaign(
                form.cleaned_data["name"],
                mandates,
                author=str(request.user),
                ends_at=form.ends_at,
                remind_after_days=form.cleaned_data["remind_after_days"],
                max_reminders=form.cleaned_data["max_reminders"],
            )
        except CampaignError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "La campagne est lancée, aux heures de bureau.")
            return redirect("console:campaign", campaign.pk)
    context = {"form": form, "confirm": "Lancer la campagne", "back": reverse("console:campaigns")}
    status = 422 if form.errors else 200
    return render(request, "imports/campaign_new.html", context, status=status)


@page(Permission.IMPORT)
@require_safe
def campaign_page(request: ConsoleRequest, campaign: int) -> HttpResponse:
    """Show who of the scope has answered what, and who has not."""
    found = get_object_or_404(_campaigns(request.scope), pk=campaign)
    own = _requests(request.scope).filter(campaign=found)
    chosen = request.GET.get("voir", "")
    seen = request.scope.mandates(Permission.IMPORT).select_related("organisation")
    rows = own.select_related("person", "organisation").prefetch_related(
        Prefetch("mandates", queryset=seen)
    )
    if chosen in _ANSWERS:
        rows = rows.filter(answer=_ANSWERS[chosen])
    elif chosen == "injoignables":
        rows = rows.filter(answer=Answer.NONE, sent_count=0, next_at=None)
    shown, last = page_before(rows, request)
    by_answer = dict(own.order_by().values_list("answer").annotate(Count("pk")))
    address = reverse("console:campaign", args=[found.pk])
    context = {
        "campaign": found,
        "is_running": found.stopped_at is None and found.ends_at > timezone.now(),
        "rows": [(one, KINDS[Answer(one.answer)]) for one in shown],
        "last": last,
        "yes": by_answer.get(Answer.YES, 0),
        "no": by_answer.get(Answer.NO, 0),
        "open": by_answer.get(Answer.NONE, 0),
        "views": [
            (label, f"{address}?voir={name}" if name else address, name == chosen)
            for name, label in _VIEWS.items()
        ],
        "may_stop": _is_whole(request.scope, found),
    }
    return render(request, "imports/campaign.html", context)


@page(Permission.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: ConsoleRequest, campaign: int) -> HttpResponse:
    """Ask whether a campaign is to be stopped, and stop it."""
    found = get_object_or_404(_campaigns(request.scope), pk=campaign)
    back = reverse("console:campaign", args=[found.pk])
    if not _is_whole(request.scope, found):
        messages.error(request, "Cette campagne interroge aussi hors de votre périmètre.")
        return redirect(back)
    if request.method == "POST":
        if stop_campaign(found, str(request.user)):
            messages.success(request, "La campagne est arrêtée ; ses liens ne servent plus.")
        return redirect(back)
    context = {"campaign": found, "confirm": "Arrêter", "back": back, "is_dangerous": True}
    return render(request, "imports/campaign_stop.html", context)


def _requests(scope: Scope) -> QuerySet[ConfirmationRequest]:
    if scope.territory(Permission.IMPORT).is_everything:
        return ConfirmationRequest.objects.all()
    there = scope.organisations(Permission.IMPORT)
    return ConfirmationRequest.objects.filter(organisation__in=there)


def _campaigns(scope: Scope) -> QuerySet[ConfirmationCampaign]:
    own = _requests(scope).filter(campaign=OuterRef("pk"))
    return ConfirmationCampaign.objects.filter(Exists(own))


def _is_whole(scope: Scope, campaign: ConfirmationCampaign) -> bool:
    if scope.territory(Permission.IMPORT).is_everything:
        return True
    there = scope.organisations(Permission.IMPORT)
    return not campaign.requests.exclude(organisation__in=there).exists()
