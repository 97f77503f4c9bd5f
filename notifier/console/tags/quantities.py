"""Numbers, moments and lengths of time as pages write them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html

from notifier.alerting.figures.masking import Shown
from notifier.console import attestation_words, french

register = template.Library()


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
def ago(at: datetime | None) -> str:
    """Write "il y a 4 min"; a dash where there is none."""
    return french.ago(at) if at else "–"


@register.filter
def duration(length: timedelta | float | None) -> str:
    """Write "3 min 12 s"; a dash where there is none."""
    return "–" if length is None else french.duration(length)


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
