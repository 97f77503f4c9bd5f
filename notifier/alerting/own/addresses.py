"""Own addresses, changed by a link: of each change those of before are told, in its transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils import timezone

from notifier.alerting.address_test import AddressTestError, answer_test, last_tests
from notifier.alerting.own.notice import Notice, What, tell
from notifier.directory.models import Address
from notifier.directory.own_data import (
    BY_LINK,
    OwnData,
    accept_texts,
    awaits_code,
    changing_own,
    forget_address,
    refuse_texts,
)
from notifier.intake.models import Source

_GONE = "Cette adresse n’est plus la vôtre : relisez la page."


def confirm_own(own: OwnData, address: Address, typed: str, source: Source) -> bool:
    """Return whether the code read at an own address is right; it is told from now on if so.

    Raises AddressTestError and ValidationError.
    """
    test = last_tests([address.pk]).get(address.pk)
    if test is None:
        raise AddressTestError("Aucun code n’a été envoyé à cette adresse : demandez-en un.")
    with _changing(own, address) as before:
        is_right = answer_test(test, own.mandate, typed, own.author, BY_LINK)
        if is_right and not before.was_usable:
            what = What.ADDED if before.awaited_code else What.BACK
            tell(Notice(own, source, what, before.address), before.usable)
    return is_right


def remove_own(own: OwnData, address: Address, source: Source) -> None:
    """Remove an own address. Raises ValidationError."""
    with _changing(own, address) as before:
        forget_address(own, before.address, before.known)
        if not before.awaited_code:
            tell(Notice(own, source, What.REMOVED, before.address), before.usable)


def refuse_own(own: OwnData, address: Address, source: Source) -> None:
    """Have nothing sent to an own address any more. Raises ValidationError."""
    with _changing(own, address) as before:
        if before.address.opted_out_at is None:
            refuse_texts(own, before.address, timezone.now())
            if not before.awaited_code:
                tell(Notice(own, source, What.REFUSED, before.address), before.usable)


def accept_own(own: OwnData, address: Address, source: Source) -> None:
    """Have an own address that was refused told again. Raises ValidationError."""
    with _changing(own, address) as before:
        if before.address.opted_out_at is not None:
            accept_texts(own, before.address)
            if not before.awaited_code:
                tell(Notice(own, source, What.BACK, before.address), before.usable)


@dataclass(frozen=True)
class _Before:
    """The own addresses before the change, and the one that it is about."""

    address: Address
    known: Collection[Address]
    usable: Collection[Address]
    """What of them was told; the address itself where it was."""
    awaited_code: bool

    @property
    def was_usable(self) -> bool:
        return self.address in self.usable


@contextmanager
def _changing(own: OwnData, address: Address) -> Iterator[_Before]:
    """Yield how all stands, with nobody else changing it. Raises ValidationError."""
    with changing_own(own, timezone.now()) as known:
        found = known.get(address.pk)
        if found is None:
            raise ValidationError(_GONE)
        usable = [one for one in known.values() if one.is_usable]
        yield _Before(found, known.values(), usable, awaits_code(found))
