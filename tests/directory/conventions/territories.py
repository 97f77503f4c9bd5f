"""Organisations, territories and conventions that the tests of this folder stand on. All invented
but the codes of communes and EPCI."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from notifier.directory.models import (
    Address,
    Convention,
    ConventionRule,
    Mandate,
    Organisation,
    Person,
    Zone,
    ZoneCommune,
)

METROPOLE = "246300701"
CLERMONT, AUBIERE, BEAUMONT, CEBAZAT = "63113", "63014", "63032", "63063"
DELLE, JONCHEREY = "90033", "90056"
GRENOBLE = "38185"


def organisation(kind: str, code: str, name: str = "", **fields: Any) -> Organisation:
    return Organisation.objects.create(kind=kind, code=code, name=name or code, **fields)


def commune_zone(
    owner: Organisation, code: str, starts: date | None = None, ends: date | None = None
) -> Zone:
    zone = Zone.objects.create(organisation=owner, kind="commune", starts_on=starts, ends_on=ends)
    ZoneCommune.objects.create(zone=zone, commune=code, is_covered=True)
    return zone


def site(owner: Organisation, name: str, commune: str, **fields: Any) -> Zone:
    point = {"type": "Point", "coordinates": [6.99, 47.5], "radius_m": 200}
    zone = Zone.objects.create(organisation=owner, kind="site", name=name, shape=point, **fields)
    ZoneCommune.objects.create(zone=zone, commune=commune)
    return zone


def convention(reference: str = "CAM-2026", **fields: Any) -> Convention:
    given = {"kind": "metropole", "title": "Convention de l’essai", "starts_on": date(2026, 1, 1)}
    return Convention.objects.create(reference=reference, **{**given, **fields})


def rule(of: Convention, told: Organisation, **fields: Any) -> ConventionRule:
    given = {
        "territory_of": told,
        "categories": ["C07.13.02"],
        "starts_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return ConventionRule.objects.create(convention=of, organisation=told, **{**given, **fields})


def member(of: Organisation, function: str, name: str = "Martin", number: int = 1) -> Mandate:
    """Somebody of an organisation who has a mobile."""
    person = Person.objects.create(last_name=name)
    Address.objects.create(person=person, kind="mobile", value=f"+336399800{number:02d}")
    return Mandate.objects.create(person=person, organisation=of, function=function)
