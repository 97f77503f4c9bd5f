"""What the directory knows of the organisations that a list names, read at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from notifier.directory.changes import REMOVED
from notifier.directory.imports.entries import OrganisationKey
from notifier.directory.models import Address, ChangeKind, Mandate, Organisation, Person

# By which a person, not a list, changed an address.
_BY_PEOPLE = (ChangeKind.HAND, ChangeKind.CONFIRMATION)
# Above this many codes their whole range is read: a statement holds only so many.
_MAX_CODES = 500


@dataclass
class Stored:
    """Mandates by organisation, past ones too; their people's addresses, in their order."""

    mandates: dict[OrganisationKey, list[Mandate]] = field(
        default_factory=lambda: defaultdict(list)
    )
    addresses: dict[int, list[Address]] = field(default_factory=lambda: defaultdict(list))
    organisations: dict[OrganisationKey, Organisation] = field(default_factory=dict)
    corrected: dict[int, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    """Kind and value of the addresses that somebody corrected or removed, by their person."""
    failing: set[tuple[str, str]] = field(default_factory=set)
    """Kind and value of every address that fails, whoever has it."""

    def people(self) -> Iterator[Person]:
        """Yield each person once."""
        seen: set[int] = set()
        for mandates in self.mandates.values():
            for mandate in mandates:
                if mandate.person_id not in seen:
                    seen.add(mandate.person_id)
                    yield mandate.person


def read_stored(organisations: Collection[OrganisationKey], *, lock: bool = False) -> Stored:
    """Return what is stored of the organisations; three statements for each kind of them.

    `lock`: nobody else changes the mandates until the caller's transaction ends.
    """
    stored = Stored()
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, code in organisations:
        by_kind[kind].append(code)
    people: dict[int, Person] = {}
    for kind, codes in by_kind.items():
        of_these = Organisation.objects.filter(_those(kind, sorted(codes)))
        found = {one.pk: one for one in of_these}
        stored.organisations |= {(one.kind, one.code): one for one in found.values()}
        of_kind = Mandate.objects.filter(_those(kind, sorted(codes), "organisation__"))
        for mandate in _locked(of_kind.select_related("person"), lock=lock):
            mandate.organisation = found[mandate.organisation_id]
            # One object for a person with two hats: what changes of one changes of the other.
            mandate.person = people.setdefault(mandate.person_id, mandate.person)
            stored.mandates[kind, mandate.organisation.code].append(mandate)
        owned = Address.objects.filter(person__in=of_kind.values("person"))
        for address in owned.order_by("position", "id"):
            known = stored.addresses[address.person_id]
            if address not in known:
                known.append(address)
    return stored


def read_doubts(stored: Stored) -> None:
    """Read which addresses a list had better not bring back; two statements."""
    people = {person.pk for person in stored.people()}
    history = Address.history.model.objects
    touched = history.filter(change__kind__in=_BY_PEOPLE)
    if len(people) <= _MAX_CODES:
        touched = touched.filter(person__in=people)
    rows = history.filter(id__in=touched.values("id")).order_by("history_id")
    before: dict[int, tuple[str, str]] = {}
    for pk, person_id, kind, value, verb, by in rows.values_list(
        "id", "person_id", "kind", "value", "history_type", "change__kind"
    ):
        was = before.get(pk)
        if was and by in _BY_PEOPLE and (verb == REMOVED or was != (kind, value)):
            stored.corrected[person_id].add(was)
        before[pk] = (kind, value)
    failing = Address.objects.filter(failing_since__isnull=False)
    stored.failing |= set(failing.values_list("kind", "value"))


def _locked(mandates: QuerySet[Mandate], *, lock: bool) -> QuerySet[Mandate]:
    rows = mandates.order_by("id")
    return rows.select_for_update(of=("self",)) if lock else rows


def _those(kind: str, codes: list[str], prefix: str = "") -> Q:
    where = (
        {f"{prefix}code__in": codes}
        if len(codes) <= _MAX_CODES
        else {f"{prefix}code__range": (codes[0], codes[-1])}
    )
    return Q(**{f"{prefix}kind": kind}, **where)
