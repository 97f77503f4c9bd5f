"""The addresses of one person, changed one at a time; an address that changes is another one.

What was known of the old one, such as its failures, is not true of the new. What was still to go to
it is withdrawn before it is sent late or once more, and goes to the person's other addresses
(notifier.delivery.sending.former_recipients).
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from notifier.directory.changes import Edits, lock_directory, start_change, write
from notifier.directory.imports.formats.contacts import numbering_commune
from notifier.directory.models import (
    MAX_FAILURES,
    Address,
    AddressKind,
    ChangeKind,
    Organisation,
    Person,
)
from notifier.territory.phones import PhoneError, parse_mobile, parse_voice_number

_KNOWN = "Cette personne a déjà cette adresse."
_NOT_CONFIRMED = "ajoutée par la personne, pas encore confirmée par un code"
LAST_ADDRESS = (
    "C’est la dernière adresse à laquelle cette personne peut être prévenue : ajoutez-en une autre "
    "d’abord, ou mettez fin au mandat."
)


def read_address(kind: AddressKind, text: str, organisation: Organisation) -> str:
    """Return an address as it is stored, a number by the organisation's numbering plan.

    Raises ValidationError.
    """
    if kind == AddressKind.EMAIL:
        address = Address(kind=kind, value=text)
        try:
            address.clean_fields(exclude={"person", "position"})
        except ValidationError as refusal:
            raise ValidationError(refusal.message_dict["value"]) from None
        return address.value
    parse = parse_mobile if kind == AddressKind.MOBILE else parse_voice_number
    plan = numbering_commune((organisation.kind, organisation.code))
    try:
        return parse(text.strip(), plan, fiction_allowed=settings.ENVIRONMENT.SIMULATOR)
    except PhoneError as error:
        raise ValidationError(str(error)) from None


def add_address(
    person: Person,
    kind: AddressKind,
    text: str,
    organisation: Organisation,
    author: str,
    *,
    until_confirmed: bool = False,
    source: str = "",
) -> Address:
    """Give a person one more address, tried after the others. Raises ValidationError.

    `until_confirmed`: it is passed over, as one that fails, until somebody confirms it.
    """
    value = read_address(kind, text, organisation)
    with transaction.atomic():
        lock_directory()
        known = list(person.addresses.all())
        _refuse_known(known, kind, value)
        position = max((one.position for one in known), default=0) + 1
        address = Address(
            person=person,
            kind=kind,
            value=value,
            position=position,
            failures=MAX_FAILURES if until_confirmed else 0,
            failing_reason=_NOT_CONFIRMED if until_confirmed else "",
        )
        edits = Edits()
        edits.add(address)
        write(edits, start_change(ChangeKind.HAND, author, source))
    return address


def change_address(address: Address, text: str, organisation: Organisation, author: str) -> Address:
    """Put another number or mailbox in the place of an address; return the new one.

    Raises ValidationError.
    """
    kind = AddressKind(address.kind)
    value = read_address(kind, text, organisation)
    if value == address.value:
        return address
    with transaction.atomic():
        lock_directory()
        _refuse_known(list(Address.objects.filter(person=address.person_id)), kind, value)
        new = Address(
            person=address.person,
            kind=kind,
            value=value,
            position=address.position,
            is_personal=address.is_personal,
        )
        edits = Edits()
        edits.remove(address)
        edits.add(new)
        write(edits, start_change(ChangeKind.HAND, author))
    return new


def remove_address(address: Address, author: str, source: str = "") -> None:
    """Forget an address; the last by which somebody can be told stays. Raises ValidationError."""
    with transaction.atomic():
        lock_directory()
        others = Address.objects.filter(person=address.person_id).exclude(pk=address.pk)
        if not others.exclude(kind=AddressKind.LANDLINE).exists():
            raise ValidationError(LAST_ADDRESS)
        edits = Edits()
        edits.remove(address)
        write(edits, start_change(ChangeKind.HAND, author, source))


def try_first(address: Address, author: str) -> bool:
    """Have an address tried before the person's others; return whether that is new."""
    with transaction.atomic():
        lock_directory()
        rows = list(Address.objects.filter(person=address.person_id).order_by("position", "id"))
        rows.sort(key=lambda one: one.pk != address.pk)
        edits = Edits()
        for position, row in enumerate(rows, 1):
            if row.position != position:
                row.position = position
                edits.change(row)
        if edits:
            write(edits, start_change(ChangeKind.HAND, author))
    return bool(edits)


def _refuse_known(known: list[Address], kind: AddressKind, value: str) -> None:
    if any((one.kind, one.value) == (kind, value) for one in known):
        raise ValidationError(_KNOWN)
