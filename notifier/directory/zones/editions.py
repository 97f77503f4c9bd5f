"""Bring stored territories to the lists that this version packages, once a year.

Communes merge, and EPCI gain and lose members, on 1 January. An EPCI whose members are those of an
older packaged list gets today's, from the day of that list on; one to which an operator's file has
given its communes keeps them. Shapes are placed on today's communes, or what happens in a commune
that has merged would not be found in them. A commune that a person named and that is no more is
only reported: the one that took its place may be larger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import transaction

from notifier.directory.models import Organisation, OrganisationKind, Zone, ZoneCommune, ZoneKind
from notifier.directory.organisation_changes import record_changes
from notifier.directory.zones.store import (
    Changes,
    NewZone,
    commune_zones,
    replace_zones,
    store_communes,
)
from notifier.territory.reference.database import VINTAGE
from notifier.territory.resolve import commune_by_code
from notifier.territory.zones import epci
from notifier.territory.zones.epci import epci_by_siren
from notifier.territory.zones.shapes import ShapeError

_AUTHOR = "notifier migrate"


@dataclass
class EditionUpdate:
    """What an update did."""

    changes: list[tuple[Organisation, Changes]] = field(default_factory=list)
    """Of EPCI whose members are no more the same."""
    placed: int = 0
    """Shapes that were placed on today's communes."""
    remarks: list[str] = field(default_factory=list)
    """What a person must look at, in French."""


@transaction.atomic
def update_zones() -> EditionUpdate:
    """Bring the stored territories to the packaged lists. A few statements if they are there."""
    done = EditionUpdate()
    _update_epci(done)
    record_changes(done.changes, author=_AUTHOR, source=epci.SOURCE)
    _place_shapes(done)
    done.remarks += communes_that_are_no_more()
    return done


def _update_epci(done: EditionUpdate) -> None:
    packaged = Zone.objects.filter(kind=ZoneKind.COMMUNE, origin__startswith=epci.LIST)
    outdated = packaged.exclude(origin=epci.SOURCE).filter(ends_on=None)
    owners = Organisation.objects.filter(
        kind=OrganisationKind.EPCI, pk__in=outdated.values("organisation")
    )
    for owner in owners:
        grouping = epci_by_siren(owner.code)
        if grouping is None:
            done.remarks.append(
                f"{owner.name} ({owner.ref}) n’est plus parmi les intercommunalités du "
                f"{epci.EDITION:%d/%m/%Y}"
            )
        changes = replace_zones(
            owner,
            commune_zones(grouping.communes if grouping else ()),
            [ZoneKind.COMMUNE],
            origin=epci.SOURCE,
            from_day=epci.EDITION,
        )
        if changes:
            done.changes.append((owner, changes))


def _place_shapes(done: EditionUpdate) -> None:
    for zone in Zone.objects.exclude(kind=ZoneKind.COMMUNE).exclude(vintage=VINTAGE):
        try:
            store_communes(zone, NewZone(ZoneKind(zone.kind), zone.name, zone.shape))
            done.placed += 1
        except ShapeError as error:
            done.remarks.append(f"{zone} : {error}")


def communes_that_are_no_more() -> Iterator[str]:
    """Yield a French sentence for each commune of a territory that is none any more."""
    of_communes = ZoneCommune.objects.filter(zone__kind=ZoneKind.COMMUNE, zone__ends_on=None)
    codes = of_communes.order_by("commune").values_list("commune", flat=True).distinct()
    for code in codes:
        if commune_by_code(code) is None:
            owners = Organisation.objects.filter(zones__communes__commune=code).distinct()
            names = ", ".join(str(owner.ref) for owner in owners)
            yield (
                f"{code} n’est plus une commune, et est au territoire de {names} : personne n’y "
                "est prévenu de ce qui s’y passe"
            )
