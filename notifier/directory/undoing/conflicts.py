"""Which rows of a change stay: those changed since, and all that hangs together with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from notifier.directory.changes import OF_PEOPLE, Row
from notifier.directory.models import (
    Absence,
    Address,
    Mandate,
    OnCallRotation,
    OnCallShift,
    Person,
    Preferences,
)
from notifier.directory.undoing.steps import Step, batches
from notifier.directory.undoing.words import label

_PLANNED = (Absence, OnCallShift)
# Which columns of a row name another one that must be there, and what is said where it is not.
_NAMED: dict[type[Row], tuple[tuple[str, type[Row]], ...]] = {
    Mandate: (("person_id", Person),),
    Address: (("person_id", Person),),
    Preferences: (("person_id", Person),),
    Absence: (("mandate_id", Mandate), ("stand_in_id", Mandate)),
    OnCallShift: (("mandate_id", Mandate), ("rotation_id", OnCallRotation)),
}
# What the database holds each once of, by these columns.
_ONCE: dict[type[Address | Preferences], tuple[str, ...]] = {
    Address: ("person_id", "kind", "value"),
    Preferences: ("person_id",),
}
_GONE: dict[type[Row], str] = {
    Person: "la personne n’existe plus",
    Mandate: "le mandat n’existe plus",
    OnCallRotation: "le roulement n’existe plus",
}


def find_conflicts(steps: list[Step], now: datetime) -> None:
    """Mark the steps whose rows were changed since, or that others hang on since."""
    own: dict[type[Row], set[int]] = defaultdict(set)
    for step in steps:
        own[step.model].add(step.pk)
    for step in steps:
        if step.after is None:
            if step.now is not None:
                step.conflict = f"{label(step)} : rétabli depuis"
        elif step.now is None:
            step.conflict = f"{label(step)} : supprimé depuis" if step.before else ""
        elif step.is_changed_since():
            step.conflict = f"{label(step)} : changé depuis"
    _mark_dependents(steps, own)
    planned = [s for s in steps if s.model in _PLANNED and not s.conflict]
    _mark_past(planned, now)
    _mark_without_holder([s for s in steps if s.before and not s.conflict], own)
    _mark_entered_again([s for s in steps if s.before and not s.now and not s.conflict], own)
    _mark_overlaps([s for s in planned if s.before and not s.conflict], own)


def _mark_dependents(steps: list[Step], own: dict[type[Row], set[int]]) -> None:
    """Mark new people who have got other mandates or addresses since, mandates with shifts."""
    new = [s for s in steps if s.before is None and s.now is not None and not s.conflict]
    people = {s.pk: s for s in new if s.model is Person}
    mandates = {s.pk: s for s in new if s.model is Mandate}
    for ids in batches(list(people)):
        for model in (Mandate, *OF_PEOPLE):
            others = model.objects.filter(person__in=ids).values_list("person_id", "pk")
            for person_id, pk in others:
                if pk not in own[model]:
                    people[person_id].conflict = f"{label(people[person_id])} : complété depuis"
    for ids in batches(list(mandates)):
        for planned in _PLANNED:
            held = planned.objects.filter(mandate__in=ids).values_list("mandate_id", flat=True)
            for pk in held.distinct():
                step = mandates[pk]
                step.conflict = f"{label(step)} : astreinte ou absence saisie depuis"


def _mark_past(steps: list[Step], now: datetime) -> None:
    """Mark what is over, as it was and as it became: who was told then stays to be seen."""
    for step in steps:
        if all(row is None or row.ends_at <= now for row in (step.before, step.after)):
            step.conflict = f"{label(step)} : c’est du passé"


def _mark_without_holder(steps: list[Step], own: dict[type[Row], set[int]]) -> None:
    """Mark what would come back and names a mandate or a rotation that is gone since."""
    for model, columns in _NAMED.items():
        for column, named in columns:
            naming = [(s, getattr(s.before, column)) for s in steps if s.model is model]
            there = set(own[named])
            for ids in batches([pk for _, pk in naming if pk]):
                found = named._default_manager.filter(pk__in=ids)
                there |= set(found.values_list("pk", flat=True))
            for step, pk in naming:
                if pk and pk not in there:
                    step.conflict = f"{label(step)} : {_GONE[named]}"


def _mark_entered_again(steps: list[Step], own: dict[type[Row], set[int]]) -> None:
    """Mark what would come back beside another row of which there is one at a time."""
    for model, columns in _ONCE.items():
        back = [s for s in steps if s.model is model]
        there: set[tuple[object, ...]] = set()
        for ids in batches([s.before.person_id for s in back]):
            rows = model._default_manager.filter(person__in=ids)
            there |= {
                tuple(key) for pk, *key in rows.values_list("pk", *columns) if pk not in own[model]
            }
        for step in back:
            if tuple(getattr(step.before, column) for column in columns) in there:
                step.conflict = f"{label(step)} : saisi de nouveau depuis"


def _mark_overlaps(steps: list[Step], own: dict[type[Row], set[int]]) -> None:
    """Mark what would come back where somebody entered another one since."""
    for model, column in ((Absence, "mandate_id"), (OnCallShift, "organisation_id")):
        back = [s for s in steps if s.model is model]
        if not back:
            continue
        first = min(s.before.starts_at for s in back)
        others = _others(model, column, {getattr(s.before, column) for s in back}, first)
        for step in back:
            row = step.before
            if any(
                starts < row.ends_at and ends > row.starts_at and pk not in own[model]
                for pk, starts, ends in others[getattr(row, column)]
            ):
                step.conflict = f"{label(step)} : une autre y est saisie depuis"


def _others(
    model: type[Absence] | type[OnCallShift], column: str, keys: set[int], first: datetime
) -> dict[int, list[tuple[int, datetime, datetime]]]:
    found: dict[int, list[tuple[int, datetime, datetime]]] = defaultdict(list)
    for ids in batches(list(keys)):
        rows: QuerySet[Any] = model._default_manager.filter(
            **{f"{column}__in": ids}, ends_at__gt=first
        )
        for key, *period in rows.values_list(column, "pk", "starts_at", "ends_at"):
            found[key].append((period[0], period[1], period[2]))
    return found


def kept_together(steps: list[Step]) -> set[int]:
    """Return the steps, by `id()`, that stay: those in conflict and all that hang on them."""
    groups = _Groups()
    for step in steps:
        for node in _nodes(step):
            groups.join(("step", id(step)), node)
    kept = {groups.find(("step", id(step))) for step in steps if step.conflict}
    return {id(step) for step in steps if groups.find(("step", id(step))) in kept}


def _nodes(step: Step) -> Iterator[tuple[str, int]]:
    """Yield the person, the organisation, the mandates that a row belongs to, before and after."""
    if step.model is Person or step.model in OF_PEOPLE:
        yield "person", step.pk if step.model is Person else step.row.person_id
    if step.model is Mandate:
        yield "person", step.row.person_id
        yield "mandate", step.pk
    if step.model in (Mandate, OnCallRotation, OnCallShift):
        yield "organisation", step.row.organisation_id
    if step.model in _PLANNED:
        yield from _mandates(row for row in (step.before, step.after) if row)


def _mandates(rows: Iterable[Any]) -> Iterator[tuple[str, int]]:
    for row in rows:
        yield "mandate", row.mandate_id
        if stand_in := getattr(row, "stand_in_id", None):
            yield "mandate", stand_in


@dataclass
class _Groups:
    """Which nodes hang together (union-find)."""

    parents: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)

    def find(self, node: tuple[str, int]) -> tuple[str, int]:
        while (parent := self.parents.setdefault(node, node)) != node:
            self.parents[node] = node = self.parents[parent]
        return node

    def join(self, one: tuple[str, int], other: tuple[str, int]) -> None:
        self.parents[self.find(one)] = self.find(other)
