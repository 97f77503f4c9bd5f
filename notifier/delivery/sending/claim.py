"""Claims: a worker takes messages for itself, in one UPDATE, before it touches a provider.

A claim is a lease. Whoever dies with one leaves `sending` behind; the sweep turns it to `unknown`.
"""

from datetime import timedelta
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from notifier.delivery.models import EVERYTHING, EXEMPT, Lane, Message, MessageState
from notifier.delivery.retry import LEASE
from notifier.delivery.stored import stored

BATCH = 32
# Whether a pause holds a message (notifier.delivery.sending.pause).
PAUSED = (
    f"source <> '{EXEMPT}' AND EXISTS (SELECT 1 FROM delivery_pause p "  # noqa: S608 - constants
    f"WHERE p.source = delivery_message.source OR p.source = '{EVERYTHING}')"
)
NOTE_BATCH_SIZE = 500


def claim_due(lane: Lane, most: int = BATCH) -> list[Message]:
    """Claim the lane's due messages that no pause holds, oldest due first, as `sending`.

    One statement.
    """
    now = timezone.now()
    return _claim(
        "state = %s, attempt_count = attempt_count + 1, claim = %s, claimed_at = %s, due_at = %s",
        [MessageState.SENDING, uuid4().hex, stored(now), stored(now + LEASE)],
        f"lane = %s AND state = %s AND due_at <= %s AND expires_at > %s AND NOT ({PAUSED})",
        [lane, MessageState.PENDING, stored(now), stored(now)],
        most,
    )


def claim_questions(
    state: MessageState, again_after: timedelta, most: int = BATCH
) -> list[Message]:
    """Take due messages in `state` for a question to the provider. The state stays. One UPDATE."""
    now = timezone.now()
    return _claim(
        "due_at = %s",
        [stored(now + again_after)],
        "state = %s AND due_at <= %s",
        [state, stored(now)],
        most,
    )


def mark_expired_leases(most: int = BATCH) -> list[Message]:
    """Turn `sending` whose lease ran out into `unknown`, due at once. One statement."""
    now = stored(timezone.now())
    return _claim(
        "state = %s, due_at = %s", [MessageState.UNKNOWN, now],
        "state = %s AND due_at <= %s", [MessageState.SENDING, now], most,
    )  # fmt: skip


def expire_pending(most: int = BATCH) -> list[Message]:
    """Turn `pending` past its lifetime into `expired`, unless a pause holds it. One statement."""
    now = stored(timezone.now())
    return _claim(
        "state = %s, due_at = NULL, ended_at = %s", [MessageState.EXPIRED, now],
        f"state = %s AND expires_at <= %s AND NOT ({PAUSED})", [MessageState.PENDING, now], most,
    )  # fmt: skip


def expire_paused(most: int = NOTE_BATCH_SIZE) -> list[Message]:
    """As `outlived`, what a pause held that is over; it is not to be followed up one by one."""
    now = stored(timezone.now())
    return _claim(
        "state = %s, due_at = NULL, ended_at = %s, is_followed_up = %s",
        [MessageState.EXPIRED, now, True],
        f"state = %s AND expires_at <= %s AND paused_at IS NOT NULL AND NOT ({PAUSED})",
        [MessageState.PENDING, now],
        most,
    )


def note_paused(most: int = NOTE_BATCH_SIZE) -> list[Message]:
    """Mark what a pause holds and is not marked yet. One statement."""
    return _claim(
        "paused_at = %s", [stored(timezone.now())],
        f"state = %s AND paused_at IS NULL AND {PAUSED}", [MessageState.PENDING], most,
    )  # fmt: skip


def withdrawn(source: str, most: int = NOTE_BATCH_SIZE) -> list[Message]:
    """Turn `pending` of the source into `cancelled`. One statement."""
    return _claim(
        "state = %s, due_at = NULL, ended_at = %s",
        [MessageState.CANCELLED, stored(timezone.now())],
        "state = %s AND source = %s", [MessageState.PENDING, source], most,
    )  # fmt: skip


def _claim(
    changes: str, new_values: list[object], where: str, old_values: list[object], most: int
) -> list[Message]:
    # SKIP LOCKED: two workers take two batches instead of waiting for each other; SQLite has one
    # writer at a time and neither needs nor knows it. MATERIALIZED: PostgreSQL may otherwise run
    # the inner query once for each row and take more than its LIMIT. The outer WHERE repeats the
    # condition, so that a row that changed between the two reads is not taken.
    skip = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    sql = (
        f"WITH due AS MATERIALIZED (SELECT id FROM delivery_message WHERE {where} "  # noqa: S608 - constants of this module
        f"ORDER BY due_at LIMIT {int(most)} {skip}) "
        f"UPDATE delivery_message SET {changes} WHERE id IN (SELECT id FROM due) "
        f"AND {where} RETURNING *"
    )
    return list(Message.objects.raw(sql, [*old_values, *new_values, *old_values]))
