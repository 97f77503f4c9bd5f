"""Find in the database whatever was not enqueued, was dropped, or ran out of time.

The sweep may run anywhere, any number of times at once: every step locks what it works on, or takes
it by a conditional UPDATE.
"""

from threading import BoundedSemaphore

import structlog
from django.db import transaction

from notifier.delivery import routing
from notifier.delivery.follow_up import follow_up, follow_up_failed, follow_up_late
from notifier.delivery.models import Lane, Message
from notifier.delivery.receipts.reconcile import ask_for_overdue_receipts, reconcile_unknown
from notifier.delivery.sending.claim import expire_pending, mark_expired_leases
from notifier.delivery.sending.moving import move_waiting
from notifier.delivery.sending.pause import note_paused
from notifier.delivery.sending.sender import deliver
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# A provider that hangs takes ten seconds for each question, and a round may hold 64 of them, while
# the clock enqueues another every two seconds: without a bound they would soon sit in every thread
# of a worker, and nothing else would be decided or sent, not even the mails.
MAX_ASKING = 3
_asking = BoundedSemaphore(MAX_ASKING)


def sweep(lane: Lane) -> None:
    """Run one round for a lane: expire what is past its lifetime, deliver what is due."""
    _expire()
    deliver(lane)


def upkeep() -> None:
    """Run one round for all lanes: whatever has to be asked, for which a provider takes its time.

    Asks nothing while `MAX_ASKING` rounds of this process are asking.
    """
    _mark_expired_leases()
    note_paused()
    move_waiting()
    if _asking.acquire(blocking=False):
        try:
            routing.ask_set_aside()
            reconcile_unknown()
            ask_for_overdue_receipts()
        finally:
            _asking.release()
    follow_up_failed()
    follow_up_late()


def _expire() -> None:
    with transaction.atomic():
        messages = expire_pending()
        _note(messages, Step.EXPIRED, "périmé sans avoir pu partir")
    for message in messages:
        log.error("message expired unsent", message=message.pk, attempts=message.attempt_count)
        follow_up(message)


def _mark_expired_leases() -> None:
    with transaction.atomic():
        messages = mark_expired_leases()
        _note(messages, Step.ATTEMPT, "sort inconnu : le processus d’envoi s’est arrêté en chemin")
    for message in messages:
        log.warning("worker lost in mid-send, the provider will be asked", message=message.pk)


def _note(messages: list[Message], step: Step, what: str) -> None:
    write_entries(
        new_entry(
            message.incident_id,
            step,
            f"{message.journal_label}, essai {message.attempt_count} : {what}.",
            message_id=message.pk,
        )
        for message in messages
    )
