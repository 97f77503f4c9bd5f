"""One row of a contact file as the contact that it describes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from notifier.directory.contacts import Contact
from notifier.directory.imports.entries import Entry
from notifier.directory.models import AddressKind

Identity: TypeAlias = tuple[str, str, int]


@dataclass(frozen=True)
class Row:
    """A valid row: the contact it describes, in its stored form."""

    line: int
    contact: Contact
    question: str = ""
    """What the user must confirm if the contact is new, in French; usually empty."""

    @property
    def commune(self) -> str:
        """The code of the contact's commune."""
        return self.contact.commune

    @property
    def identity(self) -> Identity:
        """What two rows that describe the same contact have in common."""
        return identity_of(self.contact)


def row_of(entry: Entry) -> Row:
    """Return the row of an entry of a commune."""
    addresses = dict(reversed(entry.addresses))
    contact = Contact(
        commune=entry.organisation[1],
        function=entry.function,
        rank=entry.rank,
        last_name=entry.last_name,
        first_name=entry.first_name,
        mobile=addresses.get(AddressKind.MOBILE, ""),
        email=addresses.get(AddressKind.EMAIL, ""),
    )
    return Row(entry.line, contact, entry.question)


def identity_of(contact: Contact) -> Identity:
    """Return the commune, function and rank, which no two contacts share."""
    return (contact.commune, str(contact.function), contact.rank)
