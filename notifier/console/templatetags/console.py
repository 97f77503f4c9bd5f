"""Tags and filters of the console's pages; how each is used and looks: docs/console.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput
from django.template import Context
from django.template.base import NodeList
from django.template.loader import render_to_string
from django.template.loader_tags import BLOCK_CONTEXT_KEY, BlockNode
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify

from notifier.accounts.roles import Permission
from notifier.alerting.figures.masking import Shown
from notifier.console import attestation_words, french, icons, navigation
from notifier.console.charts import Chart
from notifier.console.moments import Moments
from notifier.console.paused import pauses_for
from notifier.delivery.address import mask, mask_apart
from notifier.directory.models import Mandate
from notifier.territory import grammar

register = template.Library()

# Each kind of state with its icon: nothing is said by a colour alone.
_FEW_FILTERS = 2
KINDS = {"ok": "check", "wait": "clock", "danger": "warning", "info": "info", "off": "dot"}


# A number in E.164 as it is stored, or a mailbox.
# A provider's code at the end of a reason: "numéro inconnu (30005)".
_CODE = re.compile(r"\s*\(\d+\)$")
_ADDRESS = re.compile(r"\+[1-9][0-9]{6,14}\b|[^\s«»,;:()<>]+@[^\s«»,;:()<>]+\w")


def _part(name: str, **values: object) -> SafeString:
    return render_to_string(f"components/{name}.html", values)


# --- Filters: French typography ----------------------------------------------------------------


@register.filter
def typo(text: object) -> str:
    """Put French no-break spaces into a text."""
    return french.typography(str(text))


@register.filter
def named(name: object) -> str:
    """Write the name of a place, an organisation or a person with typographic apostrophes."""
    return grammar.with_apostrophes(str(name))


@register.filter
def number(value: float | None, decimals: int = 0) -> str:
    """Write a number with narrow no-break spaces; a dash where there is none."""
    return "–" if value is None else french.number(value, decimals)


@register.filter
def stamped(at: datetime, zone: ZoneInfo) -> str:
    """Write a moment to the second with its zone, as a proof needs it."""
    return attestation_words.stamped(at, zone)


@register.filter
def shown(count: Shown | None) -> str:
    """Write a count as its reader may see it; "non indiqué" where that would tell too much."""
    if count is None:
        return "non indiqué"
    return str(count) if count.value is None else french.number(count.value)


@register.filter
def day(at: date | None) -> str:
    """Write "28 novembre 2026"; a dash where there is none."""
    return french.day(at) if at else "–"


@register.filter
def hour(at: datetime | None) -> str:
    """Write "21 h 13"; a dash where there is none."""
    return french.hour(at) if at else "–"


@register.filter
def moment(at: datetime | None) -> str:
    """Write "le 28 novembre à 21 h 13"; a dash where there is none."""
    return french.moment(at) if at else "–"


@register.filter
def until(at: datetime) -> str:
    """Write "jusqu’au 28 novembre à 21 h 13"."""
    return french.until(at)


@register.filter
def since(at: datetime) -> str:
    """Write "depuis 4 min", "depuis cinq jours"."""
    return french.since(at)


@register.filter
def said_reason(reason: str) -> str:
    """Write why an address fails without the provider's code, which the journal keeps."""
    return _CODE.sub("", reason)


@register.filter
def of(named: Mapping[str, str], key: str) -> str:
    """Return what stands under a key; nothing where there is nothing."""
    return named.get(key, "")


@register.filter
def ago(at: datetime | None) -> str:
    """Write "il y a 4 min"; a dash where there is none."""
    return french.ago(at) if at else "–"


@register.filter
def duration(length: timedelta | float | None) -> str:
    """Write "3 min 12 s"; a dash where there is none."""
    return "–" if length is None else french.duration(length)


@register.filter
def holder(mandate: Mandate) -> str:
    """Name the holder of a mandate; a service without a name by its function."""
    return grammar.with_apostrophes(mandate.holder_name)


@register.filter
def with_de(name: object) -> str:
    """Write a name after « de »: "d’Essert", "de Delle", "du Havre"."""
    return grammar.with_apostrophes(grammar.with_de(str(name)))


@register.simple_tag
def when(at: datetime | None) -> str:
    """Write how long ago, as a `<time>` that tells the moment to whoever points at it."""
    if at is None:
        return "–"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(timespec="seconds"),
        french.moment(at),
        french.ago(at),
    )


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


# --- The page ------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def again(context: Context, block: str) -> str:
    """Render a block of the page a second time: its title is also its heading."""
    if BLOCK_CONTEXT_KEY not in context.render_context:
        return ""
    return BlockNode(block, NodeList()).render(context)


@register.simple_tag(takes_context=True)
def navigation_links(context: Context) -> list[navigation.Link]:
    """Return the main entries that this reader may open."""
    request = context.get("request")
    return navigation.links(request) if request else []


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """Return the theme that this browser chose; empty where the system decides."""
    request = context.get("request")
    chosen = request.COOKIES.get(navigation.THEME_COOKIE, "") if request else ""
    return chosen if chosen in navigation.THEMES else ""


@register.simple_tag(takes_context=True)
def pauses(context: Context) -> SafeString:
    """Say what is paused where this reader works."""
    scope = getattr(context.get("request"), "scope", None)
    shown = pauses_for(scope) if scope else []
    return _part("pauses", shown=shown, may_resume=any(one.may_resume for one in shown))


@register.simple_tag
def page_url(name: str, *args: object) -> str:
    """Return a page's address, or nothing where there is no such page."""
    return navigation.url_or_none(name, *args) or ""


@register.simple_tag
def crumb(label: str, url_name: str = "", *args: object) -> SafeString:
    """Write one step of the breadcrumbs, the last without an address."""
    url, label = navigation.url_or_none(url_name, *args) if url_name else None, named(label)
    if url:
        return format_html('<li><a href="{}">{}</a></li>', url, label)
    return format_html('<li><span aria-current="page">{}</span></li>', label)


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon; a word stands beside it."""
    return icons.icon(name)


# --- What is said --------------------------------------------------------------------------------


@register.simple_tag
def badge(kind: str, word: object) -> SafeString:
    """Show a state as an icon and a word. Kinds: ok, wait, danger, info, off."""
    return format_html(
        '<span class="badge {}">{}{}</span>', kind, icons.icon(KINDS[kind]), named(word)
    )


@register.simple_block_tag
def notice(content: str, kind: str = "info") -> SafeString:
    """Say something important within a page."""
    return _part("notice", content=content, kind=kind, icon=KINDS[kind])


@register.filter
def toast_kind(level_tag: str) -> str:
    """Return the kind of a Django message."""
    return {"success": "ok", "warning": "wait", "error": "danger"}.get(level_tag, "info")


@register.simple_block_tag
def empty(content: str, title: str, symbol: str = "info") -> SafeString:
    """Say that there is nothing, and what to do."""
    return _part("empty", content=content, title=title, icon=symbol)


@register.simple_tag
def stat(value: object, label: str, note: str = "", kind: str = "", url: str = "") -> SafeString:
    """Show one figure; within `<dl class="stats">`."""
    written = french.number(value) if isinstance(value, (int, float)) else value
    return _part("stat", value=written, label=label, note=note, kind=kind, url=url)


# --- How a page is divided -----------------------------------------------------------------------


@register.simple_block_tag
def panel(
    content: str, title: str = "", url: str = "", link: str = "", anchor: str = ""
) -> SafeString:
    """Frame a part of a page under a title, with one link beside it."""
    return _part(
        "panel",
        content=content,
        title=named(title),
        url=url,
        link=link,
        anchor=anchor or slugify(title),
    )


@register.simple_block_tag
def facts(content: str) -> SafeString:
    """List facts: a name and what it is; holds `{% fact %}`."""
    return format_html('<dl class="facts">{}</dl>', content)


@register.simple_block_tag
def fact(content: str, label: str) -> SafeString:
    """Write one fact."""
    return format_html("<div><dt>{}</dt><dd>{}</dd></div>", label, content)


@register.simple_block_tag
def tabs(content: str, label: str) -> SafeString:
    """Lead to the parts of one thing, each a page of its own; holds `{% tab %}`."""
    return format_html('<nav class="tabs" aria-label="{}"><ul>{}</ul></nav>', label, content)


@register.simple_tag(takes_context=True)
def tab(context: Context, label: str, url: str, current: bool | None = None) -> SafeString:
    """Lead to one part; it is the current one where its address is the page's, unless said."""
    request = context.get("request")
    is_here = request is not None and request.path == url
    return _part(
        "tab", label=named(label), url=url, current=is_here if current is None else current
    )


@register.simple_block_tag
def table(
    content: str, caption: str, wide: bool = False, quiet_caption: bool = False
) -> SafeString:
    """Show a table; on a phone each row is a card, or the whole scrolls where it is `wide`.

    Each cell carries `data-label`, the name of its column; the first of a row is a `<th>`.
    """
    return _part(
        "table", content=content, caption=named(caption), wide=wide, quiet_caption=quiet_caption
    )


@register.simple_tag(takes_context=True)
def pager(context: Context, next_key: object, key: str = "avant") -> SafeString:
    """Lead to the next rows by the key of the last one shown, and back to the first."""
    request = context["request"]
    others = request.GET.copy()
    others.pop(key, None)
    first_url = f"{request.path}?{others.urlencode()}" if others else request.path
    others[key] = str(next_key)
    return _part(
        "pager",
        first_url="" if key not in request.GET else first_url,
        next_url=f"{request.path}?{others.urlencode()}" if next_key else "",
    )


@register.simple_block_tag
def timeline(content: str, label: str = "Chronologie") -> SafeString:
    """List what happened in the order of time; holds `{% event %}`."""
    return format_html('<ol class="timeline" aria-label="{}">{}</ol>', label, content)


@register.simple_block_tag
def event(
    content: str, at: datetime | None, title: str, kind: str = "off", symbol: str = ""
) -> SafeString:
    """Write one event of a timeline, its moment to the second."""
    return _part(
        "event", content=content, at=at, title=named(title), kind=kind, icon=symbol or KINDS[kind]
    )


@register.simple_tag
def moments(picture: Moments) -> SafeString:
    """Draw the texts of an incident on a line of time; their table stands beside it."""
    return _part("moments", picture=picture)


@register.simple_tag
def bar_chart(chart: Chart) -> SafeString:
    """Draw bars, with their table."""
    return _part("chart", chart=chart, is_bars=True)


@register.simple_tag
def line_chart(chart: Chart) -> SafeString:
    """Draw lines, with their table."""
    return _part("chart", chart=chart, is_bars=False)


# --- What is asked -------------------------------------------------------------------------------


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """Show one field of a form with its label, its hint and its errors."""
    return _part("field", field=bound, is_check=isinstance(bound.field.widget, CheckboxInput))


@register.simple_tag
def fields(form: BaseForm) -> SafeString:
    """Show what is wrong with a form, then all its fields."""
    return _part("fields", form=form)


@register.simple_tag
def errors(form: BaseForm) -> SafeString:
    """Show what is wrong with a form, each error leading to its field."""
    return _part("errors", form=form)


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
    return _part(
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
    return _part(
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
    return _part("dialog_link", url=url, label=label, style=style, icon=symbol, about=named(about))


@register.simple_tag(takes_context=True)
def masked_address(
    context: Context, masked: str, url: str = "", about: str = "", **values: Any
) -> SafeString:
    """Show a masked address, with the button that reveals it where `url` leads to that."""
    return _part(
        "address",
        masked=masked,
        url=url,
        about=named(about),
        values=values,
        csrf_token=context.get("csrf_token"),
    )
