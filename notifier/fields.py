"""Model fields that rooms share."""

from typing import Any

from django import forms
from django.db import models

from notifier.mailbox import visible


class _EmailInput(forms.EmailField):
    def to_python(self, value: Any) -> Any:
        return super().to_python(visible(value) if isinstance(value, str) else value)


class EmailField(models.EmailField):  # type: ignore[type-arg] # no subscript at run time
    """A mail address, without what is pasted with it and shows nothing, before it is judged."""

    def deconstruct(self) -> Any:
        # As migrations know it: in the database it is no other.
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs

    def to_python(self, value: Any) -> Any:
        return visible(value) if isinstance(value, str) else super().to_python(value)

    def formfield(self, *args: Any, **kwargs: Any) -> Any:
        return super().formfield(*args, **{"form_class": _EmailInput, **kwargs})
