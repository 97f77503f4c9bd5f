"""Forms of an organisation's page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from notifier.console.forms.categories import CategoryField
from notifier.directory.lookup import describe_mandate
from notifier.directory.mandates import Holder, Post
from notifier.directory.models import (
    OF_COMMUNE,
    AddressKind,
    Civility,
    Function,
    Mandate,
    Organisation,
    OrganisationKind,
)
from notifier.directory.on_call.shifts import local_moment
from notifier.intake.schema.vocabulary import Severity


def day_input() -> forms.DateInput:
    """Return a field for a day, as browsers show it."""
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def moment_input() -> forms.DateTimeInput:
    """Return a field for a local moment, as browsers show it."""
    return forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})


class LocalMomentField(forms.DateTimeField):
    """A moment in the time of an organisation, which the form sets."""

    widget = forms.DateTimeInput
    zone: ZoneInfo | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=moment_input(), **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment in UTC. Raises ValidationError."""
        try:
            found = super().to_python(value)
            if found is None or self.zone is None:
                return found
            return local_moment(found.replace(tzinfo=None), self.zone)
        except OverflowError:
            # At either end of the calendar, in a zone that is beyond it.
            raise ValidationError(self.error_messages["invalid"], "invalid") from None

    def prepare_value(self, value: Any) -> Any:
        """Show the moment in the organisation's time."""
        if isinstance(value, datetime) and timezone.is_aware(value) and self.zone:
            return value.astimezone(self.zone).replace(tzinfo=None)
        return value


class OfOrganisation(forms.Form):
    """A form about one organisation, in whose time its moments are."""

    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organisation = organisation
        for field in self.fields.values():
            if isinstance(field, LocalMomentField):
                field.zone = organisation.zone_info

    def refuse(self, refusal: Exception) -> None:
        """Take what a room refused: by field where it says so."""
        if not isinstance(refusal, ValidationError):
            self.add_error(None, str(refusal))
        elif hasattr(refusal, "error_dict"):
            for name, errors in refusal.message_dict.items():
                self.add_error(name if name in self.fields else None, list(errors))
        else:
            self.add_error(None, refusal)


class PostForm(OfOrganisation):
    """Who holds which function how long."""

    function = forms.ChoiceField(label="Fonction")
    civility = forms.ChoiceField(
        label="Civilité", choices=[("", "Sans"), *Civility.choices], required=False
    )
    first_name = forms.CharField(label="Prénom", max_length=100, required=False)
    last_name = forms.CharField(label="Nom", max_length=100)
    starts_on = forms.DateField(
        label="À partir du",
        required=False,
        widget=day_input(),
        help_text="Vide : dès maintenant.",
    )
    ends_on = forms.DateField(
        label="Jusqu’au",
        required=False,
        widget=day_input(),
        help_text="Jour compris. Vide : sans limite.",
    )

    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(organisation, *args, **kwargs)
        is_commune = organisation.kind == OrganisationKind.COMMUNE
        functions: Sequence[Function] = OF_COMMUNE if is_commune else list(Function)
        self.fields["function"].choices = [(f.value, f.label.capitalize()) for f in functions]  # type: ignore[attr-defined] # a choice field

    @property
    def holder(self) -> Holder:
        """Who it is."""
        data = self.cleaned_data
        return Holder(data["last_name"], data["first_name"], data["civility"])

    def post(self, rank: int | None = None) -> Post:
        """Return what for and how long."""
        data = self.cleaned_data
        return Post(data["function"], rank, data["starts_on"], data["ends_on"])


class AppointForm(PostForm):
    """Somebody new, with addresses, perhaps in the place of somebody else."""

    mobile = forms.CharField(
        label="Mobile",
        max_length=30,
        required=False,
        help_text="Celui qui sonne la nuit. Forme nationale (06…) ou internationale (+41…).",
    )
    email = forms.CharField(label="Courriel", max_length=254, required=False)
    landline = forms.CharField(
        label="Téléphone fixe",
        max_length=30,
        required=False,
        help_text="Il peut être appelé ; il ne reçoit pas de SMS.",
    )
    replaced = forms.TypedChoiceField(
        label="Remplace", coerce=int, empty_value=None, required=False
    )

    field_order = ("function", "replaced", "civility", "first_name", "last_name", "mobile", "email")

    def __init__(
        self, organisation: Organisation, present: Sequence[Mandate], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(organisation, *args, **kwargs)
        self.fields["replaced"].choices = [  # type: ignore[attr-defined] # a choice field
            ("", "Personne"),
            *((one.pk, describe_mandate(one)) for one in present),
        ]
        self.fields["replaced"].help_text = "Son mandat prend fin la veille."
        if not present:
            del self.fields["replaced"]

    @property
    def addresses(self) -> list[tuple[AddressKind, str]]:
        """The addresses as they were written."""
        kinds = (AddressKind.MOBILE, AddressKind.EMAIL, AddressKind.LANDLINE)
        return [(kind, self.cleaned_data[kind.name.lower()]) for kind in kinds]


class EndForm(OfOrganisation):
    """The last day of a mandate."""

    last_day = forms.DateField(
        label="Dernier jour du mandat",
        widget=day_input(),
        help_text="Jour compris. Pour ne plus prévenir dès maintenant, indiquez hier.",
    )


class NewAddressForm(OfOrganisation):
    """One more number or mailbox."""

    kind = forms.ChoiceField(
        label="Type", choices=[(kind.value, kind.label.capitalize()) for kind in AddressKind]
    )
    value = forms.CharField(label="Numéro ou courriel", max_length=254)


class AddressForm(OfOrganisation):
    """Another number or mailbox in the place of one."""

    value = forms.CharField(
        label="Nouvelle adresse",
        max_length=254,
        help_text="L’ancienne n’est plus employée ; ce qui attendait encore part à celle-ci.",
    )


class ShiftForm(OfOrganisation):
    """Who is on call from one moment to another."""

    mandate = forms.TypedChoiceField(label="Personne", coerce=int)
    starts_at = LocalMomentField(label="Du")
    ends_at = LocalMomentField(label="Au")

    def __init__(
        self, organisation: Organisation, present: Sequence[Mandate], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(organisation, *args, **kwargs)
        choices = [(one.pk, describe_mandate(one)) for one in present]
        self.fields["mandate"].choices = choices  # type: ignore[attr-defined] # a choice field


class RotationForm(OfOrganisation):
    """A pattern of shifts: each in turn, from hand-over to hand-over."""

    members = forms.TypedMultipleChoiceField(
        label="Personnes",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text="Chacune à son tour, dans l’ordre de cette liste.",
    )
    first_start = forms.DateTimeField(label="Première prise d’astreinte", widget=moment_input())
    shift_days = forms.IntegerField(label="Jours par tour", min_value=1, max_value=31, initial=7)
    ends_on = forms.DateField(
        label="Jusqu’au", required=False, widget=day_input(), help_text="Vide : sans fin."
    )

    def __init__(
        self, organisation: Organisation, present: Sequence[Mandate], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(organisation, *args, **kwargs)
        choices = [(one.pk, describe_mandate(one)) for one in present]
        self.fields["members"].choices = choices  # type: ignore[attr-defined] # a choice field


class StopForm(OfOrganisation):
    """From when on nobody is planned."""

    at = LocalMomentField(label="À partir du")


class WhoForm(OfOrganisation):
    """Of what, how grave and when: who would be told."""

    category = CategoryField(
        label="Nature",
        max_length=200,
        help_text="Un mot, ou le code : la liste se resserre à mesure.",
    )
    severity = forms.ChoiceField(
        label="Gravité", choices=[(one.value, one.label) for one in Severity]
    )
    at = LocalMomentField(label="Quand", required=False)


class CodeForm(OfOrganisation):
    """The code that somebody reads back."""

    code = forms.CharField(
        label="Code lu par la personne",
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
