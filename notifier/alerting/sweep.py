"""The sweep: what is not decided, what waits or is held, reviews that nobody decided in time."""

from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from notifier.alerting.decision.pipeline import BATCH_SIZE, decide_each
from notifier.alerting.escalation.delayed import pass_on_delayed
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.expiry import useless_at
from notifier.alerting.release import release_due
from notifier.alerting.review.notices import say_it_expired
from notifier.alerting.scheduling import of_lane
from notifier.alerting.throttling.fan_out import watch
from notifier.alerting.throttling.quota import alarm
from notifier.delivery.models import Lane
from notifier.intake.correlation.pending import settle_waiting
from notifier.intake.incident import goes_behind, in_turn, lock_threads
from notifier.intake.models import Handling, Intervention
from notifier.journal.counters import count_if_due
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# A job normally brings a worker within milliseconds; what is older than this was not enqueued.
OVERDUE = timedelta(seconds=2)
OVERDUE_BATCH_SIZE = 500
EXPIRE_BATCH_SIZE = 100


def sweep(lane: Lane) -> None:
    """Decide what was not enqueued. May run anywhere, any number of times at once."""
    overdue = Intervention.objects.filter(
        state=Handling.RECEIVED, received_at__lt=timezone.now() - OVERDUE
    )
    ids = in_turn(of_lane(overdue, lane), OVERDUE_BATCH_SIZE)
    for start in range(0, len(ids), BATCH_SIZE):
        decide_each(*ids[start : start + BATCH_SIZE])


def upkeep() -> None:
    """What does not leave, and what waits for its intervention, or for a person, until too late."""
    pass_on_delayed()
    settle_waiting()
    release_due()
    alarm()
    watch()
    count_if_due()
    useless = useless_at(timezone.now(), categories())
    late = Intervention.objects.filter(useless, state=Handling.REVIEW)
    for intervention_id in in_turn(late, EXPIRE_BATCH_SIZE):
        try:
            _expire_review(intervention_id)
        except Exception:
            log.exception("review cannot be expired", intervention=str(intervention_id))
            goes_behind(intervention_id)


def _expire_review(intervention_id: UUID) -> None:
    now = timezone.now()
    with transaction.atomic():
        (thread,) = lock_threads([intervention_id])
        intervention = next(i for i in thread if i.pk == intervention_id)
        reason = _undecided(intervention)
        changed = Intervention.objects.filter(pk=intervention_id, state=Handling.REVIEW).update(
            state=Handling.EXPIRED, reason=reason, handled_at=now
        )
        if changed:
            text = f"Vérification périmée : {reason}."
            entries = [
                new_entry(
                    intervention.thread, Step.EXPIRED, text, intervention=str(intervention.pk)
                )
            ]
            # While a later state of it still waits, its own mail is there to be acted upon.
            if not any(i.state == Handling.REVIEW and i.pk != intervention.pk for i in thread):
                entries += say_it_expired(intervention, reason)
            write_entries(entries)
    if changed:
        log.error(
            "review expired undecided",
            intervention=str(intervention.pk),
            reference=intervention.reference,
        )


def _undecided(intervention: Intervention) -> str:
    if intervention.is_shell:
        return "l’intervention de ces moyens n’est jamais arrivée : personne n’a été prévenu"
    if intervention.is_partial:
        return "personne n’a décidé à temps des communes en doute : elles n’ont pas été prévenues"
    return "personne n’a décidé de la commune à temps : personne n’a été prévenu"
