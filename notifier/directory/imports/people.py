"""Find a person whom the directory knows already, under another hat or from before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import TypeAlias

from notifier.directory.imports.entries import Entry, OrganisationKey
from notifier.directory.imports.stored import Stored
from notifier.directory.models import AddressKind, OrganisationKind, Person
from notifier.directory.names import fold, is_same_person

_Index: TypeAlias = dict[Hashable, list[Person]]


class PeopleIndex:
    """The people of a list's organisations by name; also by name and address, if asked for."""

    def __init__(self, stored: Stored, *, by_address: bool) -> None:
        self._by_address = by_address
        self._index: _Index = defaultdict(list)
        # Two of one name in one function are two people.
        self._taken: set[tuple[int, OrganisationKey, str]] = set()
        self._mobiles: dict[int, set[str]] = defaultdict(set)
        for key, mandates in stored.mandates.items():
            for mandate in mandates:
                self._put((key, _words(mandate.person.last_name, mandate.person.first_name)),
                          mandate.person)  # fmt: skip
        if by_address:
            for person in stored.people():
                self._put_addresses(person, [a.value for a in stored.addresses[person.pk]])

    def find(self, entry: Entry) -> Person | None:
        """Return the one person known by that name in the organisation, or else where they sit.

        In the operator's own list also the one of another organisation with the same name and a
        number or mailbox in common. None where several might be meant. Two rows of one name with
        two mobiles are two people: whoever shares a name must not lose the number.
        """
        words = _words(*entry.name)
        if not words:
            return None
        home: OrganisationKey = (OrganisationKind.COMMUNE, entry.home_commune)
        keys: list[Hashable] = [(entry.organisation, words), (home, words)]
        if self._by_address:
            keys += [(words, value) for _, value in entry.addresses]
        for key in keys:
            found = [one for one in self._index.get(key, []) if self._may_be(entry, one)]
            if len(found) == 1 and found[0].is_service == entry.is_service:
                return found[0]
        return None

    def add(self, entry: Entry, person: Person) -> None:
        """Know a person whom the list brings, or names."""
        self._taken.add((id(person), entry.organisation, entry.function))
        self._mobiles[id(person)] |= _mobiles(entry)
        self._put((entry.organisation, _words(*entry.name)), person)
        if self._by_address:
            self._put_addresses(person, [value for _, value in entry.addresses])

    def _may_be(self, entry: Entry, person: Person) -> bool:
        if (id(person), entry.organisation, entry.function) in self._taken:
            return False
        named, known = _mobiles(entry), self._mobiles[id(person)]
        return not named or not known or not named.isdisjoint(known)

    def _put_addresses(self, person: Person, values: Sequence[str]) -> None:
        words = _words(person.last_name, person.first_name)
        for value in values:
            self._put((words, value), person)

    def _put(self, key: Hashable, person: Person) -> None:
        if not any(known is person for known in self._index[key]):
            self._index[key].append(person)


def same_holder(entry: Entry, person: Person) -> bool:
    """Return whether an entry names a person, in any spelling and either order."""
    return is_same_person(entry.name, (person.last_name, person.first_name))


def is_named_now(entry: Entry, person: Person) -> bool:
    """Return whether an entry names somebody who had no name yet."""
    return not person.name and any(entry.name)


def _mobiles(entry: Entry) -> set[str]:
    return {value for kind, value in entry.addresses if kind == AddressKind.MOBILE}


def _words(last_name: str, first_name: str) -> str:
    """Return the words of a name in one order, however it is divided."""
    return " ".join(sorted(fold(f"{last_name} {first_name}").split()))
