"""Before a text is tried again, or late, it is asked whether its address is still its reader's.

Delivery knows no readers: whoever does answers `looked_over`. What is fresh is not asked about, so
an ordinary event costs nothing.
"""

from datetime import timedelta

import structlog
from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from notifier.delivery.models import Message, MessageState
from notifier.delivery.outbox import ended_badly
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# Sent with messages (list[Message]); a receiver answers with the ids of those whose readers have
# left their addresses.
looked_over = Signal()

# Who was in the directory when a text was made is taken to be there for so long.
FRESH = timedelta(seconds=10)

GONE = "retiré : ce n’est plus l’adresse d’un contact de la commune"


def without_those_gone(claimed: list[Message]) -> list[Message]:
    """The claimed messages that may still leave; the others are withdrawn, and followed up."""
    now = timezone.now()
    late = [m for m in claimed if m.attempts > 1 or now - m.created_at > FRESH]
    gone = _gone(late) if late else set()
    for message in claimed:
        if message.pk in gone:
            _withdraw(message)
    return [message for message in claimed if message.pk not in gone]


def _gone(messages: list[Message]) -> set[object]:
    try:
        answers = looked_over.send(sender=Message, messages=messages)
    except Exception:  # a lost alert is worse than one too many
        log.exception("readers cannot be checked, the texts leave", messages=len(messages))
        return set()
    return {pk for _, pks in answers for pk in pks or ()}


def _withdraw(message: Message) -> None:
    """In one transaction with what is told to others; if it fails, the lease runs out first."""
    mine = Message.objects.filter(
        pk=message.pk, claim=message.claim, state=MessageState.SENDING, is_followed_up=False
    )
    now = timezone.now()
    try:
        with transaction.atomic():
            if mine.update(
                state=MessageState.CANCELLED, due_at=None, ended_at=now, is_followed_up=True
            ):
                message.state, message.is_followed_up = MessageState.CANCELLED, True
                write_entries([_line(message)])
                ended_badly.send(sender=Message, message=message)
    except Exception:  # it is not sent, and found again
        log.exception("message cannot be withdrawn", message=message.pk)


def _line(message: Message) -> Entry:
    return new_entry(
        message.thread, Step.CANCELLED, f"{message.in_journal} : {GONE}.", message=message.pk
    )
