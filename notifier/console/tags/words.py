"""Names, sentences and addresses as pages write them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django import template
from django.template import Context

from notifier.accounts.roles import Permission
from notifier.console import french
from notifier.delivery.address import mask, mask_apart
from notifier.directory.models import Mandate
from notifier.territory import grammar

register = template.Library()
# A provider’s code at the end of a reason: "numéro inconnu (30005)".
_CODE = re.compile(r"\s*\(\d+\)$")
# A number in E.164 as it is stored, or a mailbox.
_ADDRESS = re.compile(r"\+[1-9][0-9]{6,14}\b|[^\s«»,;:()<>]+@[^\s«»,;:()<>]+\w")


@register.filter
def typo(text: object) -> str:
    """Put French no-break spaces into a text."""
    return french.typography(str(text))


@register.filter
def named(name: object) -> str:
    """Write the name of a place, an organisation or a person with typographic apostrophes."""
    return grammar.with_apostrophes(str(name))


@register.filter
def said_reason(reason: str) -> str:
    """Write why an address fails without the provider's code, which the journal keeps."""
    return _CODE.sub("", reason)


@register.filter
def of(named: Mapping[str, str], key: str) -> str:
    """Return what stands under a key; nothing where there is nothing."""
    return named.get(key, "")


@register.filter
def holder(mandate: Mandate) -> str:
    """Name the holder of a mandate; a service without a name by its function."""
    return grammar.with_apostrophes(mandate.holder_name)


@register.filter
def with_de(name: object) -> str:
    """Write a name after « de »: "d’Essert", "de Delle", "du Havre"."""
    return grammar.with_apostrophes(grammar.with_de(str(name)))


@register.filter
def masked(text: object) -> str:
    """Mask every number and mailbox within a text."""
    return _ADDRESS.sub(lambda found: mask(found[0]).replace(" ", french.NO_BREAK), str(text))


@register.simple_tag(takes_context=True)
def masked_change(context: Context, text: object) -> str:
    """Mask every number and mailbox within a text; before and after can be told apart.

    Only for whoever may see addresses: it takes two digits more.
    """
    request, said = context.get("request"), str(text)
    if request is None or not request.scope.has(Permission.SEE_ADDRESSES):
        return typo(masked(said))
    shown = mask_apart(_ADDRESS.findall(said))
    return typo(_ADDRESS.sub(lambda found: shown[found[0]].replace(" ", french.NO_BREAK), said))
