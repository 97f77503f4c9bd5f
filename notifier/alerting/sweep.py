"""The sweep: what is stored and not decided, what waits, and reviews nobody decided in time."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from notifier.alerting.decide import decide
from notifier.alerting.doubt import past_deadline, say_it_expired
from notifier.intake.models import Handling, Intervention
from notifier.intake.thread import lock_thread
from notifier.intake.waiting import settle_waiting
from notifier.journal.models import Step
from notifier.journal.write import entry, write

log = structlog.get_logger(__name__)

# The bell normally brings a worker within milliseconds; what is older than this was not rung for.
OVERDUE = timedelta(seconds=2)
BATCH = 100


def sweep() -> None:
    """One round. May run anywhere, any number of times at once."""
    now = timezone.now()
    undecided = Intervention.objects.filter(state=Handling.RECEIVED, received_at__lt=now - OVERDUE)
    _try_each(undecided, decide, "intervention cannot be decided")
    settle_waiting()
    late = Intervention.objects.filter(past_deadline(now), state=Handling.REVIEW)
    _try_each(late, _expire_review, "review cannot be expired")


def _try_each(
    interventions: QuerySet[Intervention], work: Callable[[UUID], None], fault: str
) -> None:
    """A batch of them, oldest first; one that fails is logged and goes behind all others."""
    in_turn = interventions.order_by(F("failed_at").asc(nulls_first=True), "received_at")
    for intervention_id in in_turn.values_list("pk", flat=True)[:BATCH]:
        try:
            work(intervention_id)
        except Exception:
            log.exception(fault, intervention=str(intervention_id))
            Intervention.objects.filter(pk=intervention_id).update(failed_at=timezone.now())


def _expire_review(intervention_id: UUID) -> None:
    now = timezone.now()
    reason = "personne n’a décidé de la commune à temps : personne n’a été prévenu"
    with transaction.atomic():
        thread = lock_thread(intervention_id)
        intervention = next(i for i in thread if i.pk == intervention_id)
        changed = Intervention.objects.filter(pk=intervention_id, state=Handling.REVIEW).update(
            state=Handling.EXPIRED, reason=reason, handled_at=now
        )
        if changed:
            text = f"Vérification périmée : {reason}."
            entries = [
                entry(intervention.thread, Step.EXPIRED, text, intervention=str(intervention.pk))
            ]
            # While a later state of it still waits, its own mail is there to be acted upon.
            if not any(i.state == Handling.REVIEW and i.pk != intervention.pk for i in thread):
                entries += say_it_expired(intervention, reason)
            write(entries)
    if changed:
        log.error(
            "review expired undecided",
            intervention=str(intervention.pk),
            reference=intervention.reference,
        )
