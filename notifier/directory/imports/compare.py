"""Compare a list with the directory: what is new, what changes, whose mandate ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from notifier.directory.address_edits import compare_addresses
from notifier.directory.imports.entries import Entry, OrganisationKey, Reading
from notifier.directory.imports.mandates import (
    A_DAY,
    changed,
    is_over,
    last_day,
    new_values,
    zone_of,
)
from notifier.directory.imports.outcome import Comparison, Outcome, Verb
from notifier.directory.imports.people import PeopleIndex, is_named_now, same_holder
from notifier.directory.imports.phrases import describe_post, format_day
from notifier.directory.imports.posts import SINGLE
from notifier.directory.imports.stored import Stored
from notifier.directory.imports.table import Fault
from notifier.directory.models import (
    Address,
    Function,
    Mandate,
    Organisation,
    Origin,
    Person,
)
from notifier.territory.grammar import with_de

# CGCT art. L2122-10: after a new election of the mayor, the deputies are elected anew.
_ELECTED_WITH = {Function.MAYOR: Function.DEPUTY, Function.PRESIDENT: Function.VICE_PRESIDENT}


def compare(
    reading: Reading, stored: Stored, now: datetime, election: date | None = None
) -> Comparison:
    """Return what the list changes. Reads nothing and writes nothing; `now` is aware.

    `election`: the day of the last one after which everybody is to be confirmed.
    """
    by_organisation: dict[OrganisationKey, list[Entry]] = defaultdict(list)
    for entry in reading.entries:
        by_organisation[entry.organisation].append(entry)
    comparer = _Comparer(reading, stored, now, election)
    for key, entries in by_organisation.items():
        comparer.compare_organisation(key, entries)
    comparer.compare_people()
    return comparer.result()


_NO_ADDRESS = "ni téléphone ni courriel : donnez au moins l’un des deux"


class _Comparer:
    """The comparison under way; one organisation after the other, then the people."""

    def __init__(
        self, reading: Reading, stored: Stored, now: datetime, election: date | None
    ) -> None:
        self._election = election
        self._reading = reading
        self._stored = stored
        self._now = now
        self._is_contacts = reading.origin == Origin.FILE
        self._people = PeopleIndex(stored, by_address=self._is_contacts)
        self._found = Comparison(before=stored.addresses)
        self._wanted: dict[int, list[tuple[str, str]]] = defaultdict(list)
        self._unsaid: dict[int, set[str]] = defaultdict(set)
        self._person_of: dict[int, Person] = {}
        self._rows: list[tuple[Entry, Mandate, Verb, list[str], list[str]]] = []

    def compare_organisation(self, key: OrganisationKey, entries: list[Entry]) -> None:
        """Find the mandate of each entry; end those that others hold now."""
        today = self._now.astimezone(zone_of(key, self._stored.organisations.get(key))).date()
        lasting = [m for m in self._stored.mandates[key] if not is_over(m, today)]
        holders, unmatched = self._match(entries, lasting)
        left = [mandate for mandate in lasting if id(mandate) not in holders]
        for mandate, entry in holders.values():
            self._compare_holder(mandate, entry, today)
        for entry in unmatched:
            self._add(entry, left, today)
        self._end_those_not_named(key, entries, unmatched, left, today)
        removed = self._found.edits.is_removed
        self._found.mandates[key] += [
            m for m in lasting if not removed(m) and not is_over(m, today)
        ]

    def compare_people(self) -> None:
        """Compare the addresses, once for each person however many hats, and write the lines."""
        columns = self._reading.address_columns
        texts: dict[int, list[str]] = {}
        doubts: dict[int, list[str]] = {}
        edits = self._found.edits
        for key, wanted in self._wanted.items():
            person = self._person_of[key]
            before = self._stored.addresses[person.pk] if person.pk else []
            unsaid = self._unsaid[key]
            own = {kind: room for kind, room in columns.items() if kind not in unsaid}
            found = compare_addresses(person, wanted, before, own)
            edits.add(*found.added)
            edits.change(*found.changed)
            edits.remove(*found.removed)
            texts[key] = found.texts
            doubts[key] = list(self._doubts(person, [*found.added, *found.changed]))
            gone = {id(address) for address in found.removed}
            self._found.addresses[key] = [
                (address.kind, address.value)
                for address in (*before, *found.added)
                if id(address) not in gone
            ]
        for entry, mandate, verb, details, warnings in self._rows:
            details = [*details, *texts.get(id(mandate.person), ())]
            if verb is Verb.UNCHANGED and details:
                verb = Verb.CHANGED
            found_doubts = doubts.get(id(mandate.person), [])
            said = [*warnings, *found_doubts]
            self._say(entry, mandate, verb, details, said, is_doubtful=bool(found_doubts))

    def result(self) -> Comparison:
        """Return the comparison, its lines in the order of the list."""
        self._found.outcomes.sort(key=lambda outcome: outcome.line)
        return self._found

    def _doubts(self, person: Person, brought: Iterable[Address]) -> Iterator[str]:
        """Say which addresses somebody corrected since, or are known to fail."""
        for address in brought:
            key = (address.kind, address.value)
            is_new = address._state.adding
            if is_new and person.pk and key in self._stored.corrected[person.pk]:
                yield f"{address.value} a été corrigé ou retiré depuis par quelqu’un"
            if key in self._stored.failing and (is_new or address.position == 1):
                yield f"{address.value} est en échec"

    def _match(
        self, entries: list[Entry], lasting: list[Mandate]
    ) -> tuple[dict[int, tuple[Mandate, Entry]], list[Entry]]:
        """Return the mandates that entries describe, and the entries of nobody who is there."""
        holders: dict[int, tuple[Mandate, Entry]] = {}
        unmatched = []
        for entry in entries:
            free = [m for m in lasting if m.function == entry.function and id(m) not in holders]
            found = [m for m in free if same_holder(entry, m.person)]
            if self._is_contacts and not found:
                found = [m for m in free if m.rank == entry.rank and is_named_now(entry, m.person)]
            found.sort(key=lambda mandate: mandate.rank != entry.rank)
            if found:
                holders[id(found[0])] = (found[0], entry)
            else:
                unmatched.append(entry)
        return holders, unmatched

    def _compare_holder(self, mandate: Mandate, entry: Entry, today: date) -> None:
        if self._stored.addresses[mandate.person_id] and self._is_unreachable(entry):
            return
        values = new_values(mandate, entry, today, self._election)
        start = values.get("starts_on", mandate.starts_on)
        if entry.ends_on and isinstance(start, date) and entry.ends_on < start:
            reason = (
                f"le dernier jour ({format_day(entry.ends_on)}) est avant le premier, connu de "
                f"l’annuaire ({format_day(start)}) : corrigez l’un des deux"
            )
            self._found.faults.append(Fault(entry.line, (reason,)))
            return
        self._people.add(entry, mandate.person)
        details = [*self._renamed(mandate.person, entry), *changed(mandate, values)]
        if details:
            self._found.edits.change(mandate)
        if mandate.starts_on and mandate.starts_on > today:
            self._found.not_yet.append(entry.line)
        self._row(entry, mandate, Verb.UNCHANGED, details)

    def _is_unreachable(self, entry: Entry) -> bool:
        """Refuse a row of the operator's without any address; a public list may have none."""
        if entry.addresses or not self._is_contacts:
            return False
        self._found.faults.append(Fault(entry.line, (_NO_ADDRESS,)))
        return True

    def _renamed(self, person: Person, entry: Entry) -> list[str]:
        """Take the operator's spelling of a name; a public list only adds a form of address."""
        values = {"civility": entry.civility} if entry.civility else {}
        if self._is_contacts:
            values |= {"last_name": entry.last_name, "first_name": entry.first_name}
        elif person.civility:
            values = {}
        details = changed(person, values)
        if details:
            self._found.edits.change(person)
        return details

    def _add(self, entry: Entry, left: list[Mandate], today: date) -> None:
        """Add a mandate, and end that of whoever held the post."""
        if self._is_unreachable(entry):
            return
        if entry.question:
            self._found.faults.append(Fault(entry.line, (entry.question,)))
            return
        before = [
            mandate
            for mandate in left
            if mandate.function == entry.function
            and (mandate.function in SINGLE or self._has_same_post(mandate, entry))
        ]
        start = entry.starts_on or (today if before else None)
        warnings = []
        for mandate in before:
            if start and mandate.starts_on and mandate.starts_on > start:
                left.remove(mandate)
                self._kept(entry, mandate)
                return
        for mandate in before:
            left.remove(mandate)
            if not self._end(entry, mandate, (start or today) - A_DAY):
                return
            warnings.append(self._succession(entry, mandate.person))
        person = self._people.find(entry)
        details = self._renamed(person, entry) if person else []
        person = person or self._new_person(entry)
        self._end_as_deputy(entry, person, left, (start or today) - A_DAY)
        mandate = Mandate(
            person=person,
            organisation=self._organisation(entry),
            function=entry.function,
            rank=entry.rank,
            starts_on=start,
            ends_on=entry.ends_on,
            origin=self._reading.origin,
        )
        self._people.add(entry, person)
        self._found.edits.add(mandate)
        self._found.mandates[entry.organisation].append(mandate)
        if before and not self._is_contacts and not self._reading.is_whole_council:
            warnings += self._unconfirm_elected_with(entry, left)
        self._row(entry, mandate, Verb.NEW, [entry_name(entry), *details], warnings)

    def _end_as_deputy(self, entry: Entry, person: Person, left: list[Mandate], day: date) -> None:
        """End the mandate as a deputy of whoever is elected mayor."""
        function = _ELECTED_WITH.get(Function(entry.function))
        for mandate in [m for m in left if m.function == function and m.person is person]:
            left.remove(mandate)
            self._end(entry, mandate, day)

    def _succession(self, entry: Entry, former: Person) -> str:
        own = {value for _, value in entry.addresses}
        aside = [a for a in self._stored.addresses[former.pk] if a.value not in own]
        numbers = ", dont les numéros et adresses ne servent plus" if aside else ""
        return f"prend la suite {with_de(former.name or 'quelqu’un sans nom')}{numbers}"

    def _has_same_post(self, mandate: Mandate, entry: Entry) -> bool:
        """Return whether the operator's list means the same post; town halls have one beside."""
        return (
            self._is_contacts and mandate.rank == entry.rank and mandate.origin != Origin.ANNUAIRE
        )

    def _kept(self, entry: Entry, mandate: Mandate) -> None:
        """Leave whoever is there since a later day than the list says of another."""
        since = format_day(mandate.starts_on)
        warning = (
            f"{entry_name(entry)} laissé de côté : {mandate.person.name or 'le contact en place'} "
            f"est là depuis le {since}, après la date du fichier"
        )
        self._say(entry, mandate, Verb.UNCHANGED, [], [warning])

    def _end(self, entry: Entry, mandate: Mandate, day: date) -> bool:
        """End a mandate on a day; return whether that is possible."""
        if mandate.starts_on and mandate.starts_on > day:
            if not self._is_contacts:
                reason = (
                    f"{mandate.person.name} occupe déjà ce poste depuis le même jour "
                    f"({format_day(mandate.starts_on)}) : corrigez l’un des deux"
                )
                self._found.faults.append(Fault(entry.line, (reason,)))
                return False
            # Entered today and corrected today: it never held.
            self._found.edits.remove(mandate)
        elif mandate.ends_on is None or mandate.ends_on > day:
            mandate.ends_on = day
            self._found.edits.change(mandate)
        self._say(entry, mandate, Verb.ENDED, [mandate.person.name, f"au {format_day(day)}"])
        return True

    def _end_those_not_named(
        self,
        key: OrganisationKey,
        entries: list[Entry],
        new: list[Entry],
        left: list[Mandate],
        today: date,
    ) -> None:
        """End what a whole council does not name any more; leave what was entered by hand.

        Nobody is missed where a row is refused or left out: it may be theirs.
        """
        lines = {entry.function: entry.line for entry in reversed(entries)}
        starts = [entry.starts_on for entry in entries if entry.starts_on]
        for mandate in left:
            is_of_council = (
                self._reading.is_whole_council
                and mandate.function in lines
                and key not in self._reading.incomplete
            )
            day = last_day(mandate, new, today)
            if (
                not is_of_council
                or mandate.origin != Origin.RNE
                or day is None
                or (mandate.starts_on and starts and mandate.starts_on > max(starts))
            ):
                self._found.not_named.append(mandate)
                continue
            mandate.ends_on = day
            self._found.edits.change(mandate)
            details = (mandate.person.name, f"au {format_day(day)}", "n’est plus dans la liste")
            outcome = Outcome(lines[mandate.function], Verb.ENDED, describe_post(mandate), details)
            self._found.outcomes.append(outcome)

    def _unconfirm_elected_with(self, entry: Entry, left: Iterable[Mandate]) -> Iterator[str]:
        """Have the deputies of a former mayor confirmed: they were elected with him."""
        function = _ELECTED_WITH.get(Function(entry.function))
        doubtful = [m for m in left if m.function == function and m.is_confirmed]
        for mandate in doubtful:
            mandate.is_confirmed = False
            self._found.edits.change(mandate)
        if doubtful:
            yield f"à confirmer, élus avec le précédent (CGCT L2122-10) : {len(doubtful)}"

    def _new_person(self, entry: Entry) -> Person:
        person = Person(
            is_service=entry.is_service,
            civility=entry.civility,
            last_name=entry.last_name,
            first_name=entry.first_name,
        )
        self._found.edits.add(person)
        return person

    def _organisation(self, entry: Entry) -> Organisation:
        kind, code = entry.organisation
        known = self._stored.organisations.get(entry.organisation)
        if known is None:
            known = Organisation(kind=kind, code=code, name=entry.organisation_name)
            self._stored.organisations[entry.organisation] = known
        return known

    def _row(
        self,
        entry: Entry,
        mandate: Mandate,
        verb: Verb,
        details: list[str],
        warnings: Iterable[str] = (),
    ) -> None:
        key = id(mandate.person)
        self._person_of[key] = mandate.person
        if mandate.person.pk:
            self._found.lines[mandate.person.pk].append(entry.line)
        self._wanted[key] += entry.addresses
        self._unsaid[key] |= entry.unsaid
        self._rows.append((entry, mandate, verb, details, [*entry.warnings, *warnings]))

    def _say(
        self,
        entry: Entry,
        mandate: Mandate,
        verb: Verb,
        details: Iterable[str],
        warnings: Iterable[str] = (),
        *,
        is_doubtful: bool = False,
    ) -> None:
        said = tuple(filter(None, details))
        post = describe_post(mandate)
        outcome = Outcome(entry.line, verb, post, said, tuple(warnings), is_doubtful)
        self._found.outcomes.append(outcome)


def entry_name(entry: Entry) -> str:
    """Return the name as one says it."""
    return f"{entry.first_name} {entry.last_name}".strip() or "sans nom"
