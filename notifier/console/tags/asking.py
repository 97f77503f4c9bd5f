"""What is asked: fields, filters, buttons."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput
from django.template import Context
from django.utils.safestring import SafeString

from notifier.console.tags.parts import part
from notifier.console.tags.words import named

register = template.Library()
_FEW_FILTERS = 2


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """Show one field of a form with its label, its hint and its errors."""
    return part("field", field=bound, is_check=isinstance(bound.field.widget, CheckboxInput))


@register.simple_tag
def fields(form: BaseForm) -> SafeString:
    """Show what is wrong with a form, then all its fields."""
    return part("fields", form=form)


@register.simple_tag
def errors(form: BaseForm) -> SafeString:
    """Show what is wrong with a form, each error leading to its field."""
    return part("errors", form=form)


@register.simple_tag(takes_context=True)
def filter_bar(
    context: Context,
    form: BaseForm,
    label: str = "Filtrer la liste",
    button: str = "Filtrer",
    is_question: bool = False,
) -> SafeString:
    """Show the filters of a list (the form of a FilterSet), sent by GET.

    On a phone they are folded until one is set, unless they are few, or what the page is about: a
    question.
    """
    request = context["request"]
    is_set = any(request.GET.get(form.add_prefix(name)) for name in form.fields)
    return part(
        "filter_bar",
        form=form,
        label=label,
        button=button,
        path=request.path,
        is_set=is_set,
        is_open=is_set or bool(form.errors),
        folds=not is_question and len(form.visible_fields()) > _FEW_FILTERS,
    )


@register.simple_tag(takes_context=True)
def post_button(
    context: Context,
    url: str,
    label: str,
    style: str = "secondary",
    symbol: str = "",
    about: str = "",
    **values: object,
) -> SafeString:
    """Show a button that does something at once: a form of its own with hidden values.

    `about` completes the label for screen readers: « Monter » about « Jeanne Aubry ».
    """
    return part(
        "post_button",
        url=url,
        label=label,
        style=style,
        icon=symbol,
        about=named(about),
        values=values,
        csrf_token=context.get("csrf_token"),
    )


@register.simple_tag
def dialog_link(
    url: str, label: str, style: str = "secondary", symbol: str = "", about: str = ""
) -> SafeString:
    """Lead to a page that asks (it extends confirm.html), shown above this one if it can be."""
    return part("dialog_link", url=url, label=label, style=style, icon=symbol, about=named(about))


@register.simple_tag(takes_context=True)
def masked_address(
    context: Context, masked: str, url: str = "", about: str = "", **values: Any
) -> SafeString:
    """Show a masked address, with the button that reveals it where `url` leads to that."""
    return part(
        "address",
        masked=masked,
        url=url,
        about=named(about),
        values=values,
        csrf_token=context.get("csrf_token"),
    )
