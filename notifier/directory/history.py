"""The changes of the directory, newest first, and what each did to every row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from notifier.directory.changes import ADDED, MODELS, REMOVED
from notifier.directory.imports.phrases import format_value
from notifier.directory.models import (
    Absence,
    Address,
    Change,
    Mandate,
    OnCallRotation,
    OnCallShift,
    Organisation,
    Person,
    function_title,
)
from notifier.directory.names import fold
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

Recorded: TypeAlias = Person | Mandate | Address | Absence | OnCallRotation | OnCallShift

_RECORDED: tuple[type[Recorded], ...] = (*MODELS, Absence, OnCallRotation, OnCallShift)
_HIDDEN = {"id", "person_id", "organisation_id"}


@dataclass(frozen=True)
class Line:
    """What became of one row, in French."""

    subject: str
    said: str

    def __str__(self) -> str:
        return f"{self.subject} : {self.said}"


def recent_changes(limit: int) -> list[Change]:
    """Return the last changes, the newest first."""
    return list(Change.objects.select_related("undone_by").order_by("-id")[:limit])


def lines_of(change: Change) -> Iterator[Line]:
    """Yield what the change did, person by person: who, before and after."""
    for model in _RECORDED:
        history = model.history.model.objects
        for row in history.filter(change=change).order_by("history_id"):
            yield Line(_subject(row, model), _said(row, model))


def _said(row: Any, model: type[Recorded]) -> str:
    if row.history_type == ADDED:
        return f"ajouté, {_values(row, model)}"
    if row.history_type == REMOVED:
        return f"supprimé, {_values(row, model)}"
    earlier = model.history.model.objects.filter(id=row.id, history_id__lt=row.history_id)
    before = earlier.order_by("-history_id").first()
    if before is None:
        return f"changé, {_values(row, model)}"
    changed = [
        f"{one.verbose_name} {format_value(getattr(before, one.attname))} → "
        f"{format_value(getattr(row, one.attname))}"
        for one in model.history.model.tracked_fields
        if getattr(before, one.attname) != getattr(row, one.attname)
    ]
    return " ; ".join(changed) or "confirmé sans changement"


def _values(row: Any, model: type[Recorded]) -> str:
    said = [
        f"{one.verbose_name} {format_value(value)}"
        for one in model.history.model.tracked_fields
        if one.attname not in _HIDDEN and (value := getattr(row, one.attname))
    ]
    return ", ".join(said) or "sans nom"


def _subject(row: Any, model: type[Recorded]) -> str:
    """Return whom or what a row of history is about, as it was called then."""
    if model is Person:
        return _name(row, row.id)
    if model not in MODELS:
        return f"{model._meta.verbose_name} n° {row.id}"
    person = Person.history.model.objects.filter(id=row.person_id).order_by("-history_id").first()
    name = _name(person, row.person_id)
    if model is Address:
        return name
    where = Organisation.objects.filter(pk=row.organisation_id).first()
    return f"{name}, {function_title(row.function, row.rank)}, {where or 'organisme supprimé'}"


def _name(row: Any, number: int) -> str:
    name = f"{row.first_name} {row.last_name}".strip() if row else ""
    return name or f"personne n° {number}"


def forget(name: str, author: str) -> int:
    """Erase what the history holds of people who are deleted; return how many they were.

    Those are meant whose whole name it is, in any spelling. Until then a deletion can be undone.
    """
    words = sorted(fold(name).split())
    history = Person.history.model.objects
    deleted = history.filter(history_type=REMOVED).exclude(id__in=Person.objects.values("pk"))
    meant = {
        row.id
        for row in deleted
        if words and sorted(fold(f"{row.first_name} {row.last_name}").split()) == words
    }
    if meant:
        for model in (Mandate, Address):
            model.history.model.objects.filter(person_id__in=meant).delete()
        history.filter(id__in=meant).delete()
        text = (
            f"annuaire : l’historique de {len(meant)} personnes supprimées est effacé, par {author}"
        )
        write_entries([new_entry(None, Step.DIRECTORY, text, people=len(meant))])
    return len(meant)
