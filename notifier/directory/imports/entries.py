"""One row of any list, in one form: who holds which function where, and how they are reached."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from notifier.directory.imports.table import Fault

OrganisationKey: TypeAlias = tuple[str, str]
"""Kind and code: ("commune", "90033"), ("epci", "200069052")."""
Post: TypeAlias = tuple[OrganisationKey, str, int]
"""Organisation, function and rank."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A valid row. Never a date of birth, a profession, or a sex beyond the form of address."""

    line: int
    """Line of the table, or number of the record; from 1."""
    organisation: OrganisationKey
    function: str
    rank: int
    """0: the list does not say, and whoever has a rank comes first."""
    last_name: str
    first_name: str = ""
    civility: str = ""
    is_service: bool = False
    starts_on: date | None = None
    ends_on: date | None = None
    addresses: tuple[tuple[str, str], ...] = ()
    """Kind and value, in order, within what the list's format knows."""
    unsaid: frozenset[str] = frozenset()
    """Kinds of which the row says nothing, though the list has columns for them."""
    organisation_name: str = ""
    home_commune: str = ""
    """Code of the commune whose council the person sits on, for those of an EPCI."""
    former_code: str = ""
    """The commune's code in the list, where today another one takes its place."""
    warnings: tuple[str, ...] = ()
    question: str = ""
    """What the user must confirm if the person is new there, in French; usually empty."""
    is_repaired: bool = False
    """Whether the commune's code had lost its first zero."""
    is_rank_shared: bool = False
    """Whether a public list gives several people this rank: a person decides their order."""

    @property
    def post(self) -> Post:
        """What one person holds at a time, in lists that have one row for it."""
        return self.organisation, self.function, self.rank

    @property
    def name(self) -> tuple[str, str]:
        """Last and first name."""
        return self.last_name, self.first_name


class RowRefused(ValueError):
    """A row with at least one fault; `reasons` are all of them, in French, each with its cell.

    `post` is None when the faults are in the very cells that make it.
    """

    def __init__(self, *reasons: str, post: Post | None = None) -> None:
        super().__init__(" ; ".join(reasons))
        self.reasons = reasons
        self.post = post


class RowSkipped(Exception):
    """A row of somebody whom no alert concerns; `reason` counts them together."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Reading:
    """What a list says: its valid rows, and all that its reader must be told of the others."""

    format: str
    origin: str
    address_columns: dict[str, int]
    """How many addresses of a kind a row has room for: of these the list knows all."""
    is_whole_council: bool = False
    """Whether whoever of an organisation it does not name is no deputy any more."""
    entries: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    incomplete: set[OrganisationKey] = field(default_factory=set)
    """Organisations of which a row is refused or left out: it may be of whom nothing names."""
