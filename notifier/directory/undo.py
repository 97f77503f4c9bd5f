"""Take a change of the directory back, except what was changed since.

What hangs together is taken back together or not at all: where a mandate was changed since, the
mandate that it followed stays ended too, or an organisation would have two mayors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from notifier.directory.allowed import EVERYTHING, AllowedOrganisations, touches_only
from notifier.directory.changes import (
    ADDED,
    MODELS,
    REMOVED,
    Edits,
    Row,
    last_history,
    lock_directory,
    start_change,
    write,
)
from notifier.directory.history_words import value_words
from notifier.directory.imports.phrases import describe_post
from notifier.directory.models import (
    MAX_FAILURES,
    Absence,
    Address,
    AddressKind,
    Change,
    ChangeKind,
    Mandate,
    OnCallShift,
    Person,
)
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

_BATCH = 1_000
# How often it is worked out anew because others changed the directory meanwhile.
_MAX_TRIES = 3
# Of a dry run; who takes back thousands of rows looks at some.
_MAX_SAID = 50


class UndoError(ValueError):
    """A change that cannot be taken back; the message, in French, says why."""


@dataclass
class UndoSummary:
    """What was taken back, and what stays because it was changed since, in French."""

    change: int | None
    undone: int
    kept: list[str]
    first: list[str] = field(default_factory=list)
    """In a dry run: what becomes of the first of the rows."""
    unreached: int = 0
    """In a dry run: how many organisations that reach somebody now would reach nobody."""


@dataclass
class _Step:
    """What one row went through in the change: how it stood before and after; None: not there."""

    model: type[Row]
    pk: int
    before: Any
    after: Any
    now: Row | None = None
    conflict: str = ""

    def fields(self) -> list[str]:
        """Return the fields that the change touched."""
        names = _tracked(self.model)
        return [n for n in names if getattr(self.before, n) != getattr(self.after, n)]


def undo(
    number: int,
    author: str,
    *,
    dry_run: bool = False,
    allowed: AllowedOrganisations = EVERYTHING,
) -> UndoSummary:
    """Take a change back, in one transaction.

    `allowed`: a change that touched another organisation, or whom one of them tells, is not taken
    back. Raises UndoError.
    """
    for _ in range(_MAX_TRIES):
        state = last_history()
        change = _undoable(number)
        if not touches_only(change, allowed):
            raise UndoError(
                f"le changement n° {number} touche aussi des organismes hors de votre périmètre : "
                "seul qui les administre tous peut l’annuler"
            )
        steps = [step for model in MODELS for step in _steps(model, change)]
        if not steps:
            raise UndoError(
                f"le changement n° {number} ne porte sur aucune personne, aucun mandat, aucune "
                "adresse : une absence ou une astreinte se corrige au calendrier de l’organisme, "
                "ou par « notifier absence » et « notifier on-call » ; un organisme à sa page, "
                "ou par « notifier organisation »"
            )
        _find_conflicts(steps)
        kept = _kept_together(steps)
        edits = _edits(step for step in steps if id(step) not in kept)
        summary = UndoSummary(
            None, len(steps) - len(kept), [step.conflict for step in steps if step.conflict]
        )
        if dry_run:
            back = [step for step in steps if id(step) not in kept]
            summary.first = list(islice(_sentences(back), _MAX_SAID))
            summary.unreached = _left_without_anybody(back)
        if dry_run or not edits:
            return summary
        with transaction.atomic():
            lock_directory()
            if last_history() == state:
                summary.change = _write(change, edits, author, summary.undone, len(kept))
                return summary
    raise UndoError("l’annuaire est en train de changer : recommencez dans un moment")


def _undoable(number: int) -> Change:
    change = Change.objects.filter(pk=number).first()
    if change is None:
        raise UndoError(f"aucun changement n° {number} : voir « notifier directory history »")
    if other := Change.objects.filter(undoes=change).first():
        raise UndoError(f"le changement n° {number} est déjà annulé, par le n° {other.pk}")
    return change


def _write(change: Change, edits: Edits, author: str, undone: int, kept: int) -> int:
    """Write what is taken back, in the caller's transaction; return the number of that change."""
    counts = {"undone": undone, "kept": kept}
    undoing = start_change(ChangeKind.UNDO, author, counts=counts, undoes=change)
    write(edits, undoing)
    text = f"annuaire : changement n° {change.pk} annulé par {author}"
    write_entries([new_entry(None, Step.DIRECTORY, text, change=undoing.pk, counts=counts)])
    return undoing.pk


def _steps(model: type[Row], change: Change) -> Iterator[_Step]:
    """Yield each row that the change touched, as it stood before, after, and now."""
    history = model.history.model.objects
    of_change = history.filter(change=change).order_by("history_id")
    rows: dict[int, list[Any]] = defaultdict(list)
    for row in of_change:
        rows[row.id].append(row)
    first = next(iter(rows.values()))[0].history_id if rows else 0
    before: dict[int, Any] = {}
    now: dict[int, Row] = {}
    for ids in _batches(list(rows)):
        # The last one before the change is how the row stood.
        earlier = history.filter(id__in=ids, history_id__lt=first).order_by("history_id")
        before |= {row.id: row for row in earlier}
        now |= model._default_manager.in_bulk(ids)
    for pk, of_row in rows.items():
        was = None if of_row[0].history_type == ADDED else before.get(pk, of_row[0])
        after = None if of_row[-1].history_type == REMOVED else of_row[-1]
        yield _Step(model, pk, was, after, now.get(pk))


def _find_conflicts(steps: list[_Step]) -> None:
    """Mark the steps whose rows were changed since, or that others hang on since."""
    own: dict[type[Row], set[int]] = defaultdict(set)
    for step in steps:
        own[step.model].add(step.pk)
    for step in steps:
        if step.after is None:
            if step.now is not None:
                step.conflict = f"{_label(step)} : rétabli depuis"
        elif step.now is None:
            step.conflict = f"{_label(step)} : supprimé depuis" if step.before else ""
        elif any(
            getattr(step.now, name) != getattr(step.after, name)
            for name in (step.fields() if step.before else _tracked(step.model))
        ):
            step.conflict = f"{_label(step)} : changé depuis"
    _mark_dependents(steps, own)


def _mark_dependents(steps: list[_Step], own: dict[type[Row], set[int]]) -> None:
    """Mark new people who have got other mandates or addresses since, mandates with shifts."""
    new = [s for s in steps if s.before is None and s.now is not None and not s.conflict]
    people = {s.pk: s for s in new if s.model is Person}
    mandates = {s.pk: s for s in new if s.model is Mandate}
    for ids in _batches(list(people)):
        for model in (Mandate, Address):
            others = model.objects.filter(person__in=ids).values_list("person_id", "pk")
            for person_id, pk in others:
                if pk not in own[model]:
                    people[person_id].conflict = f"{_label(people[person_id])} : complété depuis"
    for ids in _batches(list(mandates)):
        for planned in (OnCallShift, Absence):
            held = planned.objects.filter(mandate__in=ids).values_list("mandate_id", flat=True)
            for pk in held.distinct():
                step = mandates[pk]
                step.conflict = f"{_label(step)} : astreinte ou absence saisie depuis"


def _kept_together(steps: list[_Step]) -> set[int]:
    """Return the steps, by `id()`, that stay: those in conflict and all that hang on them."""
    groups = _Groups()
    for step in steps:
        for node in _nodes(step):
            groups.join(("step", id(step)), node)
    kept = {groups.find(("step", id(step))) for step in steps if step.conflict}
    return {id(step) for step in steps if groups.find(("step", id(step))) in kept}


def _nodes(step: _Step) -> Iterator[tuple[str, int]]:
    """Yield the person and the organisation that a row belongs to."""
    row = step.after or step.before
    yield "person", step.pk if step.model is Person else row.person_id
    if step.model is Mandate:
        yield "organisation", row.organisation_id


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


def _edits(steps: Iterable[_Step]) -> Edits:
    edits = Edits()
    for step in steps:
        if step.before is None:
            if step.now is not None:
                edits.remove(step.now)
        elif step.after is None:
            values = {name: getattr(step.before, name) for name in _tracked(step.model)}
            edits.add(step.model(**values))
        elif step.now is not None and (names := step.fields()):
            for name in names:
                setattr(step.now, name, getattr(step.before, name))
            edits.change(step.now)
    return edits


@cache
def _tracked(model: type[Row]) -> list[str]:
    return [one.attname for one in model.history.model.tracked_fields]


def _left_without_anybody(steps: list[_Step]) -> int:
    """Count the organisations that would have nobody with an address; some statements a batch."""
    today = timezone.localdate()
    lost = {s.model: set[int]() for s in steps} | {Mandate: set[int](), Address: set[int]()}
    for step in steps:
        if step.before is None and step.now is not None:
            lost[step.model].add(step.pk)
    addresses = [s for s in steps if s.model is Address]
    mandates = [s for s in steps if s.model is Mandate]
    reached = {s.before.person_id for s in addresses if s.after is None}
    kept = {
        s.before.organisation_id
        for s in mandates
        if s.before and (s.before.ends_on is None or s.before.ends_on >= today)
    }
    concerned = {s.after.organisation_id for s in mandates if s.pk in lost[Mandate]}
    for ids in _batches([s.after.person_id for s in addresses if s.pk in lost[Address]]):
        theirs = Mandate.objects.filter(person__in=ids)
        concerned |= set(theirs.values_list("organisation_id", flat=True))
    before: set[int] = set()
    after = set(kept)
    lasting = (Q(starts_on=None) | Q(starts_on__lte=today)) & (
        Q(ends_on=None) | Q(ends_on__gte=today)
    )
    for ids in _batches(list(concerned)):
        rows = Mandate.objects.filter(
            lasting, organisation__in=ids, person__addresses__opted_out_at=None,
            person__addresses__failures__lt=MAX_FAILURES,
        )  # fmt: skip
        for organisation_id, pk, person_id, address_id in rows.values_list(
            "organisation_id", "pk", "person_id", "person__addresses"
        ):
            before.add(organisation_id)
            if pk not in lost[Mandate] and (
                address_id not in lost[Address] or person_id in reached
            ):
                after.add(organisation_id)
    return len(before - after)


def _sentences(steps: list[_Step]) -> Iterator[str]:
    """Yield what becomes of the rows; a number that another replaced is said together with it."""
    swapped: dict[tuple[int, str], list[_Step]] = defaultdict(list)
    for step in steps:
        if step.model is Address and (step.before is None or step.after is None):
            row = step.before or step.after
            swapped[row.person_id, row.kind].append(step)
    for step in steps:
        row = step.before or step.after
        group = swapped.get((row.person_id, row.kind), []) if step.model is Address else []
        gone = [one.after.value for one in group if one.before is None]
        back = [one.before.value for one in group if one.after is None]
        if step not in group or not gone or not back:
            yield _said(step)
        elif step is group[0]:
            kind = AddressKind(row.kind).label
            yield f"{_owner(step)} : {kind} {', '.join(gone)} → {', '.join(back)}"


def _owner(step: _Step) -> str:
    """Return whose an address is, though the person may be deleted since."""
    pk = (step.after or step.before).person_id
    person = Person.objects.filter(pk=pk).first()
    last = Person.history.model.objects.filter(id=pk).order_by("history_id").last()
    found: Any = person or last
    name = f"{found.first_name} {found.last_name}".strip() if found else ""
    return name or f"personne n° {pk}"


def _said(step: _Step) -> str:
    """Return what becomes of a row when its change is taken back, in French."""
    if step.before is None:
        what = "retiré"
    elif step.after is None:
        what = "rétabli"
    else:
        fields = [step.model._meta.get_field(name) for name in step.fields()]
        what = " ; ".join(
            f"{one.verbose_name} {value_words(one, getattr(step.after, one.attname))} → "  # type: ignore[union-attr] # columns
            f"{value_words(one, getattr(step.before, one.attname))}"  # type: ignore[union-attr] # columns
            for one in fields
        )
    return f"{_label(step)} : {what}"


def _label(step: _Step) -> str:
    """Return who or what a row is, in French."""
    row: Any = step.now or step.after or step.before
    if step.model is Person:
        return f"{row.first_name} {row.last_name}".strip() or f"personne n° {step.pk}"
    if step.model is Address:
        return f"{_owner(step)}, {AddressKind(row.kind).label} {row.value}"
    mandate = Mandate.objects.select_related("organisation", "person").filter(pk=step.pk).first()
    if mandate is None:
        return f"mandat n° {step.pk}"
    return f"{describe_post(mandate)}, {mandate.person.name or 'sans nom'}"


def _batches(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]
