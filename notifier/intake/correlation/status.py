"""Derive the status of an incident from all its messages, in the order in which they were sent."""

from collections.abc import Iterable

from notifier.intake.formats.message import Effect, Phase
from notifier.intake.models import Distribution
from notifier.intake.schema.vocabulary import Status


def derive_status(rows: Iterable[Distribution], *, exercise: bool | None) -> Status:
    """Return the status; messages of an exercise and real ones do not mix.

    A report reopens what had ended. Each resource counts with its own last state, whoever sent
    it: one on scene means on scene, and only when all are over is it closed.
    """
    ended: Status | None = None
    phases: dict[str, str] = {}
    mine = (row for row in rows if None in (row.exercise, exercise) or row.exercise == exercise)
    for row in sorted(mine, key=lambda row: row.sent_at):
        match row.effect:
            case Effect.OPENS:
                ended = None
            case Effect.CLOSES:
                ended = Status.CLOSED
            case Effect.CANCELS:
                ended = Status.CANCELLED
            case Effect.RESOURCES:
                phases.update(row.resources)
    return ended or _of_resources(set(phases.values()))


def _of_resources(phases: set[str]) -> Status:
    if not phases or phases == {Phase.ON_THE_WAY}:
        return Status.ENGAGED
    if phases == {Phase.OVER}:
        return Status.CLOSED
    return Status.ON_SCENE if Phase.ON_SCENE in phases else Status.ENGAGED
