"""The changes of the directory, newest first, and what each did to every row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from notifier.directory.changes import ADDED, LISTED, OF_PEOPLE, RECORDED, REMOVED, Row
from notifier.directory.history_words import holder_names, person_names, value_words
from notifier.directory.models import (
    Absence,
    Address,
    Change,
    Mandate,
    OnCallRotation,
    OnCallShift,
    Organisation,
    Person,
    Preferences,
    function_title,
)
from notifier.directory.names import fold
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

_HIDDEN = {"id", "person_id", "organisation_id", "mandate_id", "rotation_id", "members"}
_BATCH = 500


@dataclass(frozen=True)
class Line:
    """What became of one row, in French; `values` are what it is called, before and after."""

    subject: str
    verb: str
    values: tuple[tuple[str, str, str], ...] = ()
    key: str = ""
    """By which the next lines are asked for."""

    @property
    def said(self) -> str:
        """All of it in one sentence."""
        if self.verb in ("ajouté", "supprimé"):
            said = [f"{label} {after or before}" for label, before, after in self.values]
            return f"{self.verb}, {', '.join(said) or 'sans nom'}"
        said = [
            f"{label} {before} → {after}" if before else f"{label} {after}"
            for label, before, after in self.values
        ]
        return " ; ".join(said) or "confirmé sans changement"

    def __str__(self) -> str:
        return f"{self.subject} : {self.said}"


def recent_changes(limit: int) -> list[Change]:
    """Return the last changes, the newest first."""
    return list(Change.objects.select_related("undone_by").order_by("-id")[:limit])


def touching(changes: QuerySet[Change], organisations: QuerySet[Organisation]) -> QuerySet[Change]:
    """Return those of the changes that touched one of the organisations or its people."""
    there = Mandate.history.model.objects.filter(organisation__in=organisations)
    own = there.filter(change=OuterRef("pk"))
    people = there.values("person_id")
    persons = Person.history.model.objects.filter(change=OuterRef("pk"), id__in=people)
    theirs = Q(Exists(own)) | Q(Exists(persons))
    for model in OF_PEOPLE:
        rows = model.history.model.objects.filter(change=OuterRef("pk"), person__in=people)
        theirs |= Q(Exists(rows))
    return changes.filter(theirs | plans_of(organisations))


def plans_of(organisations: QuerySet[Organisation]) -> Q:
    """Select the changes of the organisations' absences and on-call, of them and their zones."""
    mandates = Mandate.history.model.objects.filter(organisation__in=organisations).values("id")
    absences = Absence.history.model.objects.filter(change=OuterRef("pk"), mandate__in=mandates)
    planned = Q(Exists(absences))
    for model in (OnCallRotation, OnCallShift):
        rows = model.history.model.objects.filter(change=OuterRef("pk"))
        planned |= Q(Exists(rows.filter(organisation__in=organisations)))
    own = Change.organisations.through.objects.filter(change=OuterRef("pk"))
    return planned | Q(Exists(own.filter(organisation__in=organisations)))


def lines_of(change: Change) -> Iterator[Line]:
    """Yield what the change did, person by person: who, before and after."""
    key = ""
    while lines := lines_after(change, key, _BATCH):
        yield from lines
        key = lines[-1].key


def lines_after(
    change: Change, key: str, limit: int, organisations: QuerySet[Organisation] | None = None
) -> list[Line]:
    """Return the lines of a change that follow the one with a key ("" for the first).

    `organisations`: only what concerns these and the people whom they have, or had in this change.
    A bounded number of statements.
    """
    first, after = _read_key(key)
    lines: list[Line] = []
    for number, model in enumerate(RECORDED):
        if number < first or len(lines) >= limit:
            continue
        rows = model.history.model.objects.filter(change=change)
        if organisations is not None:
            rows = rows.filter(_within(model, change, organisations))
        if number == first:
            rows = rows.filter(history_id__gt=after)
        found = list(rows.order_by("history_id")[: limit - len(lines)])
        lines += _lines(found, model, number)
    return lines


def _read_key(key: str) -> tuple[int, int]:
    number, _, after = key.partition("-")
    if number.isascii() and number.isdigit() and after.isascii() and after.isdigit():
        return int(number[:3]), int(after[:18])
    return 0, 0


def _within(model: type[Row], change: Change, organisations: QuerySet[Organisation]) -> Q:
    """Select the rows of a model's history that concern these organisations."""
    if model in (Mandate, OnCallRotation, OnCallShift):
        return Q(organisation__in=organisations)
    if model is Absence:
        there = Mandate.history.model.objects.filter(organisation__in=organisations)
        return Q(mandate__in=there.values("id"))
    now = Mandate.objects.filter(organisation__in=organisations).values("person_id")
    then = Mandate.history.model.objects.filter(change=change, organisation__in=organisations)
    people = Q(**{f"{'id' if model is Person else 'person'}__in": now})
    return people | Q(**{f"{'id' if model is Person else 'person'}__in": then.values("person_id")})


@dataclass
class _Around:
    """What stands around rows of history: how they were before, and whose they are."""

    before: dict[int, Any] = field(default_factory=dict)
    people: dict[int, str] = field(default_factory=dict)
    holders: dict[int, str] = field(default_factory=dict)
    organisations: dict[int, Organisation | None] = field(default_factory=dict)


def _lines(rows: Sequence[Any], model: type[Row], number: int) -> Iterator[Line]:
    around = _read_around(rows, model)
    for row in rows:
        yield Line(
            _subject(row, model, around),
            {ADDED: "ajouté", REMOVED: "supprimé"}.get(row.history_type, "modifié"),
            tuple(_values(row, model, around)),
            f"{number}-{row.history_id}",
        )
        around.before[row.id] = row


def _read_around(rows: Sequence[Any], model: type[Row]) -> _Around:
    """Read it for all rows at once, in a bounded number of statements."""
    around = _Around()
    if not rows:
        return around
    ids = {row.id for row in rows}
    earlier = model.history.model.objects.filter(id__in=ids, history_id__lt=rows[0].history_id)
    around.before = {row.id: row for row in earlier.order_by("history_id")}
    if model in (*LISTED, Preferences):
        around.people = person_names(ids if model is Person else {row.person_id for row in rows})
    if model in (Absence, OnCallShift):
        told = {row.mandate_id for row in rows}
        if model is Absence:
            both = (*rows, *around.before.values())
            told |= {row.stand_in_id for row in both if row.stand_in_id}
        around.holders = holder_names(told)
    if model is Absence:
        held = {row.mandate_id for row in rows}
        stored = Mandate.objects.select_related("organisation").in_bulk(held)
        around.organisations = {
            row.id: stored[row.mandate_id].organisation for row in rows if row.mandate_id in stored
        }
    elif model is not Person and model not in OF_PEOPLE:
        known = Organisation.objects.in_bulk({row.organisation_id for row in rows})
        around.organisations = {row.id: known.get(row.organisation_id) for row in rows}
    return around


def _values(row: Any, model: type[Row], around: _Around) -> Iterator[tuple[str, str, str]]:
    """Yield each value that is worth saying: its name, before and after."""
    before = around.before.get(row.id)
    place = around.organisations.get(row.id)
    zone = place.zone_info if place else None

    def said(column: Any, value: object) -> str:
        return value_words(column, value, zone, around.holders)

    is_whole = row.history_type in (ADDED, REMOVED) or before is None
    for one in model.history.model.tracked_fields:
        value = getattr(row, one.attname)
        name = str(one.verbose_name)
        if not is_whole:
            old = getattr(before, one.attname)
            if old != value:
                yield name, said(one, old), said(one, value)
        elif one.attname not in _HIDDEN and value:
            written = said(one, value)
            yield (name, written, "") if row.history_type == REMOVED else (name, "", written)


def _subject(row: Any, model: type[Row], around: _Around) -> str:
    """Return whom or what a row of history is about, as it was called then."""
    if model is Person:
        return around.people[row.id]
    if model is Address:
        return around.people[row.person_id]
    if model is Preferences:
        return f"{around.people[row.person_id]}, {model._meta.verbose_name_plural}"
    where = around.organisations.get(row.id) or "organisme supprimé"
    if model is Mandate:
        name, title = around.people[row.person_id], function_title(row.function, row.rank)
        is_nameless = name.lower() == title.lower()
        return f"{name}, {where}" if is_nameless else f"{name}, {title}, {where}"
    if model is OnCallRotation:
        return f"{model._meta.verbose_name}, {where}"
    who = around.holders.get(row.mandate_id) or f"mandat n° {row.mandate_id}"
    return f"{who}, {model._meta.verbose_name}, {where}"


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
        for model in (Mandate, Address, Preferences):
            model.history.model.objects.filter(person_id__in=meant).delete()
        history.filter(id__in=meant).delete()
        text = (
            f"annuaire : l’historique de {len(meant)} personnes supprimées est effacé, par {author}"
        )
        write_entries([new_entry(None, Step.DIRECTORY, text, people=len(meant))])
    return len(meant)
