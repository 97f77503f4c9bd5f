"""The form of an absence: until when somebody is away, who stands in, and whether that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from notifier.console.forms.organisation import LocalMomentField, OfOrganisation, day_input
from notifier.directory.lookup import describe_mandate
from notifier.directory.models import Mandate, Organisation
from notifier.directory.on_call.shifts import local_moment

_END_OF_DAY = time(23, 59)


class AbsenceForm(OfOrganisation):
    """Until when somebody is away, and who stands in."""

    ends_on = forms.DateField(
        label="Absent jusqu’au", widget=day_input(), help_text="Jour compris."
    )
    ends_at = forms.TimeField(
        label="Heure du retour",
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        help_text="Vide : la fin de ce jour.",
    )
    stand_in = forms.TypedChoiceField(
        label="Remplaçant", coerce=int, empty_value=None, required=False
    )
    starts_at = LocalMomentField(
        label="À partir du", required=False, help_text="Vide : dès maintenant."
    )

    def __init__(
        self, organisation: Organisation, others: Sequence[Mandate], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(organisation, *args, **kwargs)
        self.fields["stand_in"].choices = [  # type: ignore[attr-defined] # a choice field
            ("", "Le suivant dans l’ordre"),
            *((one.pk, describe_mandate(one)) for one in others),
        ]

    def clean(self) -> dict[str, Any]:
        """Read the last moment. Raises ValidationError."""
        data: dict[str, Any] = super().clean() or {}
        if day := data.get("ends_on"):
            last = datetime.combine(day, data.get("ends_at") or _END_OF_DAY)
            try:
                data["last"] = local_moment(last, self.organisation.zone_info)
            except OverflowError:
                self.add_error("ends_on", "Donnez un jour de notre calendrier.")
        return data

    @property
    def period(self) -> tuple[datetime, datetime]:
        """From when to when."""
        data = self.cleaned_data
        return data["starts_at"] or timezone.now(), data["last"]

    @property
    def asked(self) -> str:
        """What is asked for, as it was typed."""
        names = ("starts_at", "ends_on", "ends_at", "stand_in")
        return "|".join(str(self.data.get(name, ""))[:40] for name in names)

    @property
    def is_meant(self) -> bool:
        """Whether it is asked for once more, after a warning of the very same."""
        return bool(self.data.get("quand_meme") == self.asked)
