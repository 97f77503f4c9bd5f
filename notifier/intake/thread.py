"""A thread: all that one source said under one reference; decided one at a time."""

from uuid import UUID

from django.db.models import Subquery
from django.utils import timezone

from notifier.intake.models import Handling, Intervention, Source


def thread_of(source: Source, reference: str) -> str:
    """The thread's name: two sources may give the same reference to different things."""
    return f"{source.pk}/{reference}"


def reference_in(thread: str) -> str:
    """The reference that dispatch gave, out of the thread's name."""
    return thread.partition("/")[2]


def lock_thread(intervention_id: UUID) -> list[Intervention]:
    """Every intervention of the thread that this one belongs to, by sequence, locked until commit.

    One statement, first in the caller's transaction: two workers on one thread take turns, so that
    an update never overtakes the alert that it updates. With the sources.
    """
    same = Intervention.objects.filter(pk=intervention_id).values("thread")
    thread = Intervention.objects.filter(thread=Subquery(same)).select_related("source")
    return list(thread.order_by("sequence").select_for_update(of=("self",)))


def conclude(intervention: Intervention, state: Handling, reason: str) -> None:
    """Store what the intervention object says of verdict, communes and clues, and its new state.

    The caller holds the thread's lock. Raises RuntimeError if another decided it all the same.
    """
    changed = Intervention.objects.filter(pk=intervention.pk, state=Handling.RECEIVED).update(
        state=state,
        reason=reason,
        verdict=intervention.verdict,
        communes=intervention.communes,
        clues=intervention.clues,
        handled_at=timezone.now(),
    )
    if not changed:
        raise RuntimeError(f"intervention {intervention.pk} was decided without the thread's lock")
    intervention.state = state
