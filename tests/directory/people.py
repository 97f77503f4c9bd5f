"""Organisations and invented people for the tests of absences and on-call."""

from __future__ import annotations

from notifier.directory.models import (
    Address,
    AddressKind,
    Mandate,
    Organisation,
    OrganisationKind,
    Person,
)


def organisation(kind: str = OrganisationKind.COMMUNE, code: str = "90033") -> Organisation:
    """A stored organisation; a commune has its own name and time zone."""
    found, is_new = Organisation.objects.get_or_create(
        kind=kind, code=code, defaults={"name": "Habitat Exemple"}
    )
    if is_new:
        found.full_clean()
        found.save()
    return found


def somebody(
    where: Organisation,
    last_name: str,
    function: str = "adjoint",
    rank: int = 1,
    *,
    first_name: str = "",
    mobile: str = "",
    email: str = "",
) -> Mandate:
    """A person with a mandate there."""
    person = Person.objects.create(last_name=last_name, first_name=first_name)
    for kind, value in ((AddressKind.MOBILE, mobile), (AddressKind.EMAIL, email)):
        if value:
            Address.objects.create(person=person, kind=kind, value=value)
    return Mandate.objects.create(person=person, organisation=where, function=function, rank=rank)
