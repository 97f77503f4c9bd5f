"""Organisations that a convention tells, and their people, in the database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from notifier.directory.conventions.consents import give_consent
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
from tests.alerting.house import number

EVERYTHING = [f"{family}{n:02d}" for family in "CL" for n in range(1, 12)]
_numbers = count(1)


def told_by_convention(
    kind: str = "epci", code: str = "200069052", name: str = "Grand Belfort",
    communes: tuple[str, ...] = ("90033", "90056"), title: str = "Convention métropolitaine",
    **rule: Any,
) -> Organisation:  # fmt: skip
    """An organisation that a rule tells everything of these communes, unless said otherwise."""
    organisation = Organisation.objects.create(kind=kind, code=code, name=name)
    for commune in communes:
        zone = Zone.objects.create(organisation=organisation, kind="commune")
        ZoneCommune.objects.create(zone=zone, commune=commune, is_covered=True)
    add_rule(organisation, title, **rule)
    return organisation


def landlord() -> Organisation:
    """A landlord with one estate in Delle, of which a rule tells everything."""
    told = told_by_convention(
        "partenaire", "habitat-des-tilleuls", "Habitat des Tilleuls", (),
        "Partenariat avec les bailleurs", sites=["Résidence des Tilleuls"],
    )  # fmt: skip
    estate = {"type": "Point", "coordinates": [6.998, 47.509], "radius_m": 200}
    zone = Zone.objects.create(
        organisation=told, kind="site", name="Résidence des Tilleuls", shape=estate
    )
    ZoneCommune.objects.create(zone=zone, commune="90033", is_covered=False)
    return told


def add_rule(told: Organisation, title: str = "Convention", **rule: Any) -> ConventionRule:
    """A rule of a convention of its own."""
    convention = Convention.objects.create(
        reference=f"c-{next(_numbers)}", kind="metropole", title=title, starts_on=date(2020, 1, 1)
    )
    since = datetime(2020, 1, 1, tzinfo=UTC)
    usual = {"territory_of": told, "categories": EVERYTHING, "starts_at": since}
    return ConventionRule.objects.create(
        convention=convention, organisation=told, **{**usual, **rule}
    )


def member(
    of: Organisation,
    function: str = "president",
    *,
    mobile: int = 0,
    email: str = "",
    rank: int = 1,
    person: Person | None = None,
) -> Mandate:
    """Somebody of it, with the number that ends so; or a known person in a further function."""
    if person is None:
        person = Person.objects.create(last_name="Essai")
        for kind, value in (("mobile", number(mobile) if mobile else ""), ("courriel", email)):
            if value:
                Address.objects.create(person=person, kind=kind, value=value)
    return Mandate.objects.create(person=person, organisation=of, function=function, rank=rank)


def resident(of: Organisation, mobile: int) -> Mandate:
    """Somebody of a quarter who has agreed to be told."""
    mandate = member(of, "habitant_relais", mobile=mobile)
    give_consent(mandate, date(2020, 1, 1), "bulletin signé", "essai")
    return mandate
