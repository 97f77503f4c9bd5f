"""Store the zones of organisations: add those of a list, or replace what an organisation had.

A site that a convention's rule names is not deleted, only ended: the rule would tell of nothing,
and nobody would know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeAlias

from django.db import transaction

from notifier.directory.models import ConventionRule, Organisation, Zone, ZoneCommune, ZoneKind
from notifier.territory.geometry.lookup import nearest_commune
from notifier.territory.reference.database import VINTAGE
from notifier.territory.resolve import departement_of
from notifier.territory.zones.land import MARGIN_M, communes_covered, communes_touching
from notifier.territory.zones.shapes import load_shape

Identity: TypeAlias = tuple[str, str]
_ONE_DAY = timedelta(days=1)
_BATCH = 500


@dataclass(frozen=True)
class NewZone:
    """A zone to store: a commune by its code, or a shape in its stored form with a name."""

    kind: ZoneKind
    name: str
    """The code of a commune; else what people call it."""
    shape: dict[str, Any] | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def identity(self) -> Identity:
        """What two zones have in common that are one, drawn or dated anew."""
        return self.kind, self.name


@dataclass
class Changes:
    """What a replacement did or would do; zones by their names, communes by their codes."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0

    def __bool__(self) -> bool:
        return any(self.named.values())

    @property
    def named(self) -> dict[str, list[str]]:
        """Those of which something is different now, by what happened to them."""
        return {
            "new": self.added,
            "changed": self.changed,
            "ended": self.ended,
            "removed": self.removed,
        }


class ZoneInUseError(Exception):
    """A zone that a convention's rule names is missing from the list; the message is French."""


def commune_zones(codes: Iterable[str]) -> list[NewZone]:
    """Return a zone for each commune, without dates."""
    return [NewZone(ZoneKind.COMMUNE, code) for code in codes]


def add_zones(zones: Iterable[tuple[Organisation, NewZone]], origin: str) -> None:
    """Store zones of any number of organisations, in two statements for every five hundred.

    Raises `ShapeError` for a shape without communes.
    """
    owned = list(zones)
    pairs = [(_to_zone(organisation, new, origin), _communes(new)) for organisation, new in owned]
    Zone.objects.bulk_create([zone for zone, _ in pairs], batch_size=_BATCH)
    ZoneCommune.objects.bulk_create(
        [
            ZoneCommune(zone=zone, commune=code, is_covered=is_covered)
            for zone, communes in pairs
            for code, is_covered in communes.items()
        ],
        batch_size=_BATCH,
    )
    _give_departements(owned)


def _give_departements(pairs: Iterable[tuple[Organisation, NewZone]]) -> None:
    """Store the département of each organisation that has none: that of its first zone."""
    for organisation, new in pairs:
        if not organisation.departement:
            organisation.departement = departement_of(_first_commune(new))
            organisation.save(update_fields=["departement"])


def _first_commune(new: NewZone) -> str:
    """Return the commune of a zone: of a shape, that in which its centre lies."""
    if new.shape is None:
        return new.name
    around = nearest_commune(*load_shape(new.shape).centre)
    return around.code if around else ""


@transaction.atomic
def replace_zones(
    organisation: Organisation,
    wanted: Sequence[NewZone],
    kinds: Sequence[ZoneKind],
    *,
    origin: str,
    from_day: date | None = None,
) -> Changes:
    """Replace an organisation's zones of some kinds by a list, and return what that changes.

    Without `from_day` the list is the whole truth, past days included: what it lacks is deleted.
    With it, the list says what holds from that day on: what it lacks ends the day before, what it
    adds begins then, and the days before keep what they had. `wanted` are then without `starts_on`.

    Raises `ZoneInUseError` and `ShapeError`; nothing is written then.
    """
    # Two replacements at once take turns.
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    stored = Zone.objects.filter(organisation=organisation, kind__in=kinds)
    plan = ReplacementPlan(list(stored.prefetch_related("communes")), wanted, from_day)
    _refuse_zones_in_use(organisation, plan.gone)
    Zone.objects.filter(pk__in=[zone.pk for zone in plan.removed]).delete()
    for zone, new in plan.changed:
        _store_changed(zone, new, origin)
    Zone.objects.bulk_update(plan.ended, ["ends_on"], batch_size=_BATCH)
    # Whoever says the same confirms it.
    Zone.objects.filter(pk__in=[zone.pk for zone in plan.kept]).update(origin=origin)
    add_zones([(organisation, new) for new in plan.added], origin)
    return plan.describe()


class ReplacementPlan:
    """What to add, change, end and remove so that the stored zones are those of a list."""

    def __init__(
        self, stored: Sequence[Zone], wanted: Sequence[NewZone], from_day: date | None
    ) -> None:
        self.added: list[NewZone] = []
        self.changed: list[tuple[Zone, NewZone]] = []
        self.ended: list[Zone] = []
        self.removed: list[Zone] = []
        self.kept: list[Zone] = []
        if from_day is None:
            self._replace(stored, wanted)
        else:
            self._continue(stored, wanted, from_day)

    def _replace(self, stored: Sequence[Zone], wanted: Sequence[NewZone]) -> None:
        remaining = _by_identity(stored)
        for new in wanted:
            zones = remaining[new.identity]
            if zone := next((zone for zone in zones if zone.starts_on == new.starts_on), None):
                zones.remove(zone)
                self._compare(zone, new)
            else:
                self.added.append(new)
        self.removed = [zone for zones in remaining.values() for zone in zones]

    def _continue(self, stored: Sequence[Zone], wanted: Sequence[NewZone], day: date) -> None:
        remaining = _by_identity(
            zone for zone in stored if zone.ends_on is None or zone.ends_on >= day
        )
        for new in wanted:
            zones = remaining[new.identity]
            begun = (zone for zone in zones if _has_begun(zone, day))
            if zone := next((zone for zone in begun if zone.shape == new.shape), None):
                zones.remove(zone)
                self._compare(zone, new)
            else:
                self.added.append(replace(new, starts_on=day))
        for zones in remaining.values():
            for zone in zones:
                self._end(zone, day)

    def _compare(self, zone: Zone, new: NewZone) -> None:
        if zone.shape == new.shape and zone.ends_on == new.ends_on:
            self.kept.append(zone)
        else:
            self.changed.append((zone, new))

    def _end(self, zone: Zone, day: date) -> None:
        """End a zone the day before, or remove it if it would only have begun."""
        if _has_begun(zone, day - _ONE_DAY):
            zone.ends_on = day - _ONE_DAY
            self.ended.append(zone)
        else:
            self.removed.append(zone)

    @property
    def gone(self) -> list[Zone]:
        """The zones to remove that are not only dated anew."""
        added = {new.identity for new in self.added}
        return [zone for zone in self.removed if identity_of(zone) not in added]

    def describe(self) -> Changes:
        removed = {identity_of(zone) for zone in self.removed}
        dated_anew = [new.name for new in self.added if new.identity in removed]
        return Changes(
            added=[new.name for new in self.added if new.identity not in removed],
            changed=[*(new.name for _, new in self.changed), *dated_anew],
            ended=[identity_of(zone)[1] for zone in self.ended],
            removed=[identity_of(zone)[1] for zone in self.gone],
            unchanged=len(self.kept),
        )


def _by_identity(zones: Iterable[Zone]) -> defaultdict[Identity, list[Zone]]:
    """Return the zones by what makes them one; of several periods, drawn or dated anew, several."""
    found: defaultdict[Identity, list[Zone]] = defaultdict(list)
    for zone in zones:
        found[identity_of(zone)].append(zone)
    return found


def identity_of(zone: Zone) -> Identity:
    """Return what two zones of an organisation have in common that are one."""
    if zone.kind == ZoneKind.COMMUNE:
        return zone.kind, next((one.commune for one in zone.communes.all()), "")
    return zone.kind, zone.name


def _has_begun(zone: Zone, day: date) -> bool:
    return zone.starts_on is None or zone.starts_on <= day


def _refuse_zones_in_use(organisation: Organisation, removed: Sequence[Zone]) -> None:
    names = {zone.name for zone in removed if zone.name}
    if not names:
        return
    rules = ConventionRule.objects.filter(territory_of=organisation).select_related("convention")
    used = {
        f"« {name} » ({rule.convention.reference})"
        for rule in rules
        for name in names.intersection(rule.sites)
    }
    if used:
        raise ZoneInUseError(
            f"une convention s’applique à {', '.join(sorted(used))} : lui donner une date de fin "
            "plutôt que de le retirer"
        )


def _to_zone(organisation: Organisation, new: NewZone, origin: str) -> Zone:
    return Zone(
        organisation=organisation,
        kind=new.kind,
        name="" if new.kind is ZoneKind.COMMUNE else new.name,
        shape=new.shape,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        origin=origin,
        vintage=VINTAGE,
    )


def _communes(new: NewZone) -> dict[str, bool]:
    """Return the communes that a zone is or touches, each with whether it lies in it as a whole.

    A little more than it touches: the commune of an incident beside a border may be the neighbour.
    """
    if new.shape is None:
        return {new.name: True}
    shape = load_shape(new.shape)
    covered = set(communes_covered(shape)) if new.kind is ZoneKind.POLYGON else set()
    return {code: code in covered for code in communes_touching(shape, MARGIN_M)}


def _store_changed(zone: Zone, new: NewZone, origin: str) -> None:
    is_drawn_anew = zone.shape != new.shape
    Zone.objects.filter(pk=zone.pk).update(shape=new.shape, ends_on=new.ends_on, origin=origin)
    if is_drawn_anew:
        store_communes(zone, new)


def store_communes(zone: Zone, new: NewZone) -> None:
    """Store anew which communes a stored zone is or touches."""
    ZoneCommune.objects.filter(zone=zone).delete()
    ZoneCommune.objects.bulk_create(
        ZoneCommune(zone=zone, commune=code, is_covered=is_covered)
        for code, is_covered in _communes(new).items()
    )
    Zone.objects.filter(pk=zone.pk).update(vintage=VINTAGE)
