"""Forms of a person's own preferences, behind the link of a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from notifier.console.forms.absence import AbsenceForm
from notifier.console.forms.organisation import NewAddressForm
from notifier.delivery.models import Channel
from notifier.directory.models import AddressKind, Mandate, Organisation
from notifier.directory.own_data import MAX_AWAY

_ANY = ""


def _hour_input() -> forms.TimeInput:
    return forms.TimeInput(format="%H:%M", attrs={"type": "time"})


class ChannelsForm(forms.Form):
    """By which channels what is not urgent is told."""

    channels = forms.ChoiceField(
        label="Ce qui n’est pas urgent m’est dit",
        choices=[
            (_ANY, "Par SMS et par courriel"),
            (Channel.EMAIL.value, "Par courriel seulement"),
            (Channel.SMS.value, "Par SMS seulement"),
        ],
        widget=forms.RadioSelect,
        required=False,
        help_text="Ce qui est urgent vient toujours par SMS.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channels"].is_alternative = True  # type: ignore[attr-defined] # the component's

    @property
    def chosen(self) -> list[str]:
        """Return the channels; none: all."""
        channel = self.cleaned_data["channels"]
        return [channel] if channel else []


class QuietForm(forms.Form):
    """From when until when no SMS tells of what is not urgent."""

    quiet_from = forms.TimeField(label="De", widget=_hour_input(), required=False)
    quiet_until = forms.TimeField(label="À", widget=_hour_input(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in self.fields.values():
            one.is_alternative = True  # type: ignore[attr-defined] # the component's


class OwnAbsenceForm(AbsenceForm):
    """Until when the reader is away, and who stands in, by function: nobody else is named."""

    def __init__(
        self, organisation: Organisation, others: Sequence[Mandate], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(organisation, (), *args, **kwargs)
        self.fields["ends_on"].help_text = f"Jour compris, {MAX_AWAY} jours au plus."
        self.fields["stand_in"].choices = [  # type: ignore[attr-defined] # a choice field
            ("", "Le suivant dans l’ordre"),
            *((one.pk, one.title.capitalize()) for one in others),
        ]


class OwnAddressForm(NewAddressForm):
    """One more number or mailbox at which a code can be read."""

    kind = forms.ChoiceField(
        label="Type",
        choices=[
            (kind.value, kind.label.capitalize())
            for kind in (AddressKind.MOBILE, AddressKind.EMAIL)
        ],
    )
