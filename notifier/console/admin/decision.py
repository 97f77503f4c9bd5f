"""The form in which a person says which commune an intervention concerns: chosen, then confirmed.

A slip of the hand would tell the wrong mayor; so the commune is chosen by its name where a clue
names it, and any choice is read back by name before it counts.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from notifier.alerting.doubt import candidates
from notifier.intake.models import Intervention
from notifier.territory.reference import Commune, commune, served_by, tidy_code

OTHER = "autre"


class DecisionForm(forms.Form):
    """`cleaned_data["code"]` is the current commune chosen, `is_confirmed` whether twice."""

    choice = forms.ChoiceField(label="Commune", widget=forms.RadioSelect)
    other = forms.CharField(
        label="Code INSEE de l’autre commune",
        required=False,
        max_length=10,
        help_text="Le code officiel géographique (90033), pas le code postal.",
    )
    why = forms.CharField(
        label="Motif",
        max_length=300,
        widget=forms.Textarea({"rows": 2, "cols": 60}),
        help_text="Pour le journal : comment vous le savez, sans le nom de quiconque.",
    )
    seen = forms.CharField(widget=forms.HiddenInput)
    confirmed = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, together: list[Intervention], data: Any = None) -> None:
        """`together`: what waits of one thread, the latest first."""
        self._latest = str(together[0].pk)
        super().__init__(data, initial={"seen": self._latest})
        found = [(c.commune.code, c.label) for c in candidates(together)]
        self.fields["choice"].choices = [*found, (OTHER, "une autre")]  # type: ignore[attr-defined]
        if not found:
            self.initial["choice"] = OTHER

    def clean(self) -> dict[str, Any]:
        """Find the commune.

        Raises ValidationError, in French, when the code is no current commune's, or when something
        of the thread arrived that the person has not seen.
        """
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("seen") != self._latest:
            self._ask_again(seen=self._latest)
            raise ValidationError(
                "Un nouvel état de cette intervention est arrivé : relisez, puis décidez."
            )
        choice = cleaned.get("choice")
        if choice is None:
            return cleaned
        given = cleaned.get("other", "") if choice == OTHER else choice
        chosen = commune(tidy_code(given) or "")
        if chosen is None:
            raise ValidationError(
                {
                    "other": f"« {given} » n’est le code d’aucune commune actuelle."
                    if given
                    else "Donnez le code de la commune."
                }
            )
        cleaned["code"] = chosen.code
        return cleaned

    @property
    def is_confirmed(self) -> bool:
        """Whether the commune was read back and confirmed; if not, the form now asks for it."""
        code: str = self.cleaned_data["code"]
        if self.cleaned_data["confirmed"] == code:
            return True
        self._ask_again(confirmed=code)
        return False

    @property
    def to_confirm(self) -> Commune | None:
        """The commune to be read back, once the form is complete."""
        return commune(self.cleaned_data["code"]) if self.is_bound and self.is_valid() else None

    @property
    def mistaken_for(self) -> str:
        """The other communes whose postal code is the code typed, for the person to think twice."""
        code = self.cleaned_data["code"]
        if self.cleaned_data["choice"] != OTHER:
            return ""
        others = (commune(served) for served in sorted(served_by(code) - {code}))
        return ", ".join(other.name for other in others if other is not None)

    def refuse(self, reason: str) -> None:
        """Show why the decision could not be taken; it has to be confirmed anew."""
        self._ask_again(confirmed="")
        self.add_error(None, reason)

    def _ask_again(self, **hidden: str) -> None:
        self.data = {name: self.data[name] for name in self.data} | hidden
