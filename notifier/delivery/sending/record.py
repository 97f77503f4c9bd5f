"""Record what came of attempts: one UPDATE for all that were accepted, one for each other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from notifier.delivery import routing, sql
from notifier.delivery.follow_up import follow_up
from notifier.delivery.intervals import LISTED_WITHIN, RECEIPT_OVERDUE, next_attempt
from notifier.delivery.models import PRIVATE, Attempt, Message, MessageState, Result
from notifier.delivery.providers.base import Outcome, SendResult
from notifier.delivery.providers.registry import provider_for
from notifier.delivery.sending.blocked import warn_if_blocked
from notifier.delivery.sending.moving import moves_to
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

SUPERSEDED = "retiré : un texte plus récent le remplace"


def record(results: list[SendResult]) -> None:
    """Record the results in one short transaction, then follow up failed deliveries."""
    tried = [(r.message.provider, r) for r in results]
    accepted = [r for r in results if r.outcome.result is Result.ACCEPTED]
    others = [r for r in results if r.outcome.result is not Result.ACCEPTED]
    with transaction.atomic():
        if accepted:
            _record_accepted(accepted)
            erase_private([r.message for r in accepted])
        failed = [r.message for r in others if _record_other(r)]
        attempts = [_attempt_row(r, provider) for provider, r in tried]
        Attempt.objects.bulk_create(attempts)
        write_entries(_entry(r, a) for r, a in zip(results, attempts, strict=True))
    for message in failed:
        follow_up(message)
    _note_results(tried)


def _note_results(tried: list[tuple[str, SendResult]]) -> None:
    try:
        routing.note_results(tried)
    except Exception:  # the texts are recorded, and must not be recorded again
        log.exception("how a provider is doing could not be noted")


def _record_accepted(results: list[SendResult]) -> None:
    recorded = sql.accept((r, _receipt_overdue_at(r)) for r in results)
    if recorded < len(results):
        ids = [r.message.pk for r in results]
        log.error("accepted on a claim that another worker has taken over", messages=ids)


def erase_private(messages: Iterable[Message]) -> None:
    """Erase the texts that are their readers' secrets, of messages that need them no longer."""
    private = [message.pk for message in messages if message.recipient == PRIVATE]
    if private:
        Message.objects.filter(pk__in=private).update(body="", subject="")


def _receipt_overdue_at(accepted: SendResult) -> datetime | None:
    if not provider_for(accepted.message).has_receipts:
        return None
    return accepted.ended_at + RECEIPT_OVERDUE[0]


def _record_other(result: SendResult) -> bool:
    """Record an attempt that was not accepted; return whether the delivery has failed by it."""
    message, outcome = result.message, result.outcome
    claimed = Message.objects.filter(
        pk=message.pk, claim=message.claim, state__in=(MessageState.SENDING, MessageState.UNKNOWN)
    )
    # A text of which it is certain that it did not leave need not wait for a provider that fails.
    is_certain = outcome.result is Result.RETRY and outcome.is_common
    other = routing.next_provider(message) if is_certain else None
    wait_s = None if other else outcome.retry_after_s
    state, due_at = _next_state(message, outcome, result.ended_at, wait_s)
    steps = [(claimed, state, due_at)]
    if state in (MessageState.PENDING, MessageState.EXPIRED):
        # A newer text may supersede it at any moment: each UPDATE looks for itself.
        steps = [
            (claimed.filter(superseded_at=None), state, due_at),
            (claimed.exclude(superseded_at=None), MessageState.CANCELLED, None),
        ]
    for rows, state, due_at in steps:
        is_moved = other is not None and state == MessageState.PENDING
        code = "" if is_moved else outcome.code
        provider = other if other and is_moved else message.provider
        if rows.update(
            state=state,
            due_at=due_at,
            provider=provider,
            error_code=code,
            ended_at=result.ended_at if due_at is None else None,
            blocked_since=_blocked_since(result),
        ):
            message.state, message.provider, message.error_code = state, provider, code
            if outcome.is_common:
                warn_if_blocked(message, result.started_at, outcome.detail)
            return state in (MessageState.FAILED, MessageState.EXPIRED)
    return False


def _blocked_since(result: SendResult) -> Coalesce | None:
    if not result.outcome.is_common:
        return None
    return Coalesce("blocked_since", Value(result.started_at))


def _next_state(
    message: Message, outcome: Outcome, now: datetime, wait_s: float | None
) -> tuple[MessageState, datetime | None]:
    """Decide whether to retry: return the state after an attempt, and when the message is due.

    After an attempt that was not accepted; that of a message which no newer text has superseded.
    `wait_s`: not before so long, as its next provider asks.
    """
    if outcome.result is Result.PERMANENT:
        return MessageState.FAILED, None
    if outcome.result is Result.UNKNOWN and provider_for(message).has_receipts:
        return MessageState.UNKNOWN, now + LISTED_WITHIN
    again_at = next_attempt(message.attempt_count, now, wait_s)
    if again_at >= message.expires_at:
        return MessageState.EXPIRED, None
    return MessageState.PENDING, again_at


def _attempt_row(result: SendResult, tried: str) -> Attempt:
    return Attempt(
        message=result.message,
        number=result.message.attempt_count,
        started_at=result.started_at,
        ended_at=result.ended_at,
        result=result.outcome.result,
        code=result.outcome.code,
        detail=_describe(result.message, result.outcome, tried),
        provider_id=result.outcome.provider_id,
    )


def _describe(message: Message, outcome: Outcome, tried: str) -> str:
    """Say in French what came of an attempt, with the provider `tried`, that has been recorded."""
    not_sent = "à réessayer" if message.state == MessageState.PENDING else "pas parti"
    detail = {
        Result.ACCEPTED: provider_for(message).accepted_by,
        Result.PERMANENT: f"refusé : {outcome.detail}",
        Result.UNKNOWN: f"sort inconnu : {outcome.detail}",
        Result.RETRY: f"{not_sent} : {outcome.detail}",
    }[outcome.result]
    if message.provider != tried:
        detail += f" ; {moves_to(message.provider)}"
    if message.state == MessageState.CANCELLED:
        detail += f" ; {SUPERSEDED}"
    if message.state == MessageState.EXPIRED:
        detail += " ; périmé avant un nouvel essai"
    return detail


def _entry(result: SendResult, attempt: Attempt) -> Entry:
    message = result.message
    return new_entry(
        message.incident_id,
        Step.ATTEMPT,
        f"{message.journal_label}, essai {attempt.number} : {attempt.detail}.",
        at=attempt.ended_at,
        message_id=message.pk,
        channel=message.channel,
        attempt=attempt.number,
        result=attempt.result,
        code=attempt.code,
        provider_id=attempt.provider_id,
        started_at=attempt.started_at.isoformat(),
        **_since_report(result),
    )


def _since_report(result: SendResult) -> dict[str, float]:
    """Return how many seconds after its report the provider took the message."""
    reported_at = result.message.reported_at
    if result.outcome.result is not Result.ACCEPTED or reported_at is None:
        return {}
    return {"after_report_s": round((result.ended_at - reported_at).total_seconds(), 3)}
