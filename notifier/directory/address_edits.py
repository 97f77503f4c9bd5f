"""What a list or a form changes of one person's numbers and mailboxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from notifier.directory.models import Address, AddressKind, Person


@dataclass
class AddressEdits:
    """Addresses to add, to reorder, to remove; and what that changes, in French."""

    added: list[Address] = field(default_factory=list)
    changed: list[Address] = field(default_factory=list)
    removed: list[Address] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def compare_addresses(
    person: Person,
    wanted: Sequence[tuple[str, str]],
    stored: Sequence[Address],
    columns: Mapping[str, int],
) -> AddressEdits:
    """Make the first addresses of each kind those that the list has, in its order.

    `columns`: how many of a kind a list has room for; it says nothing of those behind, and of a
    kind without columns it only adds. An address that changes is another one: what was known of
    the old one, such as its failures, is not true of the new.
    """
    edits = AddressEdits()
    for kind in AddressKind.values:
        values = list(dict.fromkeys(value for its_kind, value in wanted if its_kind == kind))
        before = [address for address in stored if address.kind == kind]
        if values or kind in columns:
            _compare_kind(edits, person, AddressKind(kind), values, before, columns.get(kind, 0))
    return edits


def _compare_kind(
    edits: AddressEdits,
    person: Person,
    kind: AddressKind,
    values: list[str],
    before: list[Address],
    room: int,
) -> None:
    known = {address.value: address for address in before}
    new = [value for value in values if value not in known]
    replaceable = [address for address in before[:room] if address.value not in values]
    # A list with one column for numbers names one of two: the other may be right as well.
    is_told = not values or room >= len(before)
    removed = replaceable if is_told else replaceable[: len(new)]
    after = [known.get(value) or Address(person=person, kind=kind, value=value) for value in values]
    after += [address for address in before if address not in after and address not in removed]
    old_text, new_text = _joined(before), _joined(after)
    if old_text == new_text:
        return
    edits.texts.append(f"{kind.label} {old_text} → {new_text}")
    edits.removed += removed
    for position, address in enumerate(after, 1):
        if address._state.adding:
            address.position = position
            edits.added.append(address)
        elif address.position != position:
            address.position = position
            edits.changed.append(address)


def _joined(addresses: Sequence[Address]) -> str:
    return ", ".join(address.value for address in addresses) or "(vide)"
