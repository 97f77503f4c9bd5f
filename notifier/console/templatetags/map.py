"""The component `{% map %}`: communes, zones and a point on a map without tiles."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.template import Context
from django.urls import reverse

from notifier.territory.zones.outlines import outlines_version

register = template.Library()


@dataclass(frozen=True)
class MapState:
    """A state in which a map shows communes: its word in addresses, and what people read."""

    name: str
    """Of a class of map.css: phone, mail, nobody…"""
    label: str
    count: int | None = None


@register.inclusion_tag("components/map.html", takes_context=True, name="map")
def draw_map(
    context: Context,
    label: str,
    *,
    departement: str = "",
    commune: str = "",
    organisation: Any = None,
    point: tuple[float, float] | None = None,
    radius_m: float = 0,
    highlight: Collection[str] = (),
    states_url: str = "",
    legend: Collection[MapState] = (),
    links: str = "",
    table: str = "",
    picks: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Draw a map; what it shows must stand in words or in a table beside it.

    `departement`: all its communes; else `commune`: it and its neighbours. `organisation`: its
    communes, contours and sites over them, or over its département. `point`: latitude and
    longitude, with a radius in metres. `highlight`: codes of communes to bring out. `states_url`:
    JSON with a state for each commune, explained by `legend`. `links`: address of a commune's page,
    with 00000 for its code. `table`: id of the table that says the same. `picks`: ids of the inputs
    of latitude, longitude and radius that a click fills.
    """
    if organisation is not None and not commune:
        departement = departement or organisation.departement
    outlines = zones = ""
    if departement:
        outlines = _versioned(reverse("console:map-departement", args=[departement]))
    elif commune:
        outlines = _versioned(reverse("console:map-commune", args=[commune]))
    if organisation is not None:
        zones = reverse("console:map-zones", args=[organisation.kind, organisation.code])
    is_first = not context.render_context.get("has_map")
    context.render_context["has_map"] = True
    return {
        "label": label,
        "outlines": outlines,
        "zones": zones,
        "point": ",".join(map_numbers(point)) if point else "",
        "radius_m": str(radius_m) if radius_m else "",
        "highlight": " ".join(highlight or ([commune] if commune else ())),
        "states_url": states_url,
        "legend": legend,
        "links": links,
        "table": table,
        "picks": picks or {},
        "is_first": is_first,
    }


def map_numbers(point: tuple[float, float]) -> tuple[str, str]:
    """Return latitude and longitude as a script reads them, whatever the language of the page."""
    latitude, longitude = point
    return f"{latitude:.6f}", f"{longitude:.6f}"


def _versioned(address: str) -> str:
    return f"{address}?v={outlines_version()}"
