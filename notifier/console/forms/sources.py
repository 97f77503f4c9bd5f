"""Forms about sources: what is kept of one, its key, and what is paused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from notifier.console.forms.rules import reason_field
from notifier.console.forms.territory import departement_choices
from notifier.delivery.providers.registry import LABELS
from notifier.intake.access.sources import CHANGEABLE
from notifier.intake.models import Source

# How long the key before may still serve.
OVERLAPS = {
    "24": "24 heures",
    "168": "7 jours",
    "1": "1 heure",
    "0": "pas du tout : la clé est peut-être connue d’un autre",
}


class SourceForm(forms.ModelForm):  # type: ignore[type-arg] # generic for the type checker only
    """What an administrator decides about a source; its keys are generated, never typed."""

    departements = forms.MultipleChoiceField(
        label="Départements",
        widget=forms.CheckboxSelectMultiple,
        help_text="Ceux dont elle peut parler.",
    )
    rate_per_minute = forms.IntegerField(
        label="Interventions par minute",
        min_value=1,
        initial=600,
        help_text="Au-delà, ses requêtes sont refusées (429), et son logiciel recommence.",
    )

    sms_providers = forms.ChoiceField(
        label="Opérateurs de SMS",
        required=False,
        help_text="Le suivant porte les textes tant que le premier est en échec.",
    )

    class Meta:
        model = Source
        fields = CHANGEABLE

    def __init__(self, *args: Any, departements: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer_providers()
        field = self.fields["departements"]
        field.choices = departement_choices(departements)  # type: ignore[attr-defined]
        if len(departements) > 12:
            field.widget = forms.SelectMultiple(choices=field.choices)  # type: ignore[attr-defined]
        elif len(departements) == 1:
            field.initial = departements

    def _offer_providers(self) -> None:
        """Offer the orders of the providers that may send; no choice, no field."""
        configured = settings.ENVIRONMENT.configured_sms_providers
        if len(configured) < 2:
            del self.fields["sms_providers"]
            return
        orders = [order for n in (2, 1) for order in permutations(configured, n)]
        choices = [(",".join(order), _in_words(order)) for order in orders]
        usual = f"l’ordre du service : {_in_words(settings.ENVIRONMENT.sms_providers)}"
        self.fields["sms_providers"].choices = [("", usual), *choices]  # type: ignore[attr-defined]
        self.initial["sms_providers"] = ",".join(self.instance.sms_providers)

    def clean_sms_providers(self) -> list[str]:
        """Return the order; empty: the service's."""
        order: str = self.cleaned_data["sms_providers"]
        return order.split(",") if order else []

    def changes(self) -> dict[str, Any]:
        """Return what was typed, by field."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name in CHANGEABLE}


def _in_words(order: Sequence[str]) -> str:
    """Say an order of providers: « Twilio, puis OVHcloud »."""
    names = [LABELS[name] for name in order]
    return ", puis ".join(names) if len(names) > 1 else f"{names[0]} seulement"


def order_in_words(source: Source) -> str:
    """Say by which providers a source's SMS leave; empty where there is no choice."""
    environment = settings.ENVIRONMENT
    if len(environment.configured_sms_providers) < 2:
        return ""
    return _in_words(source.sms_providers or environment.sms_providers)


class NewSourceForm(SourceForm):
    """A source that does not exist yet: only now can it be required to sign."""

    signed = forms.BooleanField(
        label="Requêtes signées",
        required=False,
        help_text="Exige la signature Standard Webhooks ; le secret est affiché avec la clé.",
    )


class RotationForm(forms.Form):
    """How long the key before still serves."""

    overlap = forms.ChoiceField(
        label="La clé précédente vaut encore",
        choices=list(OVERLAPS.items()),
        help_text="Le temps que le centre installe la nouvelle.",
    )

    @property
    def duration(self) -> timedelta:
        """The choice."""
        return timedelta(hours=int(self.cleaned_data["overlap"]))


class SecretRotationForm(RotationForm):
    """How long what is posted is signed with the secret before as well."""

    overlap = forms.ChoiceField(
        label="Les envois portent aussi l’ancienne signature",
        choices=[
            *list(OVERLAPS.items())[:-1],
            ("0", "pas du tout : le secret est peut-être connu d’un autre"),
        ],
        help_text="Le temps que le centre installe le nouveau secret.",
    )


class WebhookForm(forms.Form):
    """Where a source's own software is told of answers, and how."""

    url = forms.CharField(
        label="Adresse",
        max_length=300,
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="En https, telle que l’éditeur du logiciel la donne.",
    )
    webhook_format = forms.ChoiceField(
        label="Format",
        choices=[("json", "JSON"), ("edxl", "EDXL-DE (modèles CISU)")],
        help_text="Celui que le logiciel sait lire ; JSON dit tout, EDXL-DE aussi, dans une "
        "enveloppe avec un EMSI.",
    )


class RevocationForm(forms.Form):
    """Whether what waits is withdrawn as well."""

    withdraw = forms.BooleanField(
        label="Retirer aussi tout ce qui n’est pas encore parti",
        required=False,
        help_text="Si la clé a été volée. Sinon, ce qui attend partira.",
    )


class PauseForm(forms.Form):
    """What is paused, and why."""

    source = forms.ChoiceField(label="Suspendre")
    reason = reason_field("Il s’affiche sur chaque page, et reste au journal avec votre nom.")

    def __init__(
        self, *args: Any, sources: Collection[Source], may_pause_all: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(source.pk), f"{source.name} seulement") for source in sources]
        if len(choices) > 1:
            choices.insert(0, (MINE, "toutes mes sources"))
        if may_pause_all:
            choices.insert(0, (ALL, "tous les envois, de toutes les sources"))
        self.fields["source"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            raise ValidationError("no source to pause")


ALL, MINE = "tout", "miennes"
