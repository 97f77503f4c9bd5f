"""Record what came of tries: one UPDATE for all that were accepted, one for each that was not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from notifier.delivery.follow_up import follow_up
from notifier.delivery.models import OPEN, Channel, Message, MessageState
from notifier.delivery.outbox import SUPERSEDED, is_superseded
from notifier.delivery.providers.base import Attempt, Outcome, Result
from notifier.delivery.providers.registry import provider_for
from notifier.delivery.retry import LISTED_WITHIN, RECEIPT_OVERDUE, next_try
from notifier.delivery.sending.blocked import warn_if_blocked
from notifier.delivery.stored import stored
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)


def record(tries: list[Attempt]) -> None:
    """Write the outcomes and their entries in one short transaction, then follow up bad ends."""
    accepted = [t for t in tries if t.outcome.result is Result.ACCEPTED]
    others = [t for t in tries if t.outcome.result is not Result.ACCEPTED]
    with transaction.atomic():
        if accepted:
            _record_accepted(accepted)
        ended = [t.message for t in others if _record_other(t)]
        write_entries(_entry(t) for t in tries)
    for message in ended:
        follow_up(message)


def _record_accepted(tries: list[Attempt]) -> None:
    """A receipt may have come before us: the state then stays as the receipt left it.

    `pending` is left as well as `sending` and `unknown`: with our claim still on it, it is a
    message that was given up for lost while its provider had it.
    """
    open_states = ", ".join(f"'{state}'" for state in OPEN)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE delivery_message SET error_code = '', blocked_since = NULL, provider_id = %s, "  # noqa: S608 - constants of this module
            "accepted_at = COALESCE(accepted_at, %s), "
            f"due_at = CASE WHEN state IN ({open_states}) THEN %s ELSE due_at END, "
            f"ended_at = CASE WHEN state IN ({open_states}) THEN %s ELSE ended_at END, "
            f"state = CASE WHEN state IN ({open_states}) THEN 'accepted' ELSE state END "
            "WHERE id = %s AND claim = %s",
            # In the order of their ids, as receipts: they seldom wait for each other crosswise.
            [_acceptance(t) for t in sorted(tries, key=lambda t: t.message.pk)],
        )
        landed = cursor.rowcount
    if landed < len(tries):
        ids = [t.message.pk for t in tries]
        log.error("accepted on a claim that another worker has taken over", messages=ids)


def _acceptance(accepted: Attempt) -> tuple[Any, ...]:
    """What `_record_accepted` writes of a try; an end at once where no receipt will come."""
    message, at = accepted.message, stored(accepted.ended_at)
    due_at, ended_at = None, at
    if _has_receipts(message):
        due_at, ended_at = stored(accepted.ended_at + RECEIPT_OVERDUE[0]), None
    return accepted.outcome.provider_id, at, due_at, ended_at, message.pk, message.claim


def _record_other(ended: Attempt) -> bool:
    """Put a message that was not accepted where it belongs; True if that was its end."""
    message, outcome = ended.message, ended.outcome
    mine = Message.objects.filter(
        pk=message.pk, claim=message.claim, state__in=(MessageState.SENDING, MessageState.UNKNOWN)
    )
    state, due_at = _next_state(message, outcome, ended.ended_at)
    is_bad_end = state in (MessageState.FAILED, MessageState.EXPIRED)
    blocked = Coalesce("blocked_since", Value(ended.started_at)) if outcome.is_common else None
    changed = mine.update(
        state=state,
        due_at=due_at,
        error_code=outcome.code,
        ended_at=ended.ended_at if due_at is None else None,
        blocked_since=blocked,
    )
    if changed and outcome.is_common:
        warn_if_blocked(message, ended.started_at, outcome.detail)
    if changed:
        message.state, message.error_code = state, outcome.code
    return bool(changed) and is_bad_end


def _next_state(
    message: Message, outcome: Outcome, now: datetime
) -> tuple[MessageState, datetime | None]:
    if outcome.result is Result.PERMANENT:
        return MessageState.FAILED, None
    if outcome.result is Result.UNKNOWN and _has_receipts(message):
        return MessageState.UNKNOWN, now + LISTED_WITHIN
    if is_superseded(message):
        return MessageState.CANCELLED, None
    again_at = next_try(message.attempts, now, outcome.retry_after_s)
    if again_at >= message.expires_at:
        return MessageState.EXPIRED, None
    return MessageState.PENDING, again_at


def _has_receipts(message: Message) -> bool:
    return provider_for(Channel(message.channel)).has_receipts


def _entry(ended: Attempt) -> Entry:
    message, outcome = ended.message, ended.outcome
    not_sent = "à réessayer" if message.state == MessageState.PENDING else "pas parti"
    came_of_it = {
        Result.ACCEPTED: provider_for(Channel(message.channel)).accepted_by,
        Result.PERMANENT: f"refusé : {outcome.detail}",
        Result.UNKNOWN: f"sort inconnu : {outcome.detail}",
        Result.RETRY: f"{not_sent} : {outcome.detail}",
    }[outcome.result]
    if message.state == MessageState.CANCELLED:
        came_of_it += f" ; {SUPERSEDED}"
    if message.state == MessageState.EXPIRED:
        came_of_it += " ; périmé avant un nouvel essai"
    return new_entry(
        message.thread,
        Step.ATTEMPT,
        f"{message.in_journal}, essai {message.attempts} : {came_of_it}.",
        at=ended.ended_at,
        message=message.pk,
        channel=message.channel,
        attempt=message.attempts,
        result=outcome.result,
        code=outcome.code,
        provider_id=outcome.provider_id,
        started_at=ended.started_at.isoformat(),
        **_since_report(ended),
    )


def _since_report(ended: Attempt) -> dict[str, float]:
    """Of what the provider took, how long after its report, in seconds."""
    reported_at = ended.message.reported_at
    if ended.outcome.result is not Result.ACCEPTED or reported_at is None:
        return {}
    return {"after_report_s": round((ended.ended_at - reported_at).total_seconds(), 3)}
