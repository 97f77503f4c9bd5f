"""What an address of these pages names, as far as it exists for the reader."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.directory.allowed import AllowedOrganisations, people_told_elsewhere
from notifier.directory.models import (
    Address,
    Mandate,
    Organisation,
    OrganisationKind,
    OrganisationRef,
    Person,
)
from notifier.directory.organisations import known_organisation, organisation

TOLD_ELSEWHERE = (
    "Cette personne est aussi prévenue pour un organisme qui n’est pas de votre ressort : son nom "
    "et ses adresses sont tenus par ceux qui s’occupent des deux, ou par l’exploitant du service."
)


def organisation_or_404(scope: Scope, permission: Permission, kind: str, code: str) -> Organisation:
    """Return an organisation; a commune that has no row yet is made, unsaved."""
    found = scope.organisations(permission).filter(kind=kind, code=code).first()
    if found is not None:
        return found
    if kind != OrganisationKind.COMMUNE or code not in scope.communes(permission):
        raise Http404
    known = known_organisation(OrganisationRef(kind, code))
    if known is None:
        raise Http404
    return Organisation(kind=kind, code=code, name=known.name, time_zone=known.time_zone)


def is_stored(one: Organisation) -> bool:
    """Return whether it has a row; a commune gets one with its first person."""
    return not one._state.adding


def stored(one: Organisation) -> Organisation:
    """Return the organisation with its row, made now if there was none."""
    return one if is_stored(one) else organisation(one.ref)


def mandate_or_404(scope: Scope, permission: Permission, number: int) -> Mandate:
    """Return a mandate with its person and organisation."""
    rows = scope.mandates(permission).select_related("person", "organisation")
    return get_object_or_404(rows, pk=number)


def address_or_404(scope: Scope, permission: Permission, number: int) -> Address:
    """Return an address with its person."""
    rows = scope.addresses(permission).select_related("person")
    return get_object_or_404(rows, pk=number)


def mandate_of(scope: Scope, permission: Permission, address: Address) -> Mandate:
    """Return a mandate, today's first, by which the address's person exists for the reader."""
    rows = scope.mandates(permission).filter(person=address.person_id)
    found = rows.select_related("person", "organisation").order_by("-ends_on", "id")
    lasting = found.filter(ends_on=None).first() or found.first()
    if lasting is None:
        raise Http404
    return lasting


def require_own(scope: Scope, permission: Permission, person: Person) -> None:
    """Refuse to change what also concerns an organisation out of scope. Raises ValidationError."""
    if people_told_elsewhere([person.pk], allowed_of(scope, permission)):
        raise ValidationError(TOLD_ELSEWHERE)


def require_present_or_own(scope: Scope, permission: Permission, mandate: Mandate) -> None:
    """Refuse to touch the mandate of whoever left, and is told elsewhere. Raises ValidationError.

    A mandate that lasts again would show where they are reached now, and confirm it.
    """
    if not scope.people(permission).filter(pk=mandate.person_id).exists():
        require_own(scope, permission, mandate.person)


def allowed_of(scope: Scope, permission: Permission) -> AllowedOrganisations:
    """Return the organisations of a permission as rooms below take them."""
    territory = scope.territory(permission)
    if territory.is_everything:
        return AllowedOrganisations(is_everything=True)
    return AllowedOrganisations.of(territory.departements, scope.organisations(permission))


def url_of(one: Organisation, name: str = "console:organisation", **more: Any) -> str:
    """Return the address of a page of an organisation."""
    return reverse(name, kwargs={"kind": one.kind, "code": one.code, **more})
