"""Forms of an election and of a campaign of confirmation."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils import timezone

from notifier.accounts.scope import Communes
from notifier.directory.models.campaigns import MAX_REMINDERS
from notifier.territory.zones.departements import all_departements

_MAX_DAYS = 180


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class _InScopeForm(forms.Form):
    """A form about one of the reader's départements, where there are several."""

    departement = forms.ChoiceField(label="Département")

    def __init__(self, *args: Any, communes: Communes, **options: Any) -> None:
        super().__init__(*args, **options)
        is_everything = communes.is_everything
        known = [
            one for one in all_departements() if is_everything or one.code in communes.departements
        ]
        if len(known) + bool(communes.codes) < 2:
            del self.fields["departement"]
            return
        choices = [] if is_everything else [("", "Tout mon territoire")]
        field = forms.ChoiceField(
            label="Département",
            choices=[*choices, *((one.code, f"{one.code}, {one.name}") for one in known)],
            required=is_everything,
        )
        self.fields["departement"] = field
        self.order_fields(self.field_order)

    @property
    def chosen(self) -> str:
        """The département; "" for all that the reader administers."""
        return str(self.cleaned_data.get("departement", ""))


class ElectionForm(_InScopeForm):
    """The day of an election."""

    day = forms.DateField(
        label="Jour de l’élection",
        widget=_day(),
        help_text="Le second tour, s’il y en a eu un.",
        error_messages={"required": "Donnez le jour de l’élection."},
    )

    field_order = ("day", "departement")

    def clean_day(self) -> Any:
        """Refuse a day to come, and one long past."""
        day, today = self.cleaned_data["day"], timezone.localdate()
        if day > today:
            raise forms.ValidationError("Ce jour est à venir : attendez l’élection.")
        if day < today - timedelta(days=3 * 365):
            raise forms.ValidationError("Ce jour est trop ancien : plus de trois ans.")
        return day


class CampaignForm(_InScopeForm):
    """Whom a campaign asks, until when, and how often."""

    name = forms.CharField(label="Nom", max_length=100, help_text="Par exemple Printemps 2027.")
    who = forms.ChoiceField(
        label="Qui interroger",
        choices=[("all", "Tous"), ("unconfirmed", "Seulement ceux qui sont à confirmer")],
    )
    ends_on = forms.DateField(
        label="Dernier jour",
        widget=_day(),
        help_text="Les liens ne servent plus ensuite.",
        error_messages={"required": "Donnez le dernier jour de la campagne."},
    )
    remind_after_days = forms.IntegerField(
        label="Jours avant un rappel", min_value=2, max_value=30, initial=7
    )
    max_reminders = forms.TypedChoiceField(
        label="Rappels",
        coerce=int,
        choices=[(count, str(count)) for count in range(MAX_REMINDERS, -1, -1)],
    )

    field_order = ("name", "departement", "who", "ends_on", "remind_after_days", "max_reminders")

    def clean_ends_on(self) -> Any:
        """Refuse a day that is past, or too far off for a link."""
        day, today = self.cleaned_data["ends_on"], timezone.localdate()
        if not today < day <= today + timedelta(days=_MAX_DAYS):
            raise forms.ValidationError(f"Donnez un jour à venir, dans {_MAX_DAYS} jours au plus.")
        return day

    @property
    def ends_at(self) -> datetime:
        """The end of the last day."""
        midnight = time(23, 59, 59)
        zone = ZoneInfo(settings.TIME_ZONE)
        return datetime.combine(self.cleaned_data["ends_on"], midnight, zone)
