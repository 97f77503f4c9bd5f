"""Say which organisations' territories and which sites a place touches, for people who ask.

The rules of conventions are asked in a statement of their own (`directory/conventions/rules.py`),
by the same two answers: a commune that lies in a zone as a whole, or a position in its shape.

The territory of a commune, of a département and of a préfecture is known by their codes and has no
rows; theirs comes out with no zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import IntegerField, Max, Q
from django.db.models.functions import Cast

from notifier.directory.models import Organisation, OrganisationKind, Zone
from notifier.territory.resolve import departement_of
from notifier.territory.zones.containment import Containment, Position, locate
from notifier.territory.zones.departements import council_of
from notifier.territory.zones.shapes import load_shape


@dataclass(frozen=True)
class TouchedZone:
    """A zone, or the whole territory of an organisation, to which a place lies somehow."""

    organisation: Organisation
    zone: Zone | None
    """None where the territory is known by the organisation's code."""
    containment: Containment
    """Never `OUTSIDE`."""


@dataclass(frozen=True)
class ZonesAt:
    """The zones that a place touches, and those of which nobody can know."""

    inside: tuple[TouchedZone, ...] = ()
    unknown: tuple[TouchedZone, ...] = ()
    """Nobody is told because of these."""


def zones_at(communes: Sequence[str], at: datetime, position: Position | None) -> ZonesAt:
    """Return which organisations' zones, and which sites, a place touches.

    `communes` are those that it is certain to be in or at the edge of; `at`, aware, is read as a
    day in each organisation's own time zone. Without a position, or with an uncertain one, a site
    is never touched, and a contour only where a whole commune lies in it. Two statements.
    """
    if not communes:
        return ZonesAt()
    touched = [*_by_code(communes), *_by_zone(communes, at, position)]
    return ZonesAt(
        tuple(one for one in touched if one.containment is Containment.INSIDE),
        tuple(one for one in touched if one.containment is Containment.UNKNOWN),
    )


def _by_code(communes: Sequence[str]) -> Iterator[TouchedZone]:
    kinds = OrganisationKind
    councils = {council for code in communes if (council := council_of(code))}
    of_code = (
        Q(kind=kinds.COMMUNE, code__in=communes)
        | Q(kind=kinds.DEPARTEMENT, code__in=councils)
        | Q(kind=kinds.PREFECTURE, code__in={departement_of(code) for code in communes})
    )
    for organisation in Organisation.objects.filter(of_code):
        yield TouchedZone(organisation, None, Containment.INSIDE)


def _by_zone(
    communes: Sequence[str], at: datetime, position: Position | None
) -> Iterator[TouchedZone]:
    zones = (
        Zone.objects.filter(communes__commune__in=communes)
        .select_related("organisation")
        .annotate(touches_whole=Max(Cast("communes__is_covered", IntegerField())))
    )
    for zone in zones:
        if zone.is_active(at.astimezone(zone.organisation.zone_info).date()):
            containment = Containment.INSIDE
            if not zone.touches_whole:
                containment = locate(load_shape(zone.shape), position)
            if containment is not Containment.OUTSIDE:
                yield TouchedZone(zone.organisation, zone, containment)
