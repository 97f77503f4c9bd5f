"""Shared by the commands about organisations: what they print, in French."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from notifier.directory.models import (
    OF_DEPARTEMENT,
    Convention,
    Mandate,
    Organisation,
    OrganisationKind,
    Zone,
    ZoneKind,
)
from notifier.directory.zones.editions import EditionUpdate
from notifier.directory.zones.store import Changes, identity_of
from notifier.territory.phones import format_number
from notifier.territory.resolve import commune_by_code, communes_in
from notifier.territory.zones.departements import council_communes

_MAX_LISTED = 30


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the rows as lines with aligned columns, an empty cell as "-"."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell or "-" for cell in row)
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield "  ".join(padded).rstrip()


def describe(one: Organisation, day: date) -> Iterator[str]:
    """Yield what is known of an organisation, and its territory on a day."""
    yield f"{one.name} ({one.ref})"
    facts = (
        ("type", one.get_kind_display()),
        ("nature", one.nature),
        ("téléphone", format_number(one.phone) if one.phone else ""),
        ("organisme supérieur", str(one.parent.ref) if one.parent else ""),
        ("département", one.departement),
        ("fuseau horaire", one.time_zone),
        ("personnes", str(Mandate.objects.filter(organisation=one).count())),
        ("conventions", ", ".join(_conventions(one))),
    )
    for label, value in facts:
        yield f"  {label} : {value or '-'}"
    yield f"Territoire au {day:%d/%m/%Y} :"
    for line in _territory(one, day):
        yield f"  {line}"


def territory_lines(one: Organisation) -> Iterator[str]:
    """Yield every zone of an organisation, past and to come, with its period and its origin."""
    zones = [*_zones(one)]
    if one.kind in (OrganisationKind.COMMUNE, *OF_DEPARTEMENT):
        yield f"{one.name} : {_known_communes(one)}"
    elif not zones:
        yield f"{one.name} : aucun territoire"
    if zones:
        rows = [(label_of(zone), _kind(zone), _period(zone), zone.origin) for zone in zones]
        yield from table([("zone", "type", "période", "origine"), *sorted(rows)])


def describe_changes(one: Organisation, changes: Changes) -> Iterator[str]:
    """Yield what a file changed in the territory of an organisation."""
    yield f"{one.name} ({one.ref})"
    for label, names in (
        ("ajouté", changes.added),
        ("modifié", changes.changed),
        ("finit", changes.ended),
        ("retiré", changes.removed),
    ):
        if names:
            yield f"  {label} : {len(names)} ({_some(map(_label, sorted(names)))})"
    yield f"  inchangé : {changes.unchanged}"


def describe_update(update: EditionUpdate) -> Iterator[str]:
    """Yield what has changed in the territories with the lists of this version."""
    for one, changes in update.changes:
        yield from describe_changes(one, changes)
    if update.placed:
        yield f"Contours et lieux replacés sur les communes d’aujourd’hui : {update.placed}"
    for remark in update.remarks:
        yield f"À reprendre : {remark}"


def label_of(zone: Zone) -> str:
    """Return a zone as people call it: "Delle (90033)", « Collège d’exemple »."""
    return _label(identity_of(zone)[1])


def _label(name: str) -> str:
    commune = commune_by_code(name)
    return commune.label if commune else f"« {name} »"


def _zones(one: Organisation) -> Iterable[Zone]:
    return one.zones.prefetch_related("communes")


def _territory(one: Organisation, day: date) -> Iterator[str]:
    if one.kind in (OrganisationKind.COMMUNE, *OF_DEPARTEMENT):
        yield _known_communes(one)
    active = [zone for zone in _zones(one) if zone.is_active(day)]
    for kind, label in (
        (ZoneKind.COMMUNE, "commune"),
        (ZoneKind.POLYGON, "contour"),
        (ZoneKind.SITE, "lieu"),
    ):
        names = sorted(label_of(zone) for zone in active if zone.kind == kind)
        if names:
            plural = {"lieu": "lieux"}.get(label, f"{label}s") if len(names) > 1 else label
            yield f"{len(names)} {plural} : {_some(names)}"
    origins = Counter(zone.origin for zone in active if zone.origin)
    for origin in sorted(origins):
        yield f"origine : {origin}"
    later = sum(1 for zone in _zones(one) if zone.starts_on and zone.starts_on > day)
    if later:
        yield f"{later} à venir : notifier organisation territory {one.ref}"
    if not active and one.kind not in (OrganisationKind.COMMUNE, *OF_DEPARTEMENT):
        yield "aucun"


def _known_communes(one: Organisation) -> str:
    if one.kind == OrganisationKind.COMMUNE:
        return "la commune"
    is_council = one.kind == OrganisationKind.DEPARTEMENT
    count = len(council_communes(one.code) if is_council else communes_in(one.code))
    return f"les {count} communes du département"


def _conventions(one: Organisation) -> list[str]:
    parties = Convention.objects.filter(parties=one)
    told = Convention.objects.filter(rules__organisation=one)
    return sorted({convention.reference for convention in (parties | told).distinct()})


def _kind(zone: Zone) -> str:
    return zone.get_kind_display()


def _period(zone: Zone) -> str:
    bounds = []
    if zone.starts_on:
        bounds.append(f"à partir du {zone.starts_on:%d/%m/%Y}")
    if zone.ends_on:
        bounds.append(f"jusqu’au {zone.ends_on:%d/%m/%Y}")
    return " ".join(bounds) or "toujours"


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    rest = len(listed) - _MAX_LISTED
    return ", ".join(listed[:_MAX_LISTED]) + (f" et {rest} de plus" if rest > 0 else "")
