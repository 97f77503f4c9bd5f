"""What each row went through in a change: how it stood before, after, and stands now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from notifier.directory.changes import ADDED, REMOVED, Row
from notifier.directory.models import Change

_BATCH = 1_000
# Of a rotation: the clock moves it on, and nobody changed anything.
_UNCOMPARED = {"planned_until"}


@dataclass
class Step:
    """What one row went through in the change: how it stood before and after; None: not there."""

    model: type[Row]
    pk: int
    before: Any
    after: Any
    now: Row | None = None
    conflict: str = ""
    """Why it stays, in French."""

    @property
    def row(self) -> Any:
        """The row as it stood in the change; of one that it deleted, before."""
        return self.after or self.before

    def fields(self) -> list[str]:
        """Return the fields that the change touched."""
        names = tracked(self.model)
        return [n for n in names if getattr(self.before, n) != getattr(self.after, n)]

    def is_changed_since(self) -> bool:
        """Return whether one of the fields that the change touched is not as it left it."""
        names = self.fields() if self.before else tracked(self.model)
        return any(
            getattr(self.now, name) != getattr(self.after, name)
            for name in names
            if name not in _UNCOMPARED
        )


def steps_of(model: type[Row], change: Change) -> Iterator[Step]:
    """Yield each row of a model that the change touched; some statements for a thousand rows."""
    history = model.history.model.objects
    of_change = history.filter(change=change).order_by("history_id")
    rows: dict[int, list[Any]] = defaultdict(list)
    for row in of_change:
        rows[row.id].append(row)
    first = next(iter(rows.values()))[0].history_id if rows else 0
    before: dict[int, Any] = {}
    now: dict[int, Row] = {}
    for ids in batches(list(rows)):
        # The last one before the change is how the row stood.
        earlier = history.filter(id__in=ids, history_id__lt=first).order_by("history_id")
        before |= {row.id: row for row in earlier}
        now |= model._default_manager.in_bulk(ids)
    for pk, of_row in rows.items():
        was = None if of_row[0].history_type == ADDED else before.get(pk, of_row[0])
        after = None if of_row[-1].history_type == REMOVED else of_row[-1]
        yield Step(model, pk, was, after, now.get(pk))


@cache
def tracked(model: type[Row]) -> list[str]:
    """Return the columns of a model that its history keeps."""
    return [one.attname for one in model.history.model.tracked_fields]


def batches(ids: list[int]) -> Iterator[list[int]]:
    """Yield the ids, a thousand at a time."""
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]
