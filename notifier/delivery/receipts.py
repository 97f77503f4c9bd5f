"""Receipts: what the provider says of a message: early, late, twice, out of order or never."""

from datetime import datetime
from enum import StrEnum

from django.db import connection, transaction
from django.utils import timezone

from notifier.delivery.follow_up import follow_up
from notifier.delivery.models import OPEN, Message, MessageState
from notifier.delivery.schedule import RECEIPT_OVERDUE
from notifier.delivery.stored import stored
from notifier.delivery.transports.base import Fate
from notifier.journal.models import Step
from notifier.journal.write import entry, write

# From which states a receipt may lead to the state that it tells. `pending` and `expired` are there
# for the message that we gave up for lost while its provider had it: its receipt is the truth.
COMES_FROM = {
    MessageState.ACCEPTED: OPEN,
    MessageState.DELIVERED: (*OPEN, MessageState.ACCEPTED, MessageState.EXPIRED),
    MessageState.UNDELIVERED: (*OPEN, MessageState.ACCEPTED),
}


class Reading(StrEnum):
    """What reading a receipt changed: something, nothing any more; or why it is none of ours."""

    APPLIED = "applied"
    OLD_NEWS = "old_news"
    OF_ANOTHER_TEXT = "of_another_text"
    NO_SUCH_MESSAGE = "no_such_message"


def apply_receipt(message_id: int, fate: Fate, explanation: str = "") -> Reading:
    """Apply what the provider says to the message, once; two statements when it is news.

    `explanation` is the provider's reason in French.
    """
    if fate.state is MessageState.ACCEPTED:
        # Most of these say what the provider's own answer has said: no transaction for that.
        reading = _why_unchanged(message_id, fate)
        if reading:
            return reading
    now = timezone.now()
    with transaction.atomic():
        message = _advance(message_id, fate, now)
        if message is not None:
            reason = f" : {explanation}" if explanation else ""
            write(
                [
                    entry(
                        message.thread,
                        Step.RECEIPT,
                        f"{message.in_journal} : {message.get_state_display()}{reason}.",
                        at=now,
                        message=message.pk,
                        state=fate.state,
                        code=fate.code,
                        provider_id=fate.provider_id,
                    )
                ]
            )
    if message is None:
        return _why_unchanged(message_id, fate) or Reading.OLD_NEWS
    if fate.state is MessageState.UNDELIVERED:
        follow_up(Message.objects.get(pk=message_id))
    return Reading.APPLIED


def _why_unchanged(message_id: int, fate: Fate) -> Reading | None:
    """Why the receipt changes nothing; None if it does, as far as one can see without a lock."""
    rows = Message.objects.filter(pk=message_id).order_by()
    for state, provider_id, address in rows.values_list("state", "provider_id", "address"):
        if provider_id not in ("", fate.provider_id) or fate.address not in ("", address):
            return Reading.OF_ANOTHER_TEXT
        return None if state in COMES_FROM[fate.state] else Reading.OLD_NEWS
    return Reading.NO_SUCH_MESSAGE


def _advance(message_id: int, fate: Fate, now: datetime) -> Message | None:
    """The message as it is after the receipt; None if that changes nothing. One statement.

    An early receipt finds no number recorded yet, and brings it.
    """
    is_end = fate.state is not MessageState.ACCEPTED
    moment = stored(now)
    overdue = stored(now + RECEIPT_OVERDUE[0])
    states = COMES_FROM[fate.state]
    marks = ", ".join(["%s"] * len(states))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE delivery_message SET state = %s, due_at = %s, ended_at = %s, error_code = %s, "  # noqa: S608 - nothing but marks and names of this module is built in
            "provider_id = CASE WHEN provider_id = '' THEN %s ELSE provider_id END, "
            "accepted_at = COALESCE(accepted_at, %s) "
            f"WHERE id = %s AND state IN ({marks}) "
            f"AND provider_id IN ('', %s) AND %s IN ('', address) RETURNING {', '.join(_TOLD)}",
            [
                fate.state,
                None if is_end else overdue,
                moment if is_end else None,
                fate.code,
                fate.provider_id,
                moment,
                message_id,
                *states,
                fate.provider_id,
                fate.address,
            ],
        )
        row = cursor.fetchone()
    return Message.from_db(connection.alias, _TOLD, row) if row else None


# What the journal says of a message, in the model's order; all of it is read for one that ended
# badly alone, and most receipts do not.
_TOLD = ("id", "channel", "address", "thread", "title", "state")
