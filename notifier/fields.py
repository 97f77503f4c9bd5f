"""Model fields shared by several rooms."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models

from notifier.mailbox import encode_domain, strip_invisible

_NO_ADDRESS = "Ce n’est pas une adresse ; attendu : nom@domaine.fr"


def validate_deliverable(address: str) -> None:
    """Refuse what no mail server accepts as an address. Raises ValidationError in French."""
    try:
        validate_email(address)
        encode_domain(address)
    except (ValidationError, ValueError):
        raise ValidationError(_NO_ADDRESS) from None
    if any(unicodedata.category(char)[0] == "C" for char in address):
        raise ValidationError(_NO_ADDRESS)


class _EmailInput(forms.EmailField):
    default_validators = [validate_deliverable]  # noqa: RUF012 - as Django declares it

    def to_python(self, value: Any) -> Any:
        return super().to_python(strip_invisible(value) if isinstance(value, str) else value)


class EmailField(models.EmailField):  # type: ignore[type-arg] # no subscript at run time
    """An e-mail address, stripped of invisible characters before it is validated."""

    default_validators = [validate_deliverable]  # noqa: RUF012 - as Django declares it

    def deconstruct(self) -> Any:
        # As migrations know it: in the database it is no other.
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs

    def to_python(self, value: Any) -> Any:
        return strip_invisible(value) if isinstance(value, str) else super().to_python(value)

    def formfield(self, *args: Any, **kwargs: Any) -> Any:
        return super().formfield(*args, **{"form_class": _EmailInput, **kwargs})
