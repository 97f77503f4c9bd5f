"""Forms about the rules: which categories are listed, what is narrowed and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from notifier.alerting.models import PolicyNarrowing
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.narrowing import is_obliged
from notifier.console.forms.territory import departement_choices
from notifier.delivery.models import Channel
from notifier.directory.models import Function
from notifier.intake.schema.clickable import find_unsafe
from notifier.intake.schema.vocabulary import Severity

MAX_REASON = 200
NARROWED = ("is_withheld", "from_severity", "is_routine", "is_by_mail_only", "functions")
REASON_HELP = "Il reste au journal, avec votre nom : rien qui désigne une personne."
TOLD = {
    "": "Toutes",
    "annoncees": "Annoncées",
    "tues": "Non annoncées",
    "restreintes": "Restreintes",
}


def reason_field(help_text: str = REASON_HELP) -> forms.CharField:
    """Return the field of a reason, which stays and says nothing of a person."""
    return forms.CharField(
        label="Motif",
        max_length=MAX_REASON,
        validators=[_says_nothing_of_a_person],
        help_text=help_text,
        error_messages={"required": "Dire pourquoi : le motif reste au journal."},
    )


def _says_nothing_of_a_person(reason: str) -> None:
    if found := find_unsafe(reason):
        raise ValidationError(f"Le motif reste au journal : ôtez-en {found}.")


class CategoryFilter(forms.Form):
    """Which categories are listed, and for which département."""

    q = forms.CharField(label="Mot, code ou article", required=False, max_length=60)
    famille = forms.ChoiceField(label="Famille", required=False)
    annonce = forms.ChoiceField(label="Annonce", required=False, choices=list(TOLD.items()))
    departement = forms.ChoiceField(label="Département", required=False)

    def __init__(
        self, *args: Any, departements: Sequence[str], families: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["famille"].choices = [  # type: ignore[attr-defined] # a ChoiceField's
            ("", "Toutes"),
            *((family, family) for family in families),
        ]
        if len(departements) > 1:
            self.fields["departement"].choices = departement_choices(departements)  # type: ignore[attr-defined]
        else:
            del self.fields["departement"]


class NarrowingForm(forms.Form):
    """What the communes of a département are told less of a category."""

    departement = forms.ChoiceField(label="Département")
    is_withheld = forms.BooleanField(label="Ne plus l’annoncer du tout", required=False)
    from_severity = forms.ChoiceField(
        label="L’annoncer seulement à partir de la gravité", required=False
    )
    is_routine = forms.BooleanField(
        label="L’annoncer sans urgence",
        required=False,
        help_text="Après les alertes urgentes, et dans un récapitulatif quand il y en a beaucoup.",
    )
    is_by_mail_only = forms.BooleanField(
        label="L’annoncer par courriel seulement",
        required=False,
        help_text="Sans urgence donc : un courriel ne réveille personne.",
    )
    functions = forms.MultipleChoiceField(
        label="Prévenir d’emblée, avec le maire, seulement",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Les autres le sont quand aucun d’eux n’est joint.",
    )
    reason = reason_field()

    def __init__(
        self, *args: Any, category: Category, departements: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.category = category
        self.fields["departement"].choices = departement_choices(departements)  # type: ignore[attr-defined]
        above = [s for s in Severity if s > (category.threshold or Severity.MINOR)]
        self.fields["from_severity"].choices = [  # type: ignore[attr-defined]
            ("", "sans changement"),
            *((severity.value, severity.label) for severity in above),
        ]
        others = [function for function in category.tell if function != "maire"]
        self.fields["functions"].choices = [  # type: ignore[attr-defined]
            *((function, Function(function).label) for function in others),
            (Function.MAYOR.value, "personne d’autre que lui"),
        ]
        for name in NARROWED:
            if name not in self.fields_for(category):
                del self.fields[name]

    @staticmethod
    def fields_for(category: Category) -> list[str]:
        """Return what of a category may be narrowed; the law has the mayor informed of some."""
        if category.disclosure == "withhold":
            return []
        names = ["functions"] if set(category.tell) - {"maire"} else []
        if is_obliged(category):
            return names
        names += ["is_withheld", "from_severity"]
        if category.is_urgent:
            names.append("is_routine")
        if Channel.EMAIL in category.channels and len(category.channels) > 1:
            names.append("is_by_mail_only")
        return names

    def clean_functions(self) -> list[str]:
        """Refuse the mayor alone together with others."""
        chosen: list[str] = self.cleaned_data["functions"]
        if Function.MAYOR.value in chosen and len(chosen) > 1:
            raise ValidationError("Choisir qui est prévenu avec le maire, ou personne d’autre.")
        return chosen

    def narrowing(self) -> PolicyNarrowing:
        """Return what was asked for, not stored yet."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "functions"}
        functions = list(self.cleaned_data.get("functions") or ())
        return PolicyNarrowing(category=self.category.code, functions=functions, **given)


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = reason_field()
