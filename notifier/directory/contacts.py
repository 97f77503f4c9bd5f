"""Contacts: somebody of a commune on one line, as a file, a list or a form has them.

What is stored are a person, their addresses and a mandate; this is the flat form of one mandate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from notifier.directory.address_edits import compare_addresses
from notifier.directory.changes import Edits, start_change, write
from notifier.directory.models import (
    ESCALATION_ORDER,
    Address,
    AddressKind,
    ChangeKind,
    Mandate,
    Organisation,
    OrganisationKind,
    OrganisationRef,
    Origin,
    Person,
    function_title,
)
from notifier.directory.names import fold
from notifier.directory.organisations import organisations
from notifier.directory.recipients import commune_refs
from notifier.territory.phones import PhoneError, parse_mobile

NOT_REACHABLE = (
    "Donnez un mobile ou un courriel : sans l’un des deux, personne ne peut être prévenu."
)
RANK_TAKEN = (
    "Un contact a déjà cette fonction et ce rang dans cette commune : modifiez-le ou choisissez un "
    "autre rang."
)
_ONE_OF_EACH = {AddressKind.MOBILE.value: 1, AddressKind.EMAIL.value: 1}


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
    def folded_name(self) -> str:
        """The name without what spellings differ in."""
        return fold(f"{self.last_name} {self.first_name}")

    @property
    def title(self) -> str:
        """The function in French, such as "maire", "1er adjoint"."""
        return function_title(self.function, self.rank)

    @property
    def escalation_order(self) -> tuple[int, int]:
        """The place in the order in which the commune's contacts are told; sorts ascending."""
        return (ESCALATION_ORDER[self.function], self.rank)

    def normalise(self) -> None:
        """Put names and addresses into their stored form. Raises ValidationError, by field."""
        faults: dict[str, list[str]] = {}
        person = Person(last_name=self.last_name, first_name=self.first_name)
        try:
            person.clean_fields()
        except ValidationError as refusal:
            faults |= refusal.message_dict
        self.last_name, self.first_name = person.last_name, person.first_name
        for field in ("email", "mobile"):
            try:
                setattr(self, field, self._normalised(field))
            except ValidationError as refusal:
                faults[field] = refusal.messages
        if faults:
            raise ValidationError(faults)

    def _normalised(self, field: str) -> str:
        value = str(getattr(self, field)).strip()
        if not value:
            return ""
        if field == "mobile":
            return read_mobile(value, self.commune)
        address = Address(kind=AddressKind.EMAIL, value=value)
        try:
            address.clean_fields(exclude={"person", "position"})
        except ValidationError as refusal:
            raise ValidationError(refusal.message_dict["value"]) from None
        return address.value


def read_mobile(text: str, commune: str) -> str:
    """Return a mobile in E.164, read by the commune's numbering plan. Raises ValidationError."""
    try:
        return parse_mobile(text, commune, fiction_allowed=settings.ENVIRONMENT.SIMULATOR)
    except PhoneError as error:
        raise ValidationError(str(error)) from None


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


def write_contacts(contacts: Sequence[Contact], origin: Origin, author: str) -> list[Mandate]:
    """Store the contacts under one change by hand; return their mandates in the same order.

    One with a mandate changes it, its person and their first mobile and e-mail; the others are
    added. In the caller's transaction.
    """
    communes = organisations(commune_refs({contact.commune for contact in contacts}))
    mandates = [_as_stored(contact, communes, origin) for contact in contacts]
    edits = Edits()
    for mandate in mandates:
        put = edits.add if mandate._state.adding else edits.change
        put(mandate.person, mandate)
    for contact, mandate in zip(contacts, mandates, strict=True):
        _edit_addresses(mandate.person, contact, edits)
    write(edits, start_change(ChangeKind.HAND, author))
    return mandates


def _as_stored(
    contact: Contact, communes: Mapping[OrganisationRef, Organisation], origin: Origin
) -> Mandate:
    mandate = contact.mandate or Mandate(person=Person(), origin=origin)
    mandate.organisation = communes[OrganisationRef(OrganisationKind.COMMUNE, contact.commune)]
    mandate.function, mandate.rank = contact.function, contact.rank
    mandate.starts_on, mandate.ends_on = contact.active_from, contact.active_until
    person = mandate.person
    person.last_name, person.first_name = contact.last_name, contact.first_name
    # Whoever saves it has looked at it.
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


def is_rank_taken(contact: Contact) -> bool:
    """Return whether another contact has its commune, function and rank at the same time."""
    others = Mandate.objects.filter(
        organisation__kind=OrganisationKind.COMMUNE,
        organisation__code=contact.commune,
        function=contact.function,
        rank=contact.rank,
    )
    if contact.mandate:
        others = others.exclude(pk=contact.mandate.pk)
    if contact.active_from:
        others = others.exclude(ends_on__lt=contact.active_from)
    if contact.active_until:
        others = others.exclude(starts_on__gt=contact.active_until)
    return others.exists()


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
