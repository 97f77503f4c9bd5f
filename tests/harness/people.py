"""Invented people in the directory, with numbers for fiction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from notifier.directory.contacts import Contact, contacts_between, to_contact, write_contacts
from notifier.directory.models import Mandate, Origin


def add_contact(commune: str = "90033", function: str = "maire", **fields: Any) -> Mandate:
    """Somebody of a commune, as a form or a file would store them."""
    return add_contacts(Contact(commune=commune, function=function, **fields))[0]


def add_contacts(*contacts: Contact) -> list[Mandate]:
    """Several of them at once."""
    return write_contacts(contacts, Origin.HAND, "tests")


def change_contact(mandate: Mandate, **fields: Any) -> None:
    """Change somebody, as a form would."""
    stored = Mandate.objects.get(pk=mandate.pk)
    contact = to_contact(stored, stored.person.addresses.order_by("position", "id"))
    write_contacts([replace(contact, **fields)], Origin.HAND, "tests")


def stored_contacts() -> list[Contact]:
    """All of them, by commune and in the order of telling."""
    found = contacts_between("", "~")
    return sorted(found, key=lambda contact: (contact.commune, contact.escalation_order))
