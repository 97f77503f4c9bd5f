"""Ask the provider about messages of unknown state, and about receipts that never came."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog
from django.db import transaction
from django.utils import timezone

from notifier.delivery import routing
from notifier.delivery.follow_up import follow_up
from notifier.delivery.intervals import (
    ASK_AGAIN,
    ASK_FOR_RECEIPT_AGAIN,
    LISTED_WITHIN,
    next_question,
)
from notifier.delivery.models import Message, MessageState
from notifier.delivery.providers.base import (
    Found,
    ProviderIgnorantError,
    ProviderUnreachableError,
    Receipt,
)
from notifier.delivery.providers.registry import provider_for
from notifier.delivery.receipts.apply import apply_receipt
from notifier.delivery.sending.blocked import note_blocked
from notifier.delivery.sending.claim import claim_questions
from notifier.delivery.sending.moving import moves_to
from notifier.delivery.sending.record import SUPERSEDED
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# Seconds that one round spends on questions that a provider does not answer; each may take ten. Its
# others of the round then count as unanswered.
MAX_UNANSWERED_S = 10.0

UNREACHABLE = "l’opérateur n’a pu être interrogé jusqu’à la fin de sa durée de vie"
HIDDEN = (
    "l’opérateur cache ses textes, nul ne peut dire si c’en est un : "
    "il n’est pas renvoyé, d’autres sont prévenus"
)


def reconcile_unknown() -> int:
    """Ask about every due message in `unknown`, and send again only what the provider lacks."""
    messages = claim_questions(MessageState.UNKNOWN, again_after=ASK_AGAIN)
    _one_by_one(messages, _reconcile)
    return len(messages)


def _one_by_one(messages: list[Message], work: Callable[[Message, bool], None]) -> None:
    """Work on each; one that fails does not hold up the others, and is due again later.

    `work` takes the message, and whether there is still time to ask its provider: one that hangs
    takes no other's.
    """
    unanswered_s: defaultdict[str, float] = defaultdict(float)
    for message in messages:
        began = time.monotonic()
        may_ask = unanswered_s[message.provider] < MAX_UNANSWERED_S
        try:
            work(message, may_ask)
        except ProviderUnreachableError as error:
            unanswered_s[message.provider] += time.monotonic() - began
            if may_ask:
                routing.note_unanswered(message, str(error))
            log.warning("provider unreachable, state unknown", message=message.pk, error=str(error))
        except Exception:  # whatever the provider's client makes of a strange answer
            log.exception("provider's answer cannot be read, it is asked again", message=message.pk)


def _reconcile(message: Message, may_ask: bool) -> None:
    provider = provider_for(message)
    if not provider.has_receipts:
        # SMTP: nobody to ask. Once more with the same Message-ID: a lost alert is worse.
        _back_to_pending(
            message, "nul ne peut dire s’il est parti, nouvel essai sous le même numéro"
        )
        return
    try:
        if not may_ask:
            raise ProviderUnreachableError("not asked: nobody answers")
        _reconcile_found(message, provider.find(message))
    except ProviderUnreachableError as error:
        note_blocked(message, f"l’opérateur ne répond pas ({error})")
        if timezone.now() > message.expires_at:
            _give_up(message, UNREACHABLE)
        raise


def _reconcile_found(message: Message, found: Found) -> None:
    now = timezone.now()
    listed = {receipt.provider_id for receipt in found.same} | set(found.hidden)
    others = set(
        Message.objects.filter(provider_id__in=listed)
        .exclude(pk=message.pk)
        .values_list("provider_id", flat=True)
    )
    own = next((receipt for receipt in found.same if receipt.provider_id not in others), None)
    if own is not None:
        apply_receipt(message.pk, replace(own, explanation="retrouvé chez l’opérateur"))
    elif set(found.hidden) - others or not found.is_whole:
        _give_up(message, HIDDEN)
    elif message.claimed_at is not None and now - message.claimed_at >= LISTED_WITHIN:
        _back_to_pending(message, "l’opérateur ne l’a pas reçu, nouvel essai")


def _give_up(message: Message, why: str) -> None:
    """Leave it unknown and follow it up. A receipt may still say what became of it."""
    follow_up(message, _entry(message, Step.SETTLED, why, timezone.now()))
    # One that was cancelled in flight counts as followed up: stop asking about it as well.
    Message.objects.filter(pk=message.pk, state=MessageState.UNKNOWN, is_followed_up=True).update(
        due_at=None
    )


def _back_to_pending(message: Message, why: str) -> None:
    """Send it once more, unless a newer text has superseded it.

    By another provider if its own, which lacks it for certain, is set aside.
    """
    now = timezone.now()
    is_aside = routing.is_set_aside(message.provider)
    provider = (routing.next_provider(message) if is_aside else None) or message.provider
    with transaction.atomic():
        lost = Message.objects.filter(
            pk=message.pk, state=MessageState.UNKNOWN, claim=message.claim
        )
        if lost.filter(superseded_at=None).update(
            state=MessageState.PENDING, due_at=now, provider=provider
        ):
            if provider != message.provider:
                why += f" ; {moves_to(provider)}"
            _note(message, Step.SETTLED, why, now)
        elif lost.exclude(superseded_at=None).update(
            state=MessageState.CANCELLED, due_at=None, ended_at=now
        ):
            _note(message, Step.CANCELLED, SUPERSEDED, now)


def ask_for_overdue_receipts() -> int:
    """Ask what became of accepted messages whose receipt is overdue."""
    messages = claim_questions(MessageState.ACCEPTED, again_after=ASK_FOR_RECEIPT_AGAIN)
    _one_by_one(messages, _ask)
    return len(messages)


def _ask(message: Message, may_ask: bool) -> None:
    again_at = next_question(message.accepted_at or message.created_at, timezone.now())
    accepted = Message.objects.filter(pk=message.pk, state=MessageState.ACCEPTED)
    try:
        if not may_ask:
            raise ProviderUnreachableError("not asked: nobody answers")
        receipt = provider_for(message).ask(message)
    except ProviderUnreachableError:
        if again_at is None:
            accepted.update(due_at=None)
        raise
    except ProviderIgnorantError as error:
        # Nothing will ever say that it arrived: somebody else is told.
        lost = Receipt(
            message.provider_id,
            MessageState.UNDELIVERED,
            error.code,
            explanation="l’opérateur n’en a plus trace",
        )
        apply_receipt(message.pk, lost)
        return
    if receipt.state is not MessageState.ACCEPTED:
        apply_receipt(message.pk, replace(receipt, explanation="demandé à l’opérateur"))
    else:
        accepted.update(due_at=again_at)


def _note(message: Message, step: Step, what: str, at: datetime) -> None:
    write_entries([_entry(message, step, what, at)])


def _entry(message: Message, step: Step, what: str, at: datetime) -> Entry:
    text = f"{message.journal_label} : {what}."
    return new_entry(message.incident_id, step, text, at=at, message_id=message.pk)
