"""A nature, found by typing: hundreds of them are too many to scroll through."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.search import CategoryNotFoundError, category_named, full_name


class CategoryInput(forms.TextInput):
    """A field to type in; the browser offers the names that go with what is typed."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Write the field, and the names that it offers."""
        known = categories()
        offered = [(full_name(found),) for code in known.codes() if (found := known.get(code))]
        field = super().render(name, value, {**(attrs or {}), "list": f"{name}-offered"}, renderer)
        options = format_html_join("", '<option value="{}"></option>', offered)
        return format_html('{}<datalist id="{}-offered">{}</datalist>', field, name, options)


class CategoryField(forms.CharField):
    """A category by its code, its name or words of its name."""

    widget = CategoryInput

    def clean(self, value: Any) -> Category | None:
        """Return the category that is meant."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return category_named(text)
        except CategoryNotFoundError as refusal:
            raise forms.ValidationError(str(refusal)) from None
