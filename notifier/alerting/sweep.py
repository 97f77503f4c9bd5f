"""The sweep: what is stored and not decided, what waits, and reviews nobody decided in time."""

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from notifier.alerting.decide import decide
from notifier.alerting.wording import categories
from notifier.intake.models import Intervention, State
from notifier.intake.waiting import settle_waiting
from notifier.journal.models import Step
from notifier.journal.write import entry, write

log = structlog.get_logger(__name__)

# The bell normally brings a worker within milliseconds; what is older than this was not rung for.
OVERDUE = timedelta(seconds=2)
BATCH = 100
# For a category that has left the configuration since.
REVIEW_LIFETIME = timedelta(hours=2)


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
    for intervention in Intervention.objects.filter(state=State.REVIEW).order_by("received_at"):
        category = categories().get(intervention.category)
        lifetime = category.lifetime if category else REVIEW_LIFETIME
        if intervention.received_at + lifetime < timezone.now():
            _expire_review(intervention)


def _expire_review(intervention: Intervention) -> None:
    now = timezone.now()
    reason = "personne n’a décidé de la commune à temps : personne n’a été prévenu"
    with transaction.atomic():
        changed = Intervention.objects.filter(pk=intervention.pk, state=State.REVIEW).update(
            state=State.EXPIRED, reason=reason, handled_at=now
        )
        if changed:
            text = f"Vérification périmée : {reason}."
            write(
                [entry(intervention.thread, Step.EXPIRED, text, intervention=str(intervention.pk))]
            )
    if changed:
        log.error(
            "review expired undecided",
            intervention=str(intervention.pk),
            reference=intervention.reference,
        )
