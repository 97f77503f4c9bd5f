"""Before a text is sent late or once more, check that the address is still its recipient's.

Delivery knows no people: whoever does answers the signal `checking_recipients`. A fresh text is not
checked, so an ordinary event costs nothing.
"""

from datetime import timedelta

import structlog
from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from notifier.delivery.models import Message, MessageState
from notifier.delivery.signals import delivery_failed
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# Sent with messages (list[Message]); a receiver answers with the ids of those whose recipients have
# other addresses now, or none.
checking_recipients = Signal()

# For so long, whoever was in the directory when the text was made is taken to be there still.
FRESH = timedelta(seconds=10)

FORMER_RECIPIENT = "retiré : ce n’est plus l’adresse d’un contact de la commune"


def drop_former_recipients(claimed: list[Message]) -> list[Message]:
    """Return the claimed messages that may still leave; cancel the others and follow them up."""
    now = timezone.now()
    late = [m for m in claimed if m.attempt_count > 1 or now - m.created_at > FRESH]
    former = _ids_to_former_recipients(late) if late else set()
    for message in claimed:
        if message.pk in former:
            _cancel(message)
    return [message for message in claimed if message.pk not in former]


def _ids_to_former_recipients(messages: list[Message]) -> set[object]:
    try:
        answers = checking_recipients.send(sender=Message, messages=messages)
    except Exception:  # a lost alert is worse than one too many
        log.exception("recipients cannot be checked, the texts leave", messages=len(messages))
        return set()
    return {pk for _, pks in answers for pk in pks or ()}


def _cancel(message: Message) -> None:
    """Cancel and follow up in one transaction; if it fails, the lease runs out first."""
    claimed = Message.objects.filter(
        pk=message.pk, claim=message.claim, state=MessageState.SENDING, is_followed_up=False
    )
    now = timezone.now()
    try:
        with transaction.atomic():
            if claimed.update(
                state=MessageState.CANCELLED, due_at=None, ended_at=now, is_followed_up=True
            ):
                message.state, message.is_followed_up = MessageState.CANCELLED, True
                write_entries([_entry(message)])
                delivery_failed.send(sender=Message, message=message)
    except Exception:  # it is not sent, and found again
        log.exception("message cannot be cancelled", message=message.pk)


def _entry(message: Message) -> Entry:
    return new_entry(
        message.incident_id,
        Step.CANCELLED,
        f"{message.journal_label} : {FORMER_RECIPIENT}.",
        message_id=message.pk,
    )
