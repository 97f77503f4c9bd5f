"""Settle what nobody told us: messages of unknown fate, and receipts that never came, by asking."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from notifier.delivery.claim import claim_questions
from notifier.delivery.follow_up import follow_up
from notifier.delivery.models import Channel, Message, MessageState
from notifier.delivery.outbox import OVERTAKEN, is_overtaken
from notifier.delivery.receipts import apply_receipt
from notifier.delivery.schedule import ASK_AGAIN, LISTED_WITHIN, next_question
from notifier.delivery.transports.base import ProviderUnreachableError, Transport, transport_for
from notifier.journal.models import Step
from notifier.journal.write import entry, write

log = structlog.get_logger(__name__)

# After this long past its lifetime, a message that no provider can be asked about is given up.
GIVE_UP_AFTER = timedelta(hours=24)


def settle_unknown() -> int:
    """Ask about every due message of unknown fate, and send again only what the provider lacks."""
    messages = claim_questions(MessageState.UNKNOWN, again_after=ASK_AGAIN)
    _one_by_one(messages, _settle)
    return len(messages)


def _one_by_one(messages: list[Message], work: Callable[[Message], None]) -> None:
    """One that fails does not hold up the others; being claimed, it comes up again later."""
    for message in messages:
        try:
            work(message)
        except Exception:  # whatever the provider's client makes of a strange answer
            log.exception("provider's word cannot be read, it is asked again", message=message.pk)


def _settle(message: Message) -> None:
    transport = transport_for(Channel(message.channel))
    if transport.has_receipts:
        _settle_by_asking(message, transport)
    else:
        # SMTP: nobody to ask. Once more with the same Message-ID: a lost alert is worse.
        _back_to_pending(
            message, "nul ne peut dire s’il est parti, nouvel essai sous le même numéro"
        )


def _settle_by_asking(message: Message, transport: Transport) -> None:
    now = timezone.now()
    try:
        found = transport.find(message)
    except ProviderUnreachableError as error:
        log.warning(
            "provider unreachable, fate still unknown", message=message.pk, error=str(error)
        )
        if now > message.expires_at + GIVE_UP_AFTER:
            _end_unsettled(message, now)
        return
    others = set(
        Message.objects.filter(provider_id__in=[fate.provider_id for fate in found])
        .exclude(pk=message.pk)
        .values_list("provider_id", flat=True)
    )
    mine = next((fate for fate in found if fate.provider_id not in others), None)
    if mine is not None:
        apply_receipt(message.pk, mine, "retrouvé chez l’opérateur")
    elif message.claimed_at is not None and now - message.claimed_at >= LISTED_WITHIN:
        _back_to_pending(message, "l’opérateur ne l’a pas reçu, nouvel essai")


def _back_to_pending(message: Message, why: str) -> None:
    """Send it once more, unless a newer text for the same address makes it pointless."""
    now = timezone.now()
    with transaction.atomic():
        lost = Message.objects.filter(
            pk=message.pk, state=MessageState.UNKNOWN, claim=message.claim
        )
        if is_overtaken(message):
            if lost.update(state=MessageState.CANCELLED, due_at=None, ended_at=now):
                _note(message, Step.CANCELLED, OVERTAKEN, now)
        elif lost.update(state=MessageState.PENDING, due_at=now):
            _note(message, Step.SETTLED, why, now)


def _end_unsettled(message: Message, now: datetime) -> None:
    with transaction.atomic():
        changed = Message.objects.filter(pk=message.pk, state=MessageState.UNKNOWN).update(
            state=MessageState.EXPIRED, due_at=None, ended_at=now
        )
        if changed:
            _note(message, Step.EXPIRED, "périmé, l’opérateur n’a jamais pu être interrogé", now)
    if changed:
        message.state = MessageState.EXPIRED
        follow_up(message)


def ask_for_overdue_receipts() -> int:
    """Ask what became of accepted messages whose receipt is late."""
    messages = claim_questions(MessageState.ACCEPTED, again_after=ASK_AGAIN)
    _one_by_one(messages, _ask)
    return len(messages)


def _ask(message: Message) -> None:
    try:
        fate = transport_for(Channel(message.channel)).ask(message)
    except ProviderUnreachableError as error:
        log.warning(
            "provider unreachable, receipt still missing", message=message.pk, error=str(error)
        )
        return
    if fate.state is not MessageState.ACCEPTED:
        apply_receipt(message.pk, fate, "demandé à l’opérateur")
    else:
        later = next_question(message.accepted_at or message.created_at, timezone.now())
        accepted = Message.objects.filter(pk=message.pk, state=MessageState.ACCEPTED)
        accepted.update(due_at=later)


def _note(message: Message, step: Step, what: str, at: datetime) -> None:
    text = f"{message.in_journal} : {what}."
    write([entry(message.thread, step, text, at=at, message=message.pk)])
