"""One's own preferences, absences, addresses and data, behind the link of a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from notifier.alerting.address_test import (
    AddressTestError,
    send_test,
)
from notifier.alerting.answers.find import OpenedAlert
from notifier.alerting.notification.recipients import person_of
from notifier.alerting.own.absence import note_absence
from notifier.alerting.own.addresses import accept_own, confirm_own, refuse_own, remove_own
from notifier.alerting.own.preferences import choose_own_channels, choose_own_quiet_hours
from notifier.console.forms.own import ChannelsForm, OwnAbsenceForm, OwnAddressForm, QuietForm
from notifier.console.pages.answers.link import behind_link, new_stamp, was_read
from notifier.console.pages.answers.own_shown import shown_absences, shown_addresses
from notifier.directory.absences import AbsenceError
from notifier.directory.models import Address, AddressKind
from notifier.directory.own_data import (
    OwnData,
    add_unconfirmed,
    be_back,
    own_data,
)
from notifier.directory.preferences import PreferencesError
from notifier.directory.ringing import Silence
from notifier.intake.models import Source
from notifier.territory.phones import format_number

_REFUSALS = (ValidationError, AbsenceError, AddressTestError, PreferencesError)
_TO_CORRECT = "Rien n’a changé : voyez ce qui est à corriger."
_NOT_YET = "Votre absence n’est pas encore notée : lisez ce qu’elle laisserait."
# What is said once it is done: the page has no session, and no cookie, to keep it in.
_DONE = {
    "canaux": "C’est noté : ce qui n’est pas urgent vous sera dit ainsi.",
    "calme": "Vos heures calmes sont notées.",
    "absence": "Votre absence est notée.",
    "retour": "Votre absence est terminée : vous êtes de nouveau prévenu.",
    "essai": "Un code part à cette adresse : saisissez-le ci-dessous.",
    "code": "C’est le bon code : vous serez prévenu à cette adresse aussi.",
    "retrait": "L’adresse est retirée.",
    "stop": "C’est noté : plus rien n’est envoyé à cette adresse.",
    "reprise": "C’est noté : vous êtes de nouveau prévenu à cette adresse.",
}

# Where on the page it is.
_PANELS = {
    "canaux": "par-quels-canaux",
    "calme": "heures-calmes",
    "absence": "absence",
    "retour": "absence",
}
_ADDRESSES = "mes-numeros-et-mes-courriels"


@dataclass
class _Asked:
    """What one POST asks for, and the form that shows why it was refused."""

    request: HttpRequest
    own: OwnData
    source: Source
    forms: dict[str, BaseForm] = field(default_factory=dict)
    silences: Sequence[Silence] = ()
    """When the absence that is asked for would leave nobody to ring."""

    @property
    def address(self) -> Address:
        """The own address that it names. Raises Http404 for anybody else's."""
        typed = self.request.POST.get("adresse", "")
        found = self.own.address(int(typed)) if typed.isascii() and typed.isdigit() else None
        if found is None:
            raise Http404
        return found


@behind_link
def preferences(request: HttpRequest, secret: str, opened: OpenedAlert) -> HttpResponse:
    """Show what is kept of the reader and how they are told; by POST change one thing of it."""
    person = person_of(opened.recipient)
    own = own_data(person, opened.alert.ref, timezone.now()) if person is not None else None
    if own is None:
        raise Http404
    asked = _Asked(request, own, opened.alert.incident.source)
    if request.method != "POST":
        return _show(asked, secret, opened)
    act = _ACTIONS.get(request.POST.get("faire", ""))
    if act is None or not was_read(request.POST, secret):
        return _show(asked, secret, opened, "Rien n’a changé : relisez la page, et recommencez.")
    try:
        done = act(asked)
    except _REFUSALS as refusal:
        said = refusal.messages if isinstance(refusal, ValidationError) else [str(refusal)]
        return _show(asked, secret, opened, " ".join(said))
    if not done:
        return _show(asked, secret, opened, _NOT_YET if asked.silences else _TO_CORRECT)
    url = reverse("answer-preferences", args=[secret])
    return HttpResponseRedirect(f"{url}?fait={done}", status=303)


def _channels(asked: _Asked) -> str:
    form = asked.forms["channels"] = ChannelsForm(asked.request.POST)
    if not form.is_valid():
        return ""
    choose_own_channels(asked.own, form.chosen, asked.source)
    return "canaux"


def _quiet(asked: _Asked) -> str:
    form = asked.forms["quiet"] = QuietForm(asked.request.POST)
    if not form.is_valid():
        return ""
    hours = form.cleaned_data["quiet_from"], form.cleaned_data["quiet_until"]
    choose_own_quiet_hours(asked.own, *hours, asked.source)
    return "calme"


def _absence(asked: _Asked) -> str:
    own = asked.own
    form = asked.forms["absence"] = OwnAbsenceForm(own.organisation, own.others, asked.request.POST)
    if not form.is_valid():
        return ""
    number = form.cleaned_data["stand_in"]
    stand_in = next((one for one in own.others if one.pk == number), None)
    new = own.absence(*form.period, stand_in)
    asked.silences = note_absence(own, new, asked.source, is_meant=form.is_meant)
    return "" if asked.silences else "absence"


def _back(asked: _Asked) -> str:
    typed = asked.request.POST.get("absence", "")
    absence = next((one for one, _ in asked.own.absences if str(one.pk) == typed), None)
    if absence is None:
        raise Http404
    be_back(asked.own, absence, timezone.now())
    return "retour"


def _add(asked: _Asked) -> str:
    own = asked.own
    form = asked.forms["address"] = OwnAddressForm(own.organisation, asked.request.POST)
    if not form.is_valid():
        return ""
    kind = AddressKind(form.cleaned_data["kind"])
    address = add_unconfirmed(own, kind, form.cleaned_data["value"], timezone.now())
    send_test(address, own.mandate, own.author, is_own=True)
    return "essai"


def _send_code(asked: _Asked) -> str:
    send_test(asked.address, asked.own.mandate, asked.own.author, is_own=True)
    return "essai"


def _code(asked: _Asked) -> str:
    typed = asked.request.POST.get("code", "")
    if not confirm_own(asked.own, asked.address, typed, asked.source):
        raise AddressTestError("Ce n’est pas ce code : relisez-le.")
    return "code"


def _forget(asked: _Asked) -> str:
    remove_own(asked.own, asked.address, asked.source)
    return "retrait"


def _stop(asked: _Asked) -> str:
    refuse_own(asked.own, asked.address, asked.source)
    return "stop"


def _resume(asked: _Asked) -> str:
    if asked.address.opted_out_at is None:
        raise Http404
    accept_own(asked.own, asked.address, asked.source)
    return "reprise"


_ACTIONS: dict[str, Callable[[_Asked], str]] = {
    "canaux": _channels,
    "calme": _quiet,
    "absence": _absence,
    "retour": _back,
    "ajouter": _add,
    "essai": _send_code,
    "code": _code,
    "retirer": _forget,
    "stop": _stop,
    "reprendre": _resume,
}


def _show(asked: _Asked, secret: str, opened: OpenedAlert, refusal: str = "") -> HttpResponse:
    own, chosen = asked.own, asked.own.preferences
    channels = chosen.routine_channels
    phone = opened.alert.incident.source.duty_phone
    forms = {
        "channels": ChannelsForm(initial={"channels": channels[0] if len(channels) == 1 else ""}),
        "quiet": QuietForm(
            initial={"quiet_from": chosen.quiet_from, "quiet_until": chosen.quiet_until}
        ),
        "absence": OwnAbsenceForm(own.organisation, own.others),
        "address": OwnAddressForm(own.organisation),
        **asked.forms,
    }
    what = asked.request.POST.get("faire") or asked.request.GET.get("fait", "")
    context = {
        "panel": _PANELS.get(what, _ADDRESSES),
        "secret": secret,
        "stamp": new_stamp(secret),
        "own": own,
        "forms": forms,
        "absences": shown_absences(own),
        "silences": asked.silences,
        "addresses": shown_addresses(own),
        "refusal": refusal,
        "done": "" if refusal else _DONE.get(asked.request.GET.get("fait", ""), ""),
        "source": opened.alert.incident.source,
        "phone": format_number(phone) if phone else "",
    }
    status = 422 if refusal else 200
    return render(asked.request, "answer/preferences.html", context, status=status)
