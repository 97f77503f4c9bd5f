"""The territory of an organisation on a day, as GeoJSON to be drawn on a page."""

from __future__ import annotations

from datetime import date
from typing import Any

from notifier.directory.models import Organisation, OrganisationKind, Zone, ZoneKind
from notifier.directory.zones.store import identity_of
from notifier.territory.zones.departements import council_communes
from notifier.territory.zones.outlines import outlines_of

_TOLERANCE = 100
"""In grid units, about a hundred metres."""


def zone_outlines(organisation: Organisation, day: date) -> list[dict[str, Any]]:
    """Return the communes, contours and sites in force on a day; two statements.

    A circle is a point with the property `radius_m`.
    """
    zones = [
        zone
        for zone in Zone.objects.filter(organisation=organisation).prefetch_related("communes")
        if zone.is_active(day)
    ]
    codes = [identity_of(zone)[1] for zone in zones if zone.kind == ZoneKind.COMMUNE]
    if organisation.kind == OrganisationKind.COMMUNE:
        codes.append(organisation.code)
    if organisation.kind == OrganisationKind.DEPARTEMENT:
        codes += council_communes(organisation.code)
    drawn = [_feature(zone, zone.shape) for zone in zones if zone.shape is not None]
    return [*outlines_of(codes, _TOLERANCE), *drawn]


def _feature(zone: Zone, shape: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": zone.pk,
        "properties": {
            "name": zone.name,
            "kind": zone.kind,
            "radius_m": shape.get("radius_m"),
        },
        "geometry": {"type": shape["type"], "coordinates": shape["coordinates"]},
    }
