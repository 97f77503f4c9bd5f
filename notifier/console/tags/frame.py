"""What stands around a page: its title again, the menu, pauses, breadcrumbs, icons."""

from __future__ import annotations

from django import template
from django.template import Context
from django.template.base import NodeList
from django.template.loader_tags import BLOCK_CONTEXT_KEY, BlockNode
from django.utils.html import format_html
from django.utils.safestring import SafeString

from notifier.console import icons, navigation
from notifier.console.paused import pauses_for
from notifier.console.tags.parts import part
from notifier.console.tags.words import named

register = template.Library()


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
    return part("pauses", shown=shown, may_resume=any(one.may_resume for one in shown))


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
