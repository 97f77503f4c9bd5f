"""What a person says who acts on an incident."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from notifier.alerting.board.incidents import MAX_PERIOD
from notifier.alerting.manual.enter_answer import ENTERED_KINDS
from notifier.alerting.models import answer_label


class ReasonForm(forms.Form):
    """Why; kept with the incident, beside the journal."""

    why = forms.CharField(
        label="Motif",
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
        help_text="Pourquoi, en une phrase. Gardé avec l’intervention, hors du journal : "
        "effaçable.",
    )


class TellForm(ReasonForm):
    """Whom to tell as well."""

    person = forms.ChoiceField(label="Personne", widget=forms.RadioSelect)
    field_order = ("person", "why")

    def __init__(self, people: Iterable[tuple[str, str]], data: Any = None) -> None:
        """`people`: mandates and how they are named, the next in order first."""
        super().__init__(data)
        self.fields["person"].choices = list(people)  # type: ignore[attr-defined]


class AnswerForm(ReasonForm):
    """Who answered what, on the telephone."""

    person = forms.ChoiceField(label="Qui a répondu", widget=forms.RadioSelect)
    kind = forms.ChoiceField(
        label="Sa réponse",
        widget=forms.RadioSelect,
    )
    field_order = ("person", "kind", "why")

    def __init__(
        self, people: Iterable[tuple[str, str]], organisation_kind: str, data: Any = None
    ) -> None:
        """`people`: those whom the alert told, and how they are named; of such an organisation."""
        super().__init__(data)
        kinds = [(kind.value, answer_label(kind, organisation_kind)) for kind in ENTERED_KINDS]
        self.fields["person"].choices = list(people)  # type: ignore[attr-defined] # a choice field
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined] # likewise


class PeriodForm(forms.Form):
    """From when to when, in the service's zone."""

    du = forms.DateTimeField(
        label="Du", widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    )
    au = forms.DateTimeField(
        label="Au", widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins, or is too long for one list."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        begins, ends = cleaned.get("du"), cleaned.get("au")
        if begins and ends and begins >= ends:
            raise ValidationError("La période finit avant d’avoir commencé : inversez les dates.")
        if begins and ends and ends - begins > MAX_PERIOD:
            days = MAX_PERIOD // timedelta(days=1)
            raise ValidationError(f"Choisissez au plus {days} jours, ou cherchez dans le journal.")
        return cleaned

    @property
    def period(self) -> tuple[datetime, datetime]:
        """Its beginning and end, of a valid form."""
        return self.cleaned_data["du"], self.cleaned_data["au"]
