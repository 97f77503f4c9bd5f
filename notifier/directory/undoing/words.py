"""What becomes of the rows of a change that is taken back, in French."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from notifier.directory.history_words import holder_names, value_words
from notifier.directory.imports.phrases import describe_post
from notifier.directory.models import (
    Address,
    AddressKind,
    Mandate,
    OnCallRotation,
    Person,
    Preferences,
)
from notifier.directory.undoing.steps import Step


def sentences(steps: list[Step]) -> Iterator[str]:
    """Yield what becomes of the rows; a number that another replaced is said together with it."""
    swapped: dict[tuple[int, str], list[Step]] = defaultdict(list)
    for step in steps:
        if step.model is Address and (step.before is None or step.after is None):
            swapped[step.row.person_id, step.row.kind].append(step)
    for step in steps:
        row = step.row
        group = swapped.get((row.person_id, row.kind), []) if step.model is Address else []
        gone = [one.after.value for one in group if one.before is None]
        back = [one.before.value for one in group if one.after is None]
        if step not in group or not gone or not back:
            yield f"{label(step)} : {_said(step)}"
        elif step is group[0]:
            kind = AddressKind(row.kind).label
            yield f"{_owner(step)} : {kind} {', '.join(gone)} → {', '.join(back)}"


def label(step: Step) -> str:
    """Return who or what a row is."""
    row: Any = step.now or step.row
    if step.model is Person:
        return f"{row.first_name} {row.last_name}".strip() or f"personne n° {step.pk}"
    if step.model is Address:
        return f"{_owner(step)}, {AddressKind(row.kind).label} {row.value}"
    if step.model is Mandate:
        return _holder(step.pk)
    name = step.model._meta.verbose_name
    if step.model is Preferences:
        return f"{_owner(step)}, {step.model._meta.verbose_name_plural}"
    if step.model is OnCallRotation:
        return f"{name} du {row.starts_on:%d/%m/%Y}"
    return f"{_holder(row.mandate_id)}, {name}"


def _holder(pk: int) -> str:
    mandate = Mandate.objects.select_related("organisation", "person").filter(pk=pk).first()
    if mandate is None:
        return holder_names([pk]).get(pk) or f"mandat n° {pk}"
    return f"{describe_post(mandate)}, {mandate.person.name or 'sans nom'}"


def _owner(step: Step) -> str:
    """Return whose an address or a choice is, though the person may be deleted since."""
    pk = step.row.person_id
    person = Person.objects.filter(pk=pk).first()
    last = Person.history.model.objects.filter(id=pk).order_by("history_id").last()
    found: Any = person or last
    name = f"{found.first_name} {found.last_name}".strip() if found else ""
    return name or f"personne n° {pk}"


def _said(step: Step) -> str:
    if step.before is None:
        return "retiré"
    if step.after is None:
        return "rétabli"
    fields = [step.model._meta.get_field(name) for name in step.fields()]
    rows = (step.after, step.before)
    named = {
        getattr(row, one.attname)  # type: ignore[union-attr] # columns
        for row in rows
        for one in fields
        if one.related_model is Mandate
    }
    holders = holder_names(pk for pk in named if pk)
    zone = _zone(step)
    said = []
    for one in fields:
        after, before = (
            value_words(one, getattr(row, one.attname), zone, holders)  # type: ignore[union-attr] # columns
            for row in rows
        )
        said.append(f"{one.verbose_name} {after} → {before}")  # type: ignore[union-attr] # columns
    return " ; ".join(said)


def _zone(step: Step) -> ZoneInfo | None:
    """Return in which time the moments of a row are written: its organisation's."""
    pk = getattr(step.row, "mandate_id", None)
    mandate = Mandate.objects.select_related("organisation").filter(pk=pk).first() if pk else None
    return mandate.organisation.zone_info if mandate else None
