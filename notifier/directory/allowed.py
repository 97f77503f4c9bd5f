"""The organisations that somebody may change: what a list or an undo of theirs may touch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from notifier.directory.changes import OF_PEOPLE, RECORDED
from notifier.directory.models import (
    Absence,
    Address,
    Change,
    Mandate,
    OnCallRotation,
    OnCallShift,
    Organisation,
    OrganisationRef,
    Person,
)
from notifier.directory.models.organisations import known_departement

_BATCH = 500


@dataclass(frozen=True)
class AllowedOrganisations:
    """Whole départements, and single organisations; those that have no row yet included."""

    departements: frozenset[str] = frozenset()
    refs: frozenset[OrganisationRef] = frozenset()
    is_everything: bool = False

    def __contains__(self, ref: object) -> bool:
        if self.is_everything or ref in self.refs:
            return True
        if not isinstance(ref, OrganisationRef):
            return False
        return known_departement(ref.kind, ref.code) in self.departements

    @classmethod
    def of(
        cls,
        departements: Iterable[str],
        organisations: Iterable[Organisation],
        *,
        is_everything: bool = False,
    ) -> AllowedOrganisations:
        """Return the allowed ones; those that a whole département covers need no mention."""
        whole = frozenset(departements)
        single = (one.ref for one in organisations)
        return cls(
            whole,
            frozenset(ref for ref in single if known_departement(*_parts(ref)) not in whole),
            is_everything,
        )

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {
            "departements": sorted(self.departements),
            "organisations": sorted(map(str, self.refs)),
            "is_everything": self.is_everything,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> AllowedOrganisations:
        """Read what `to_json` wrote."""
        return cls(
            frozenset(stored["departements"]),
            frozenset(map(OrganisationRef.parse, stored["organisations"])),
            stored["is_everything"],
        )


def people_told_elsewhere(people: Iterable[int], allowed: AllowedOrganisations) -> set[int]:
    """Return those of the people whose mandates, today's or to come, are not all allowed.

    What is written to them for one organisation reaches them for every other.
    """
    if allowed.is_everything:
        return set()
    return {person for person, ref in _told(people) if ref not in allowed}


def people_gone_elsewhere(people: Iterable[int], allowed: AllowedOrganisations) -> set[int]:
    """Return those of the people whom others tell, today or later, and no allowed one any more.

    A mandate that began again here would show where they are reached there.
    """
    if allowed.is_everything:
        return set()
    told = list(_told(people))
    staying = {person for person, ref in told if ref in allowed}
    return {person for person, _ in told} - staying


EVERYTHING = AllowedOrganisations(is_everything=True)


def touches_only(change: Change, allowed: AllowedOrganisations) -> bool:
    """Return whether a change concerned allowed organisations alone.

    Those of its mandates then and now, of its absences and its on-call, and those that tell its
    people today.
    """
    if allowed.is_everything:
        return True
    history = Mandate.history.model.objects.filter(change=change)
    absences = Absence.history.model.objects.filter(change=change).values("mandate_id")
    touched: set[int] = set()
    for rows in (
        history,
        Mandate.objects.filter(pk__in=history.values("id")),
        Mandate.history.model.objects.filter(id__in=absences),
        *(m.history.model.objects.filter(change=change) for m in (OnCallRotation, OnCallShift)),
    ):
        touched |= set(rows.values_list("organisation_id", flat=True).distinct())
    known = Organisation.objects.in_bulk(touched)
    # One that is gone was allowed to nobody whom this can be asked for.
    if any(pk not in known or known[pk].ref not in allowed for pk in touched):
        return False
    people = Person.history.model.objects.filter(change=change).values_list("id", flat=True)
    owners: set[int] = set()
    for model in OF_PEOPLE:
        rows = model.history.model.objects.filter(change=change)
        owners |= set(rows.values_list("person_id", flat=True))
    if people_told_elsewhere({*people, *owners}, allowed):
        return False
    holders = {*history.values_list("person_id", flat=True)}
    gone = people_gone_elsewhere(holders, allowed)
    # As before they left, they may come back; what became of them since is another's to know.
    rows = Address.history.model.objects.filter(person__in=gone, change__gt=change.pk)
    return not rows.exists()


def undoable_within(changes: Iterable[Change], organisations: QuerySet[Organisation]) -> set[int]:
    """Return those of the changes that could be taken back within these organisations, by number.

    Such a change touched recorded rows, none of another organisation, and still stands. One
    statement, for what to offer; `touches_only` asks more before anything is taken back.
    """
    recorded, others = Q(), Q()
    elsewhere = Mandate.history.model.objects.exclude(organisation__in=organisations)
    held_elsewhere = Exists(elsewhere.filter(id=OuterRef("mandate_id")))
    for model in RECORDED:
        rows = model.history.model.objects.filter(change=OuterRef("pk"))
        recorded |= Q(Exists(rows))
        if model in (Mandate, OnCallRotation, OnCallShift):
            others |= Q(Exists(rows.exclude(organisation__in=organisations)))
        elif model is Absence:
            others |= Q(Exists(rows.filter(held_elsewhere)))
    found = Change.objects.filter(recorded, pk__in=[one.pk for one in changes], undone_by=None)
    return set(found.exclude(others).values_list("pk", flat=True))


def _told(people: Iterable[int]) -> Iterator[tuple[int, OrganisationRef]]:
    """Yield the people, each with every organisation that tells them today or later."""
    for ids in _batches(sorted(people)):
        rows = Mandate.objects.filter(_lasting(), person__in=ids).values_list(
            "person_id", "organisation__kind", "organisation__code"
        )
        for person, kind, code in rows:
            yield person, OrganisationRef(kind, code)


def _lasting() -> Q:
    return Q(ends_on=None) | Q(ends_on__gte=timezone.localdate())


def _parts(ref: OrganisationRef) -> tuple[str, str]:
    return ref.kind, ref.code


def _batches(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]
