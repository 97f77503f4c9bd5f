"""Organisations by kind and code: their rows, made when first used, with their packaged territory.

A commune, an EPCI of the packaged list, a département and a préfecture are known without anybody
entering them: name, nature, time zone. An EPCI gets the communes of the packaged list as its zones;
an operator's file then dates or replaces them (`zones/store.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from notifier.directory.models import Organisation, OrganisationKind, OrganisationRef
from notifier.directory.zones.store import add_zones, commune_zones
from notifier.territory.reference.communes import normalise_code
from notifier.territory.resolve import commune_by_code, first_commune_in
from notifier.territory.zones import epci
from notifier.territory.zones.departements import departement_by_code
from notifier.territory.zones.epci import epci_by_siren

_SIREN = re.compile(r"[0-9]{9}")
_SLUG = re.compile(r"[0-9a-z][0-9a-z_-]{0,29}")
_BATCH = 500


class OrganisationError(ValueError):
    """A kind or a code that names no organisation; the message, in French, says what to give."""


@dataclass(frozen=True)
class _Known:
    """What is known of an organisation without anybody entering it."""

    name: str
    nature: str
    time_zone: str


def read_ref(text: str) -> OrganisationRef:
    """Read "epci:246300701", the code as it is stored.

    Raises `OrganisationError`.
    """
    try:
        given = OrganisationRef.parse(text)
    except ValueError as error:
        raise OrganisationError(str(error)) from None
    return make_ref(given.kind, given.code)


def make_ref(kind: str, code: str) -> OrganisationRef:
    """Return the reference of an organisation, its code as it is stored.

    Raises `OrganisationError` for a code that its kind cannot have.
    """
    match kind:
        case OrganisationKind.COMMUNE:
            return OrganisationRef(kind, _commune_code(code))
        case OrganisationKind.EPCI:
            siren = "".join(code.split())
            if not _SIREN.fullmatch(siren):
                raise OrganisationError(
                    f"« {code} » n’est pas le SIREN d’une intercommunalité : neuf chiffres, par "
                    "exemple 246300701"
                )
            return OrganisationRef(kind, siren)
        case OrganisationKind.DEPARTEMENT | OrganisationKind.PREFECTURE:
            departement = code.strip().upper().zfill(2)
            if departement_by_code(departement) is None:
                raise OrganisationError(
                    f"« {code} » n’est pas un département : donner son code, par exemple 38, 2A ou "
                    "974"
                )
            return OrganisationRef(kind, departement)
        case _:
            slug = code.strip().lower()
            if not _SLUG.fullmatch(slug):
                raise OrganisationError(
                    f"« {code} » ne peut être un code : lettres sans accent, chiffres et tirets, "
                    "30 signes au plus, par exemple habitat-exemple"
                )
            return OrganisationRef(kind, slug)


def organisations(refs: Iterable[OrganisationRef]) -> dict[OrganisationRef, Organisation]:
    """Return the organisations of these references; those that are known by themselves are stored.

    Raises `OrganisationError` for one that has no row and is not known by itself: a partner, a
    police station, an EPCI that the packaged list lacks. A few statements, however many they are.
    """
    wanted = set(refs)
    found = _stored(wanted)
    if missing := sorted(wanted - found.keys()):
        try:
            with transaction.atomic():
                found |= {one.ref: one for one in _store_known(missing)}
        except IntegrityError:
            # Another process stored one of them just now, zones and all.
            return organisations(wanted)
    return found


def organisation(ref: OrganisationRef) -> Organisation:
    """Return one organisation; see `organisations`."""
    return organisations([ref])[ref]


def stored_organisation(ref: OrganisationRef) -> Organisation:
    """Return an organisation that has been used or added. Raises `OrganisationError`."""
    found = Organisation.objects.filter(kind=ref.kind, code=ref.code).first()
    if found is None:
        raise OrganisationError(
            f"{ref} n’est pas inscrit : notifier organisation add {ref.kind} … --code {ref.code}"
        )
    return found


def add_organisation(
    ref: OrganisationRef, name: str = "", fields: Mapping[str, Any] | None = None
) -> Organisation:
    """Store an organisation with what an operator says of it, and return it.

    The name may be empty for one that is known by itself; `fields` are others of the row. Raises
    `ValidationError`, also where it exists already, and `OrganisationError`.
    """
    known = known_organisation(ref)
    if known is None and not name.strip():
        raise OrganisationError(f"{ref} : un nom est nécessaire")
    values: dict[str, Any] = asdict(known) if known else {}
    values |= {key: value for key, value in (fields or {}).items() if value}
    if name.strip():
        values["name"] = name.strip()
    new = Organisation(kind=ref.kind, code=ref.code, **values)
    with transaction.atomic():
        new.full_clean()
        new.save()
        _add_packaged_zones([new])
    return new


def change_organisation(one: Organisation, fields: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Give the row these values; return what differs, before and after, by field.

    Raises `ValidationError`.
    """
    # A new parent may tell the département.
    names = {*fields, "departement"}
    with transaction.atomic():
        stored = Organisation.objects.select_for_update(of=("self",)).get(pk=one.pk)
        before = {name: str(getattr(stored, name) or "") for name in names}
        for name, value in fields.items():
            setattr(one, name, value)
        one.full_clean()
        one.save(update_fields=names)
    after = {name: str(getattr(one, name) or "") for name in names}
    return {name: (before[name], after[name]) for name in names if before[name] != after[name]}


def is_below(one: Organisation | None, other: Organisation) -> bool:
    """Return whether one is the other, or below it by its parents, however many."""
    while one is not None:
        if one.pk == other.pk:
            return True
        one = one.parent
    return False


def known_organisation(ref: OrganisationRef) -> _Known | None:
    """Return what is known of an organisation without its row, or None."""
    match ref.kind:
        case OrganisationKind.COMMUNE:
            commune = commune_by_code(ref.code)
            return _Known(commune.name, "commune", commune.time_zone) if commune else None
        case OrganisationKind.EPCI:
            grouping = epci_by_siren(ref.code)
            if grouping is None:
                return None
            return _Known(grouping.name, grouping.nature, _time_zone(grouping.communes[0]))
        case OrganisationKind.DEPARTEMENT | OrganisationKind.PREFECTURE:
            departement = departement_by_code(ref.code)
            if departement is None:
                return None
            is_council = ref.kind == OrganisationKind.DEPARTEMENT
            name = departement.council_name if is_council else departement.prefecture_name
            first = first_commune_in(ref.code)
            return _Known(name, "", first.time_zone if first else settings.TIME_ZONE)
    return None


def _commune_code(code: str) -> str:
    current = normalise_code(code)
    if current is None or commune_by_code(current) is None:
        raise OrganisationError(
            f"aucune commune actuelle ne porte le code {code} : donner le code officiel "
            "géographique (pas le code postal)"
        )
    return current


def _time_zone(code: str) -> str:
    commune = commune_by_code(code)
    return commune.time_zone if commune else settings.TIME_ZONE


def _stored(refs: Iterable[OrganisationRef]) -> dict[OrganisationRef, Organisation]:
    codes: dict[str, list[str]] = {}
    for ref in refs:
        codes.setdefault(ref.kind, []).append(ref.code)
    found: dict[OrganisationRef, Organisation] = {}
    for kind, of_kind in codes.items():
        # All communes are more values than a statement can hold.
        rows = Organisation.objects.filter(kind=kind, code__range=(min(of_kind), max(of_kind)))
        is_wanted = set(of_kind)
        found |= {one.ref: one for one in rows if one.code in is_wanted}
    return found


def _store_known(refs: Iterable[OrganisationRef]) -> list[Organisation]:
    """Store those that are known by themselves, an EPCI with its zones."""
    rows = []
    for ref in refs:
        known = known_organisation(ref)
        if known is None:
            raise OrganisationError(
                f"aucun organisme « {ref} » : le créer par « notifier organisation add »"
            )
        rows.append(
            Organisation(
                kind=ref.kind,
                code=ref.code,
                name=known.name,
                nature=known.nature,
                time_zone=known.time_zone,
            )
        )
    stored = Organisation.objects.bulk_create(rows, batch_size=_BATCH)
    _add_packaged_zones(stored)
    return stored


def _add_packaged_zones(new: Iterable[Organisation]) -> None:
    add_zones(
        (
            (one, zone)
            for one in new
            if one.kind == OrganisationKind.EPCI and (grouping := epci_by_siren(one.code))
            for zone in commune_zones(grouping.communes)
        ),
        epci.SOURCE,
    )
