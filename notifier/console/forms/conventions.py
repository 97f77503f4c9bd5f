"""Forms about conventions: filters, the file, what a commune keeps, the last day, the week."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import date, timedelta
from typing import Any

import django_filters
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet
from django.utils import timezone

from notifier.alerting.policy.conventions import rule_label
from notifier.directory.conventions.extent import commune_under
from notifier.directory.lookup import LookupRefused
from notifier.directory.models import Convention, ConventionKind
from notifier.territory.resolve import Commune

MAX_FILE_BYTES = 200_000
WEEK = timedelta(days=7)
_WEEKS = 13


class ConventionFilter(django_filters.FilterSet):  # type: ignore[misc] # has no types
    """Which conventions are listed."""

    kind = django_filters.ChoiceFilter(
        label="Type", choices=ConventionKind.choices, empty_label="Tous"
    )
    q = django_filters.CharFilter(label="Titre ou référence", method="search")

    class Meta:
        model = Convention
        fields = ("kind",)

    def search(self, found: QuerySet[Convention], _name: str, text: str) -> QuerySet[Convention]:
        """Return those whose title or reference holds the text."""
        return found.filter(Q(title__icontains=text) | Q(reference__icontains=text))


class ConventionFileForm(forms.Form):
    """The file of a convention."""

    file = forms.FileField(
        label="Fichier de la convention",
        help_text="En TOML, comme les exemples fournis : titre, parties, dates et règles.",
    )

    def clean_file(self) -> UploadedFile[bytes]:
        """Refuse what is no convention by its size."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_FILE_BYTES:
            raise forms.ValidationError("Ce fichier dépasse 200 ko : ce n’est pas une convention.")
        return file


class NarrowingForm(forms.Form):
    """What a commune keeps from the organisations of a convention: some categories, or all."""

    commune = forms.CharField(
        label="Commune",
        max_length=60,
        help_text="Son code ou son nom : 90033, ou Delle.",
    )
    everything = forms.BooleanField(label="Tout ce que la convention annonce", required=False)
    categories = forms.MultipleChoiceField(
        label="Ou seulement", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self,
        *args: Any,
        convention: Convention,
        categories: Sequence[str],
        own: Container[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._convention, self._own = convention, own
        self.fields["categories"].choices = [  # type: ignore[attr-defined]
            (code, f"{rule_label(code)} ({code})") for code in categories
        ]

    def clean_commune(self) -> Commune:
        """Find the commune that is meant, of the convention's and of the reader's own."""
        text = self.cleaned_data["commune"]
        try:
            found = commune_under(self._convention, text, timezone.now())
        except LookupRefused as refusal:
            raise forms.ValidationError(f"{refusal}.") from None
        if found.code not in self._own:
            raise forms.ValidationError(f"{found.label} n’est pas de votre territoire.")
        return found

    def clean(self) -> dict[str, Any]:
        """Ask for one of the two."""
        given: dict[str, Any] = super().clean() or {}
        if bool(given.get("everything")) == bool(given.get("categories")):
            raise forms.ValidationError("Cocher tout, ou une nature de fait au moins.")
        return given


class EndForm(forms.Form):
    """When a convention ends: at once, or after a day."""

    last_day = forms.DateField(
        label="Dernier jour, inclus",
        required=False,
        help_text="Sans date, la convention prend fin aussitôt.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class WeekForm(forms.Form):
    """A past week, by its Monday."""

    semaine = forms.ChoiceField(label="Semaine du", required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filtre_%s")
        today = timezone.localdate()
        last = today - timedelta(days=today.weekday()) - WEEK
        mondays = [last - WEEK * n for n in range(_WEEKS)]
        self.fields["semaine"].choices = [  # type: ignore[attr-defined]
            (day.isoformat(), f"{day:%d/%m/%Y} au {day + timedelta(days=6):%d/%m/%Y}")
            for day in mondays
        ]
        self.last = last

    @property
    def monday(self) -> date:
        """The Monday that is asked for; last week's without one."""
        chosen = self.cleaned_data.get("semaine") if self.is_valid() else ""
        return date.fromisoformat(chosen) if chosen else self.last
