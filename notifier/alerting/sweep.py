"""The sweep: what is stored and not decided, what waits, and reviews nobody decided in time."""

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from notifier.alerting.concerned import is_partial
from notifier.alerting.decide import decide
from notifier.alerting.doubt import deadline, say_it_expired
from notifier.alerting.review import waiting
from notifier.intake.models import Intervention, State
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
    overdue = Intervention.objects.filter(
        state=State.RECEIVED, received_at__lt=timezone.now() - OVERDUE
    ).order_by("received_at")
    for intervention_id in overdue.values_list("pk", flat=True)[:BATCH]:
        try:
            decide(intervention_id)
        except Exception:  # one that cannot be decided must not hold up those behind it
            log.exception("intervention cannot be decided", intervention=str(intervention_id))
    settle_waiting()
    _expire_reviews()


def _expire_reviews() -> None:
    for intervention in waiting():
        if deadline(intervention) < timezone.now():
            _expire_review(intervention)


def _expire_review(intervention: Intervention) -> None:
    now = timezone.now()
    reason = _undecided(intervention)
    with transaction.atomic():
        thread = lock_thread(intervention.pk)
        changed = Intervention.objects.filter(pk=intervention.pk, state=State.REVIEW).update(
            state=State.EXPIRED, reason=reason, handled_at=now
        )
        if changed:
            text = f"Vérification périmée : {reason}."
            entries = [
                entry(intervention.thread, Step.EXPIRED, text, intervention=str(intervention.pk))
            ]
            # While a later state of it still waits, its own mail is there to be acted upon.
            if not any(i.state == State.REVIEW and i.pk != intervention.pk for i in thread):
                entries += say_it_expired(intervention, reason)
            write(entries)
    if changed:
        log.error(
            "review expired undecided",
            intervention=str(intervention.pk),
            reference=intervention.reference,
        )


def _undecided(intervention: Intervention) -> str:
    if intervention.is_shell:
        return "l’intervention de ces moyens n’est jamais arrivée : personne n’a été prévenu"
    if is_partial(intervention):
        return "personne n’a décidé à temps des communes en doute : elles n’ont pas été prévenues"
    return "personne n’a décidé de la commune à temps : personne n’a été prévenu"
