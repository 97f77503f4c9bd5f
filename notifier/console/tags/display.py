"""What is said on a page, and how it is divided: states, panels, tables, timelines, charts."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify

from notifier.console import french, icons
from notifier.console.charts import Chart
from notifier.console.moments import Moments
from notifier.console.tags.parts import part
from notifier.console.tags.words import named

register = template.Library()
# Each kind of state with its icon: nothing is said by a colour alone.
KINDS = {"ok": "check", "wait": "clock", "danger": "warning", "info": "info", "off": "dot"}


@register.simple_tag
def badge(kind: str, word: object) -> SafeString:
    """Show a state as an icon and a word. Kinds: ok, wait, danger, info, off."""
    return format_html(
        '<span class="badge {}">{}{}</span>', kind, icons.icon(KINDS[kind]), named(word)
    )


@register.simple_block_tag
def notice(content: str, kind: str = "info") -> SafeString:
    """Say something important within a page."""
    return part("notice", content=content, kind=kind, icon=KINDS[kind])


@register.filter
def toast_kind(level_tag: str) -> str:
    """Return the kind of a Django message."""
    return {"success": "ok", "warning": "wait", "error": "danger"}.get(level_tag, "info")


@register.simple_block_tag
def empty(content: str, title: str, symbol: str = "info") -> SafeString:
    """Say that there is nothing, and what to do."""
    return part("empty", content=content, title=title, icon=symbol)


@register.simple_tag
def stat(value: object, label: str, note: str = "", kind: str = "", url: str = "") -> SafeString:
    """Show one figure; within `<dl class="stats">`."""
    written = french.number(value) if isinstance(value, (int, float)) else value
    return part("stat", value=written, label=label, note=note, kind=kind, url=url)


@register.simple_block_tag
def panel(
    content: str, title: str = "", url: str = "", link: str = "", anchor: str = ""
) -> SafeString:
    """Frame a part of a page under a title, with one link beside it."""
    return part(
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
    return part("tab", label=named(label), url=url, current=is_here if current is None else current)


@register.simple_block_tag
def table(
    content: str, caption: str, wide: bool = False, quiet_caption: bool = False
) -> SafeString:
    """Show a table; on a phone each row is a card, or the whole scrolls where it is `wide`.

    Each cell carries `data-label`, the name of its column; the first of a row is a `<th>`.
    """
    return part(
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
    return part(
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
    return part(
        "event", content=content, at=at, title=named(title), kind=kind, icon=symbol or KINDS[kind]
    )


@register.simple_tag
def moments(picture: Moments) -> SafeString:
    """Draw the texts of an incident on a line of time; their table stands beside it."""
    return part("moments", picture=picture)


@register.simple_tag
def bar_chart(chart: Chart) -> SafeString:
    """Draw bars, with their table."""
    return part("chart", chart=chart, is_bars=True)


@register.simple_tag
def line_chart(chart: Chart) -> SafeString:
    """Draw lines, with their table."""
    return part("chart", chart=chart, is_bars=False)
