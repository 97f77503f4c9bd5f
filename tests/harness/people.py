"""Invented people in the directory, with numbers for fiction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from notifier.directory.address_edits import compare_addresses
from notifier.directory.changes import Edits, start_change, write
from notifier.directory.contacts import Contact, contacts_between, to_contact
from notifier.directory.models import (
    AddressKind,
    ChangeKind,
    Mandate,
    Organisation,
    OrganisationKind,
    OrganisationRef,
    Person,
)
from notifier.directory.organisations import organisations
from notifier.directory.recipients import commune_refs

_ONE_OF_EACH = {AddressKind.MOBILE.value: 1, AddressKind.EMAIL.value: 1}


def add_contact(commune: str = "90033", function: str = "maire", **fields: Any) -> Mandate:
    """Somebody of a commune, as a form or a file would store them."""
    return add_contacts(Contact(commune=commune, function=function, **fields))[0]


def add_contacts(*contacts: Contact) -> list[Mandate]:
    """Several of them at once."""
    return write_contacts(contacts)


def change_contact(mandate: Mandate, **fields: Any) -> None:
    """Change somebody, as a form would."""
    stored = Mandate.objects.get(pk=mandate.pk)
    contact = to_contact(stored, stored.person.addresses.order_by("position", "id"))
    write_contacts([replace(contact, **fields)])


def stored_contacts() -> list[Contact]:
    """All of them, by commune and in the order of telling."""
    found = contacts_between("", "~")
    return sorted(found, key=lambda contact: (contact.commune, contact.escalation_order))


def write_contacts(contacts: Sequence[Contact]) -> list[Mandate]:
    """Store the contacts under one change by hand; return their mandates in the same order.

    One with a mandate changes it, its person and their first mobile and e-mail; the others are
    added. In the caller's transaction.
    """
    communes = organisations(commune_refs({contact.commune for contact in contacts}))
    mandates = [_as_stored(contact, communes) for contact in contacts]
    edits = Edits()
    for mandate in mandates:
        put = edits.add if mandate._state.adding else edits.change
        put(mandate.person, mandate)
    for contact, mandate in zip(contacts, mandates, strict=True):
        _edit_addresses(mandate.person, contact, edits)
    write(edits, start_change(ChangeKind.HAND, "tests"))
    return mandates


def _as_stored(contact: Contact, communes: Mapping[OrganisationRef, Organisation]) -> Mandate:
    mandate = contact.mandate or Mandate(person=Person())
    mandate.organisation = communes[OrganisationRef(OrganisationKind.COMMUNE, contact.commune)]
    mandate.function, mandate.rank = contact.function, contact.rank
    mandate.starts_on, mandate.ends_on = contact.active_from, contact.active_until
    person = mandate.person
    person.last_name, person.first_name = contact.last_name, contact.first_name
    mandate.is_confirmed = True
    return mandate


def _edit_addresses(person: Person, contact: Contact, edits: Edits) -> None:
    """Make the first mobile and e-mail of a person those of the contact; keep all others."""
    stored = [] if person._state.adding else list(person.addresses.order_by("position", "id"))
    wanted = ((AddressKind.MOBILE, contact.mobile), (AddressKind.EMAIL, contact.email))
    found = compare_addresses(
        person, [(kind, value) for kind, value in wanted if value], stored, _ONE_OF_EACH
    )
    edits.add(*found.added)
    edits.change(*found.changed)
    edits.remove(*found.removed)
