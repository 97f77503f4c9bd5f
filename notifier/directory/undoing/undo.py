"""Take a change of the directory back, except what was changed since.

What hangs together is taken back together or not at all: where a mandate was changed since, the
mandate that it followed stays ended too, or an organisation would have two mayors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from django.db import transaction
from django.utils import timezone

from notifier.directory.allowed import EVERYTHING, AllowedOrganisations, touches_only
from notifier.directory.changes import (
    RECORDED,
    Edits,
    last_history,
    lock_directory,
    start_change,
    write,
)
from notifier.directory.models import (
    Change,
    ChangeKind,
    OnCallRotation,
    OnCallShift,
    Organisation,
)
from notifier.directory.undoing.conflicts import find_conflicts, kept_together
from notifier.directory.undoing.reach import count_unreached
from notifier.directory.undoing.steps import Step, steps_of, tracked
from notifier.directory.undoing.words import sentences
from notifier.journal.models import Step as JournalStep
from notifier.journal.write import new_entry, write_entries

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


def undo(
    number: int,
    author: str,
    *,
    dry_run: bool = False,
    allowed: AllowedOrganisations = EVERYTHING,
    committing: Callable[[UndoSummary], None] | None = None,
) -> UndoSummary:
    """Take a change back, in one transaction.

    `allowed`: a change that touched another organisation, or whom one of them tells, is not taken
    back. `committing` is called last in the transaction. Raises UndoError.
    """
    for _ in range(_MAX_TRIES):
        state = last_history(RECORDED)
        change = _undoable(number)
        if not touches_only(change, allowed):
            raise UndoError(
                f"le changement n° {number} touche aussi des organismes hors de votre périmètre : "
                "seul qui les administre tous peut l’annuler"
            )
        steps = [step for model in RECORDED for step in steps_of(model, change)]
        if not steps:
            raise UndoError(
                f"le changement n° {number} porte sur un organisme ou son territoire : il se "
                "corrige à sa page, ou par « notifier organisation »"
            )
        find_conflicts(steps, timezone.now())
        kept = kept_together(steps)
        edits = _edits(step for step in steps if id(step) not in kept)
        summary = UndoSummary(
            None, len(steps) - len(kept), [step.conflict for step in steps if step.conflict]
        )
        if dry_run:
            back = [step for step in steps if id(step) not in kept]
            summary.first = list(islice(sentences(back), _MAX_SAID))
            summary.unreached = count_unreached(back)
        if dry_run or not edits:
            return summary
        with transaction.atomic():
            lock_directory()
            _lock_on_call(edits)
            if last_history(RECORDED) == state:
                summary.change = _write(change, edits, author, summary.undone, len(kept))
                if committing:
                    committing(summary)
                return summary
    raise UndoError("l’annuaire est en train de changer : recommencez dans un moment")


def _undoable(number: int) -> Change:
    change = Change.objects.filter(pk=number).first()
    if change is None:
        raise UndoError(f"aucun changement n° {number} : voir « notifier directory history »")
    if other := Change.objects.filter(undoes=change).first():
        raise UndoError(f"le changement n° {number} est déjà annulé, par le n° {other.pk}")
    return change


def _lock_on_call(edits: Edits) -> None:
    """Keep the clock from adding shifts to a rotation that goes."""
    rows = [row for row in edits if isinstance(row, OnCallRotation | OnCallShift)]
    if ids := {row.organisation_id for row in rows}:
        list(Organisation.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))


def _write(change: Change, edits: Edits, author: str, undone: int, kept: int) -> int:
    """Write what is taken back, in the caller's transaction; return the number of that change."""
    counts = {"undone": undone, "kept": kept}
    undoing = start_change(ChangeKind.UNDO, author, counts=counts, undoes=change)
    write(edits, undoing)
    text = f"annuaire : changement n° {change.pk} annulé par {author}"
    write_entries([new_entry(None, JournalStep.DIRECTORY, text, change=undoing.pk, counts=counts)])
    return undoing.pk


def _edits(steps: Iterable[Step]) -> Edits:
    edits = Edits()
    for step in steps:
        if step.before is None:
            if step.now is not None:
                edits.remove(step.now)
        elif step.after is None:
            values = {name: getattr(step.before, name) for name in tracked(step.model)}
            edits.add(step.model(**values))
        elif step.now is not None and (names := step.fields()):
            for name in names:
                setattr(step.now, name, getattr(step.before, name))
            edits.change(step.now)
    return edits
