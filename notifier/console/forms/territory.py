"""The filters of the communes of a département."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from notifier.directory.commune_coverage import ToMend
from notifier.territory.zones.departements import departement_by_code

BY_URGENCY, BY_NAME = "urgence", "nom"


def departement_choices(codes: Sequence[str]) -> list[tuple[str, str]]:
    """Return the départements with their names, for a list to choose from."""
    return [(code, f"{one.name} ({code})") for code in codes if (one := departement_by_code(code))]


class CoverageFilter(forms.Form):
    """Which communes are shown, and in which order."""

    departement = forms.ChoiceField(label="Département", required=False)
    a_corriger = forms.ChoiceField(
        label="À corriger",
        required=False,
        choices=[("", "Toutes les communes"), *ToMend.choices],
    )
    q = forms.CharField(label="Nom ou code", required=False, max_length=60)
    tri = forms.ChoiceField(
        label="Ordre",
        required=False,
        choices=[(BY_URGENCY, "Ce qui est à corriger d’abord"), (BY_NAME, "Nom de la commune")],
    )

    def __init__(self, data: Any, departements: Sequence[str]) -> None:
        super().__init__(data, auto_id="filtre_%s")
        choices = forms.ChoiceField(
            label="Département", required=False, choices=departement_choices(departements)
        )
        self.fields["departement"] = choices
        if len(departements) == 1:
            choices.widget = forms.HiddenInput()
