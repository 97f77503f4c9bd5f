"""Find in the database whatever was not enqueued, was dropped, or ran out of time.

The sweep may run anywhere, any number of times at once: every step locks what it works on, or takes
it by a conditional UPDATE.
"""

from functools import partial
from threading import BoundedSemaphore

import structlog

from notifier.delivery import routing
from notifier.delivery.follow_up import follow_up, follow_up_failed, follow_up_late
from notifier.delivery.models import Lane, Message, MessageState
from notifier.delivery.receipts.reconcile import ask_for_overdue_receipts, reconcile_unknown
from notifier.delivery.sending.claim import expire_pending, mark_expired_leases, states_due
from notifier.delivery.sending.moving import move_waiting
from notifier.delivery.sending.pause import note_paused
from notifier.delivery.sending.sender import deliver
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry

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
    due = states_due()
    if MessageState.SENDING in due:
        _mark_expired_leases()
        due.add(MessageState.UNKNOWN)
    note_paused()
    set_aside = routing.set_aside()
    move_waiting(set_aside)
    if _asking.acquire(blocking=False):
        try:
            routing.ask_set_aside(set_aside)
            if MessageState.UNKNOWN in due:
                reconcile_unknown()
            if MessageState.ACCEPTED in due:
                ask_for_overdue_receipts()
        finally:
            _asking.release()
    follow_up_failed()
    follow_up_late()


def _expire() -> None:
    for message in expire_pending(partial(_entry, Step.EXPIRED, "périmé sans avoir pu partir")):
        log.error("message expired unsent", message=message.pk, attempts=message.attempt_count)
        follow_up(message)


def _mark_expired_leases() -> None:
    why = "sort inconnu : le processus d’envoi s’est arrêté en chemin"
    for message in mark_expired_leases(partial(_entry, Step.ATTEMPT, why)):
        log.warning("worker lost in mid-send, the provider will be asked", message=message.pk)


def _entry(step: Step, what: str, message: Message) -> Entry:
    text = f"{message.journal_label}, essai {message.attempt_count} : {what}."
    return new_entry(message.incident_id, step, text, message_id=message.pk)
