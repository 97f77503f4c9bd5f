"""Write rows of the directory under a numbered change, each with its history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeAlias, TypeVar

from django.db import connection, transaction
from django.utils import timezone

from notifier.directory.models import (
    Absence,
    Address,
    Change,
    ChangeKind,
    Mandate,
    OnCallRotation,
    OnCallShift,
    Person,
    Preferences,
)
from notifier.directory.models.changes import naming, recorded_in_bulk

Row: TypeAlias = Person | Mandate | Address | Preferences | Absence | OnCallRotation | OnCallShift
R = TypeVar("R", bound=Row)

# What lists bring.
LISTED: tuple[type[Row], ...] = (Person, Mandate, Address)
# What is a person's own, wherever they serve.
OF_PEOPLE: tuple[type[Address | Preferences], ...] = (Address, Preferences)
# A row stands before those that name it; they go in the other order.
RECORDED: tuple[type[Row], ...] = (
    *LISTED,
    Preferences,
    Absence,
    OnCallRotation,
    OnCallShift,
)
ADDED, CHANGED, REMOVED = "+", "~", "-"
_BATCH = 1_000
# Of a lock of PostgreSQL that is no row's; any number that nothing else here takes.
_LOCK_KEY = 10_0901


class Edits:
    """Rows to write: new ones, stored ones with other values, and those to delete; each once."""

    def __init__(self) -> None:
        self._by_kind: dict[str, dict[int, Row]] = {ADDED: {}, CHANGED: {}, REMOVED: {}}

    def add(self, *rows: Row) -> None:
        """Have new rows stored."""
        self._by_kind[ADDED] |= {id(row): row for row in rows}

    def change(self, *rows: Row) -> None:
        """Have stored rows written as they are now."""
        self._by_kind[CHANGED] |= {id(row): row for row in rows}

    def remove(self, *rows: Row) -> None:
        """Have stored rows deleted."""
        for row in rows:
            self._by_kind[CHANGED].pop(id(row), None)
            self._by_kind[REMOVED][id(row)] = row

    def rows(self, kind: str, model: type[R]) -> list[R]:
        """Return the rows of a model that are ADDED, CHANGED or REMOVED, in their order."""
        return [row for row in self._by_kind[kind].values() if isinstance(row, model)]

    def is_removed(self, row: Row) -> bool:
        """Return whether a row is to be deleted."""
        return id(row) in self._by_kind[REMOVED]

    def __iter__(self) -> Iterator[Row]:
        for rows in self._by_kind.values():
            yield from rows.values()

    def __bool__(self) -> bool:
        return any(self._by_kind.values())


def lock_directory() -> None:
    """Have this transaction wait until no other one changes the directory, and keep others waiting.

    On SQLite it waited as it began. Taken before any row is locked, or two would wait crosswise.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK_KEY])


def start_change(
    kind: ChangeKind,
    author: str,
    source: str = "",
    *,
    counts: dict[str, int] | None = None,
    undoes: Change | None = None,
) -> Change:
    """Store a change, in the caller's transaction; `author` is an account's name, or a command.

    Nobody else changes the directory until commit.
    """
    lock_directory()
    return Change.objects.create(
        kind=kind,
        at=timezone.now(),
        author=author,
        source=source[:255],
        counts=counts or {},
        undoes=undoes,
    )


@contextmanager
def changing(kind: ChangeKind, author: str, source: str = "") -> Iterator[Change]:
    """Have all that is saved or deleted inside stand under a change, in one transaction."""
    with transaction.atomic():
        change = start_change(kind, author, source)
        with naming(change):
            yield change


def last_history(models: Sequence[type[Row]] = LISTED) -> list[int | None]:
    """Return the last numbers of the models' history: they tell whether anything changed.

    What takes long is found out without a lock, then written only if these are the same: on SQLite
    a long transaction keeps reports waiting.
    """
    return [
        model.history.order_by("-history_id").values_list("history_id", flat=True).first()
        for model in models
    ]


def write(edits: Edits, change: Change) -> None:
    """Write the rows and their history, in the caller's transaction.

    A few statements for every thousand rows. Shifts and absences go with a mandate that is deleted.
    """
    for model in RECORDED:
        added, changed = edits.rows(ADDED, model), edits.rows(CHANGED, model)
        for row in added:
            _take_ids(row)
        _manager(model).bulk_create(added, batch_size=_BATCH)
        _record_first(model, changed)
        _overwrite(model, changed)
        record(model, added, ADDED, change)
        record(model, changed, CHANGED, change)
    with recorded_in_bulk():
        for model in reversed(RECORDED):
            removed = edits.rows(REMOVED, model)
            record(model, removed, REMOVED, change)
            for ids in _batches(removed):
                _manager(model).filter(pk__in=ids).delete()


def record(model: type[Row], rows: Sequence[Row], kind: str, change: Change | None) -> None:
    """Store how the rows stand in their table; those to delete, before they are.

    Copied by the database: rows of history that Python makes take as long as all the rest.
    """
    if not rows:
        return
    history = _history_model(model)
    at = connection.ops.adapt_datetimefield_value(change.at if change else timezone.now())
    names = ", ".join(one.column for one in history.tracked_fields)
    for ids in _batches(rows):
        marks = ", ".join(["%s"] * len(ids))
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {history._meta.db_table} "  # noqa: S608 - names of tables and columns
                f"({names}, history_date, history_type, change_id) "
                f"SELECT {names}, %s, %s, %s FROM {model._meta.db_table} WHERE id IN ({marks})",
                [at, kind, change.pk if change else None, *ids],
            )


@cache
def _history_model(model: type[Row]) -> Any:
    """Each look at `history` makes a class of managers anew, 0.3 ms."""
    return model.history.model


def _record_first(model: type[Row], rows: Sequence[Row]) -> None:
    """Store how rows without any history stand, before they change for the first time."""
    history = _history_model(model)
    for ids in _batches(rows):
        known = set(history.objects.filter(id__in=ids).values_list("id", flat=True))
        unknown = set(ids) - known
        record(model, [row for row in rows if row.pk in unknown], ADDED, None)


def _overwrite(model: type[Row], rows: Sequence[Row]) -> None:
    """Write every field of stored rows; one that is gone meanwhile comes back."""
    if not rows:
        return
    fields = [one.name for one in model._meta.concrete_fields if not one.primary_key]
    _manager(model).bulk_create(
        rows,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=fields,
    )


def _batches(rows: Sequence[Row]) -> Iterator[list[int]]:
    for start in range(0, len(rows), _BATCH):
        yield [row.pk for row in rows[start : start + _BATCH]]


def _take_ids(row: Row) -> None:
    """Take the number of a person that was stored after the row was made."""
    if isinstance(row, Mandate | Address | Preferences) and not row.person_id:
        row.person = row.person


def _manager(model: type[Row]) -> Any:
    return model._default_manager
