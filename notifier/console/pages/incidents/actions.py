"""What a person does with an incident, each with a reason: again, one more, withdrawn, closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import OperationalError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from notifier.accounts.roles import Permission
from notifier.alerting.board.account import account_of
from notifier.alerting.board.readers import reader
from notifier.alerting.board.wordings import words_of
from notifier.alerting.escalation.one_more import people_to_tell
from notifier.alerting.manual.action import Actor, ManualActionError
from notifier.alerting.manual.ending import close, withdraw
from notifier.alerting.manual.enter_answer import enter_answer, people_asked
from notifier.alerting.manual.resend import may_arrive_twice, resend
from notifier.alerting.manual.tell import tell
from notifier.alerting.models import AnswerKind, answer_label
from notifier.alerting.release.relay import relay, waiting_relays
from notifier.alerting.throttling.quota import mark_released
from notifier.console.forms.incidents import AnswerForm, ReasonForm, TellForm
from notifier.console.french import typography
from notifier.console.pages.access import ConsoleRequest, page
from notifier.console.pages.incidents.names import names_of
from notifier.intake.models import Incident

ACT, ENTER = Permission.ACT, Permission.ENTER_ANSWERS
ANSWERS = ["GET", "HEAD", "POST"]
# Does it, and says what was done.
Action = Callable[[Actor, dict[str, Any]], str]


@page(ACT)
@require_http_methods(ANSWERS)
def resend_text(request: ConsoleRequest, incident: int, notification: int) -> HttpResponse:
    """Send one person the same text again."""
    rows = request.scope.notifications(ACT).select_related("message", "alert")
    row = get_object_or_404(rows, pk=notification, incident=incident)

    def act(actor: Actor, _: dict[str, Any]) -> str:
        sent = resend(row, actor)
        return f"Renvoyé à {sent.whom}."

    context = {
        "row": row,
        "reader": reader(row),
        "said": words_of(row)[1],
        "is_in_doubt": row.message is not None and may_arrive_twice(row.message),
        "confirm": "Renvoyer le texte",
    }
    return _ask(request, incident, "incidents/resend.html", ReasonForm, act, context)


@page(ACT)
@require_http_methods(ANSWERS)
def tell_one_more(request: ConsoleRequest, incident: int, alert: int) -> HttpResponse:
    """Tell one more person of an organisation."""
    found = get_object_or_404(request.scope.alerts(ACT), pk=alert, incident=incident)
    untold = people_to_tell([found]).get(found.pk, [])
    people = request.scope.people(Permission.SEE_PEOPLE)
    names = {
        person.pk: person.name for person in people.filter(pk__in=[one.person_id for one in untold])
    }
    choices = [
        (
            str(one.mandate_id),
            f"{names.get(one.person_id, '')}, {one.title} ({', '.join(one.channels)})".lstrip(", "),
        )
        for one in untold
    ]

    def form(data: Any) -> TellForm:
        return TellForm(choices, data)

    def act(actor: Actor, chosen: dict[str, Any]) -> str:
        whom = tell(found, int(chosen["person"]), actor)
        return f"Prévenu en plus : {whom}."

    context = {"alert": found, "untold": untold, "confirm": "Prévenir cette personne"}
    return _ask(request, incident, "incidents/tell.html", form, act, context)


@page(ENTER)
@require_http_methods(ANSWERS)
def enter_one_answer(request: ConsoleRequest, incident: int, alert: int) -> HttpResponse:
    """Enter what somebody whom the alert told said on the telephone."""
    found = get_object_or_404(request.scope.alerts(ENTER), pk=alert, incident=incident)
    asked = people_asked(found)
    names = names_of(request, [one.recipient for one in asked])
    choices = [
        (one.recipient, f"{names.get(one.recipient, '')}, {one.title}".lstrip(", "))
        for one in asked
    ]

    def form(data: Any) -> AnswerForm:
        return AnswerForm(choices, found.organisation_kind, data)

    def act(actor: Actor, given: dict[str, Any]) -> str:
        kind = AnswerKind(given["kind"])
        whose = enter_answer(found, given["person"], kind, actor)
        label = answer_label(kind, found.organisation_kind)
        return f"Réponse saisie : {whose}, « {label} »."

    context = {"alert": found, "asked": asked, "confirm": "Saisir la réponse"}
    return _ask(request, incident, "incidents/answer.html", form, act, context, ENTER)


@page(ACT)
@require_http_methods(ANSWERS)
def withdraw_incident(request: ConsoleRequest, incident: int) -> HttpResponse:
    """Withdraw what was announced."""

    def act(actor: Actor, _: dict[str, Any]) -> str:
        told = withdraw(incident, request.scope.alerts(ACT), actor)
        return _ended("Retirée", "L’annulation", told)

    context = {"confirm": "Retirer l’alerte", "is_dangerous": True}
    return _end(request, incident, "incidents/withdraw.html", act, context)


@page(ACT)
@require_http_methods(ANSWERS)
def close_incident(request: ConsoleRequest, incident: int) -> HttpResponse:
    """Tell those who were told that it is over."""

    def act(actor: Actor, _: dict[str, Any]) -> str:
        told = close(incident, request.scope.alerts(ACT), actor)
        return _ended("Close", "La fin", told)

    return _end(request, incident, "incidents/close.html", act, {"confirm": "Clore l’intervention"})


@page(ACT)
@require_http_methods(ANSWERS)
def release_texts(request: ConsoleRequest, incident: int, alert: int) -> HttpResponse:
    """Let go what waits for a person: for residents, or at the hard quota of its source."""
    found = get_object_or_404(request.scope.alerts(ACT), pk=alert, incident=incident)
    held = request.scope.notifications(ACT).filter(alert=found)

    def act(actor: Actor, _: dict[str, Any]) -> str:
        released = relay(found, actor.who) + mark_released(held, actor.who)
        if not released:
            raise ManualActionError("il n’attend plus rien : quelqu’un d’autre l’a libéré")
        return f"Libéré : {released} texte{'s' if released > 1 else ''}, au prochain tour."

    is_relay = found in waiting_relays(incident)
    context = {"alert": found, "is_relay": is_relay, "confirm": "Laisser partir"}
    return _ask(request, incident, "incidents/release.html", forms.Form, act, context)


def _end(
    request: ConsoleRequest, incident: int, template: str, act: Action, context: dict[str, Any]
) -> HttpResponse:
    scope = request.scope
    found = get_object_or_404(scope.incidents(ACT), pk=incident)
    account = account_of(found, scope.alerts(ACT), scope.notifications(ACT))
    going_on = [line for line in account.organisations if not line.is_over]
    return _ask(request, incident, template, ReasonForm, act, context | {"going_on": going_on})


def _ask(
    request: ConsoleRequest,
    incident_id: int,
    template: str,
    make_form: Callable[[Any], forms.Form],
    act: Action,
    context: dict[str, Any],
    permission: Permission = ACT,
) -> HttpResponse:
    """Ask for the reason, then do it once; say why not where it cannot be done."""
    incident = get_object_or_404(
        request.scope.incidents(permission).select_related("source"), pk=incident_id
    )
    form = make_form(request.POST if request.method == "POST" else None)
    if form.is_valid():
        why = form.cleaned_data.get("why", "")
        try:
            done = act(Actor(str(request.user), why), form.cleaned_data)
        except ManualActionError as error:
            form.add_error(None, _sentence(error))
        except OperationalError:  # two at once: one waits for what the other holds
            form.add_error(None, "Quelqu’un d’autre agit sur cette intervention : réessayez.")
        else:
            messages.success(request, typography(done))
            return redirect("console:incident", incident_id)
    status = 422 if form.errors else 200
    everything = context | {"form": form, "incident": incident, "back": _address(incident)}
    return render(request, template, everything, status=status)


def _address(incident: Incident) -> str:
    return redirect("console:incident", incident.pk).url


def _ended(done: str, what: str, told: int) -> str:
    if not told:
        return f"{done}."
    to = "un organisme" if told == 1 else f"{told} organismes"
    return f"{done}. {what} est annoncée à ceux qui avaient reçu l’alerte ({to})."


def _sentence(error: Exception) -> str:
    text = str(error)
    return typography(f"{text[:1].upper()}{text[1:]}.")
