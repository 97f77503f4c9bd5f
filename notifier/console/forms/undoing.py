"""The second word that takes back a change without which many would have nobody to warn."""

from __future__ import annotations

from django import forms

# From so many organisations on, one click is not enough.
MANY = 5
_WORD = "annuler"


class UndoForm(forms.Form):
    """A word to be typed."""

    word = forms.CharField(
        label=f"Pour confirmer, écrivez « {_WORD} »",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": f"Écrivez « {_WORD} » pour annuler ce changement."},
    )

    def clean_word(self) -> str:
        """Take the word in any case. Raises ValidationError."""
        word = str(self.cleaned_data["word"]).strip().lower()
        if word != _WORD:
            raise forms.ValidationError(f"Écrivez « {_WORD} » pour annuler ce changement.")
        return word
