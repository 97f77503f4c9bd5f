"""What an import does, row by row, and what it will write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from notifier.directory.changes import Edits
from notifier.directory.imports.entries import OrganisationKey
from notifier.directory.imports.table import Fault
from notifier.directory.models import Address, Mandate, Person


class Verb(StrEnum):
    """What a list does to a mandate."""

    NEW = "nouveau"
    CHANGED = "modifié"
    ENDED = "terminé"
    UNCHANGED = "inchangé"


@dataclass(frozen=True)
class Outcome:
    """What a row does, in French; `line` is that of the row that causes it."""

    line: int
    verb: Verb
    post: str
    details: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_doubtful: bool = False
    """Whether a preview leaves the row aside until somebody takes it."""

    def __str__(self) -> str:
        # What changes says so by itself: "mobile +336… → +336…".
        verb = () if self.verb is Verb.CHANGED and self.details else (self.verb.value,)
        warnings = (f"attention, {text}" for text in self.warnings)
        return f"ligne {self.line}, {self.post} : {' ; '.join((*verb, *self.details, *warnings))}"


@dataclass
class Comparison:
    """The outcome of every row, and the rows to write."""

    outcomes: list[Outcome] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    edits: Edits = field(default_factory=Edits)
    mandates: dict[OrganisationKey, list[Mandate]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Those that last or are to come in the organisations of the list, after it."""
    addresses: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    """Kind and value of the listed people's addresses after it, by `id()` of the person."""
    before: Mapping[int, Sequence[Address]] = field(default_factory=dict)
    """The addresses that are stored, by the person's number."""
    lines: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The rows that name a stored person, by the person's number."""
    not_named: list[Mandate] = field(default_factory=list)
    """Mandates of these organisations that the list does not name and leaves in place."""
    not_yet: list[int] = field(default_factory=list)
    """Lines of people whose mandate has not begun."""

    def addresses_of(self, person: Person) -> Sequence[tuple[str, str]]:
        """Return kind and value of a person's addresses after it."""
        if (listed := self.addresses.get(id(person))) is not None:
            return listed
        return [(address.kind, address.value) for address in self.before.get(person.pk, ())]

    def count(self, verb: Verb) -> int:
        """Return how many mandates are new, changed, ended, unchanged."""
        return sum(outcome.verb is verb for outcome in self.outcomes)
