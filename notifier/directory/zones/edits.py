"""Change single zones by hand: add one, end one; each a numbered change with its author."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from notifier.directory.models import Organisation, Zone, ZoneKind
from notifier.directory.organisation_changes import record_changes
from notifier.directory.zones.store import Changes, NewZone, add_zones, identity_of
from notifier.moments import written_day
from notifier.territory.zones.land import communes_touching
from notifier.territory.zones.shapes import load_shape

_BY_HAND = "saisie"


class ZoneError(ValueError):
    """What is asked of a zone cannot be done; the message, in French, says why."""


@transaction.atomic
def add_zone(organisation: Organisation, new: NewZone, author: str) -> None:
    """Store one more zone. Raises `ZoneError` where it is there already, and `ShapeError`."""
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    others = Zone.objects.filter(organisation=organisation, kind=new.kind)
    for other in others.prefetch_related("communes"):
        if identity_of(other) == new.identity and _meet(other, new):
            raise ZoneError(
                f"« {new.name} » est déjà à cet organisme pour cette période : mettre fin à "
                "l’autre zone, ou donner un autre nom"
            )
    add_zones([(organisation, new)], _BY_HAND)
    record_changes([(organisation, Changes(added=[new.name]))], author=author, source=_BY_HAND)


@transaction.atomic
def end_zone(zone: Zone, last_day: date, author: str) -> None:
    """Have a zone end after a day. Raises `ZoneError` where it ended before, or begins later."""
    stored = Zone.objects.select_for_update().get(pk=zone.pk)
    if stored.ends_on is not None and stored.ends_on <= last_day:
        raise ZoneError(f"cette zone prend déjà fin le {written_day(stored.ends_on)}")
    if stored.starts_on is not None and stored.starts_on > last_day:
        raise ZoneError(f"cette zone ne commence que le {written_day(stored.starts_on)}")
    Zone.objects.filter(pk=zone.pk).update(ends_on=last_day)
    name = identity_of(stored)[1]
    record_changes([(stored.organisation, Changes(ended=[name]))], author=author, source=_BY_HAND)


def _meet(one: Zone, other: NewZone) -> bool:
    return (one.starts_on or date.min) <= (other.ends_on or date.max) and (
        other.starts_on or date.min
    ) <= (one.ends_on or date.max)


def communes_of(new: NewZone) -> frozenset[str]:
    """Return the communes that a zone is or lies in, without the margin under which it is found.

    Raises `ShapeError`.
    """
    if new.kind is ZoneKind.COMMUNE or new.shape is None:
        return frozenset({new.name})
    return frozenset(communes_touching(load_shape(new.shape)))
