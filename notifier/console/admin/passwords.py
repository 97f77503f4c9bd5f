"""Rules for passwords."""

import unicodedata

from django.core.exceptions import ValidationError

# What everybody tries first at this service, without accents.
EXPECTED = (
    "alertes", "alerte", "maires", "maire", "mairie", "gendarmerie", "gendarme", "prefecture",
    "corg", "admin", "administrateur", "motdepasse", "password", "azerty", "qwerty", "bonjour",
    "soleil", "france",
)  # fmt: skip
MIN_OTHER_LETTERS = 5


class ExpectedWordsValidator:
    """Refuse a password that is little more than the words everybody would try here."""

    def validate(self, password: str, user: object = None) -> None:  # noqa: ARG002 - Django's form
        """Raise ValidationError, in French."""
        plain = unicodedata.normalize("NFKD", password).casefold()
        letters = "".join(filter(str.isalpha, plain))
        for word in sorted(EXPECTED, key=len, reverse=True):
            letters = letters.replace(word, "")
        if len(set(letters)) < MIN_OTHER_LETTERS:
            raise ValidationError(self.get_help_text(), code="password_expected")

    def get_help_text(self) -> str:
        """Return the rule in French, for the form."""
        return (
            "Le mot de passe ne peut se réduire à des chiffres, à quelques lettres répétées ou à "
            "des mots attendus ici (alerte, maire, gendarmerie…) : trois mots sans rapport "
            "conviennent."
        )
