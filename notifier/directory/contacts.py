"""Contacts: somebody of a commune on one line, as a list has them.

What is stored are a person, their addresses and a mandate; this is the flat form of one mandate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from notifier.directory.changes import Edits, start_change, write
from notifier.directory.models import (
    ESCALATION_ORDER,
    Address,
    AddressKind,
    ChangeKind,
    Mandate,
    OrganisationKind,
    Preferences,
    function_title,
)


@dataclass
class Contact:
    """A mandate in a commune with its person, the first mobile and the first e-mail."""

    commune: str
    function: str
    rank: int = 1
    last_name: str = ""
    first_name: str = ""
    mobile: str = ""
    email: str = ""
    active_from: date | None = None
    active_until: date | None = None
    mandate: Mandate | None = None
    """The stored row; None of what is not stored yet."""

    @property
    def name(self) -> str:
        """First and last name; often only one of them, or none."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def title(self) -> str:
        """The function in French, such as "maire", "1er adjoint"."""
        return function_title(self.function, self.rank)

    @property
    def escalation_order(self) -> tuple[int, int]:
        """The place in the order in which the commune's contacts are told; sorts ascending."""
        return (ESCALATION_ORDER[self.function], self.rank)


def contacts_between(first: str, last: str) -> list[Contact]:
    """Return the contacts of the communes from one code to another, both included.

    A range and not a list: all communes are more codes than a statement can hold. Three statements.
    """
    of_communes = {
        "organisation__kind": OrganisationKind.COMMUNE,
        "organisation__code__range": (first, last),
    }
    mandates = Mandate.objects.filter(**of_communes).select_related("organisation", "person")
    addresses: defaultdict[int, list[Address]] = defaultdict(list)
    owned = Address.objects.filter(
        person__mandates__in=Mandate.objects.filter(**of_communes)
    ).distinct()
    for address in owned.order_by("position", "id"):
        addresses[address.person_id].append(address)
    return [to_contact(mandate, addresses[mandate.person_id]) for mandate in mandates]


def contacts_of(commune: str) -> list[Contact]:
    """Return the contacts of a commune in the order in which they are told."""
    return sorted(contacts_between(commune, commune), key=lambda c: c.escalation_order)


def to_contact(mandate: Mandate, addresses: Iterable[Address]) -> Contact:
    """Return the flat form of a mandate; `addresses` are its person's, in their order."""
    of_kind: dict[str, str] = {}
    for address in addresses:
        of_kind.setdefault(address.kind, address.value)
    return Contact(
        commune=mandate.organisation.code,
        function=mandate.function,
        rank=mandate.rank,
        last_name=mandate.person.last_name,
        first_name=mandate.person.first_name,
        mobile=of_kind.get(AddressKind.MOBILE, ""),
        email=of_kind.get(AddressKind.EMAIL, ""),
        active_from=mandate.starts_on,
        active_until=mandate.ends_on,
        mandate=mandate,
    )


def delete_mandates(mandate_ids: Collection[int], author: str) -> None:
    """Delete the mandates, and the people who have no other, in one transaction."""
    with transaction.atomic():
        edits = Edits()
        remove_mandates(mandate_ids, edits)
        write(edits, start_change(ChangeKind.HAND, author))


def remove_mandates(mandate_ids: Collection[int], edits: Edits) -> None:
    """Have the mandates deleted, and the people who have no other."""
    mandates = list(Mandate.objects.filter(pk__in=mandate_ids).select_related("person"))
    kept = Mandate.objects.exclude(pk__in=mandate_ids).filter(
        person__in=[mandate.person_id for mandate in mandates]
    )
    staying = set(kept.values_list("person_id", flat=True))
    leaving = {m.person_id: m.person for m in mandates if m.person_id not in staying}
    edits.remove(*mandates, *leaving.values())
    edits.remove(*Address.objects.filter(person__in=leaving))
    edits.remove(*Preferences.objects.filter(person__in=leaving))
