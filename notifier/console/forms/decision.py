"""The form in which a person decides which commune a report concerns: choose, then confirm.

A slip would tell the wrong mayor; so the commune is chosen by its name where a clue names it, and
any choice is read back by name before it counts.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from notifier.alerting.review.notices import candidates, near_names
from notifier.intake.models import Report
from notifier.territory.reference.communes import (
    Commune,
    commune_by_code,
    communes_by_postal_code,
    communes_named,
    normalise_code,
)
from notifier.territory.resolution.names import normalise

OTHER = "autre"


class DecisionForm(forms.Form):
    """`cleaned_data["codes"]`: the current communes chosen; `is_confirmed`: whether confirmed."""

    choice = forms.ChoiceField(label="Commune", widget=forms.RadioSelect)
    other = forms.CharField(
        label="Autre commune",
        required=False,
        max_length=200,
        help_text="Son nom, ou son code INSEE (90033), pas le code postal ; s’il y a plusieurs "
        "communes, toutes, avec une virgule entre elles.",
    )
    why = forms.CharField(
        label="Motif",
        max_length=300,
        widget=forms.Textarea({"rows": 2, "cols": 60}),
        help_text="Comment vous le savez. Gardé avec l’intervention, hors du journal : effaçable.",
    )
    seen = forms.CharField(widget=forms.HiddenInput)
    confirmed = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, together: list[Report], data: Any, allowed: Container[str]) -> None:
        """`together`: what waits of one incident, the latest first.

        `allowed`: the communes on which the person may decide.
        """
        self._latest = str(together[0].pk)
        self._allowed = allowed
        super().__init__(data, initial={"seen": self._latest})
        found = [(c.commune.code, c.label) for c in candidates(together)]
        named = {code for code, _ in found}
        found += [
            (near.code, f"{near.label} : d’un nom voisin")
            for near in near_names(together)
            if near.code not in named and near.code in allowed
        ]
        self.fields["choice"].choices = [*found, (OTHER, "Une autre")]  # type: ignore[attr-defined]
        # Needed or not by what is chosen above; the words "facultatif" would mislead.
        self.fields["other"].is_alternative = True  # type: ignore[attr-defined] # the component's
        if not found:
            self.initial["choice"] = OTHER
            self.fields["other"].required = True

    def clean(self) -> dict[str, Any]:
        """Find the commune.

        Raises ValidationError, in French, when the code is no current commune's, or when something
        of the incident arrived that the person has not seen.
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
        cleaned["codes"] = _codes(given, self._allowed)
        beyond = [code for code in cleaned["codes"] if code not in self._allowed]
        if beyond:
            raise ValidationError(
                f"{', '.join(beyond)} n’est pas de votre ressort : une personne du département "
                "concerné décide."
            )
        return cleaned

    @property
    def is_confirmed(self) -> bool:
        """Whether the choice was read back and confirmed; if not, the form now asks for it."""
        codes = " ".join(self.cleaned_data["codes"])
        if self.cleaned_data["confirmed"] == codes:
            return True
        self._ask_again(confirmed=codes)
        return False

    @property
    def to_confirm(self) -> list[Commune]:
        """The communes to be read back, once the form is complete."""
        codes = self.cleaned_data["codes"] if self.is_bound and self.is_valid() else ()
        return [found for found in map(commune_by_code, codes) if found is not None]

    @property
    def mistaken_for(self) -> dict[str, str]:
        """By code typed, the other communes whose postal code it is."""
        if self.cleaned_data["choice"] != OTHER:
            return {}
        others = {
            code: [
                found.name
                for found in map(commune_by_code, sorted(communes_by_postal_code(code) - {code}))
                if found
            ]
            for code in self.cleaned_data["codes"]
        }
        return {code: ", ".join(names) for code, names in others.items() if names}

    def refuse(self, reason: str) -> None:
        """Show why the decision could not be taken; it has to be confirmed again."""
        self._ask_again(confirmed="")
        self.add_error(None, reason)

    def _ask_again(self, **hidden: str) -> None:
        self.data = {name: self.data[name] for name in self.data} | hidden


class DismissalForm(forms.Form):
    """Why resources without a report need no further attention."""

    why = forms.CharField(
        label="Motif",
        max_length=300,
        widget=forms.Textarea({"rows": 2, "cols": 60}),
        help_text="Ce que le centre a répondu. Gardé avec l’intervention, hors du journal : "
        "effaçable.",
    )


def _codes(given: str, allowed: Container[str]) -> list[str]:
    """Return the codes of the communes typed, by code or by name, without duplicates.

    Raises ValidationError, in French, for what is no commune and for a name that several have.
    """
    parts = [part.strip() for part in re.split(r"[,;\n]", given) if part.strip()]
    if not parts:
        raise ValidationError({"other": "Donnez le nom ou le code de la commune."})
    return list(dict.fromkeys(code for part in parts for code in _meant(part, allowed)))


def _meant(written: str, allowed: Container[str]) -> list[str]:
    words = written.split()
    by_code = [commune_by_code(normalise_code(word) or "") for word in words]
    known = [commune.code for commune in by_code if commune]
    if len(known) == len(words):
        return known
    bearers = {bearer.commune for bearer in communes_named(normalise(written))}
    named = sorted(code for code in bearers if code in allowed) or sorted(bearers)
    if len(named) == 1:
        return named
    if named:
        said = f"« {written} » est le nom de plusieurs communes : {_listed(named)}. Donnez le code."
    elif postal := sorted(communes_by_postal_code(written)):
        said = f"« {written} » est un code postal, celui de : {_listed(postal)}. Donnez le nom."
    else:
        said = f"« {written} » n’est ni le nom ni le code d’une commune actuelle."
    raise ValidationError({"other": said})


def _listed(codes: list[str]) -> str:
    return ", ".join(found.label for found in map(commune_by_code, codes) if found)
