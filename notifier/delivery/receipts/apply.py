"""Receipts: what the provider says of a message: early, late, twice, out of order or never."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from notifier.delivery.follow_up import follow_up
from notifier.delivery.models import ARRIVED, BAD_ENDS, OPEN, Message, MessageState
from notifier.delivery.providers.base import Fate
from notifier.delivery.retry import RECEIPT_OVERDUE
from notifier.delivery.stored import loaded, stored
from notifier.jobs.group_commit import GroupCommit
from notifier.journal.models import Entry, Step
from notifier.journal.write import entry, write

# From which states a receipt may lead to the state that it tells. `pending` and the ends are there
# for the message that we gave up for lost, or withdrew before a second try, while its provider had
# it; and a network that said that it could not deliver (30008) may do so after all. That the phone
# has the text is the truth, whatever was said before.
_ON_ITS_WAY = (*OPEN, MessageState.ACCEPTED)
_SAID_NOT_TO_ARRIVE = (*BAD_ENDS, MessageState.CANCELLED)
COMES_FROM = {
    MessageState.ACCEPTED: OPEN,
    MessageState.UNDELIVERED: _ON_ITS_WAY,
    MessageState.DELIVERED: (*_ON_ITS_WAY, *_SAID_NOT_TO_ARRIVE),
    MessageState.READ: (*_ON_ITS_WAY, *_SAID_NOT_TO_ARRIVE, MessageState.DELIVERED),
}


class Reading(StrEnum):
    """What reading a receipt changed: something, nothing any more; or why it is none of ours."""

    APPLIED = "applied"
    OLD_NEWS = "old_news"
    OF_ANOTHER_TEXT = "of_another_text"
    NO_SUCH_MESSAGE = "no_such_message"


@dataclass(frozen=True)
class Receipt:
    """What the provider says of a message; `explanation` is its reason in French."""

    message_id: int
    fate: Fate
    explanation: str = ""


def apply_receipt(message_id: int, fate: Fate, explanation: str = "") -> Reading:
    """Apply what the provider says to the message, once, and follow up a bad end.

    `explanation` is the provider's reason in French.
    """
    reading = _apply_jointly(Receipt(message_id, fate, explanation))
    if reading is Reading.APPLIED and fate.state is MessageState.UNDELIVERED:
        follow_up(Message.objects.get(pk=message_id))
    return reading


def apply_all(receipts: list[Receipt]) -> list[Reading]:
    """Apply what the provider says, once; what each of these changed. Follows nothing up.

    Several of one message are applied one after the other. All or nothing, unless there are such.
    """
    readings: dict[int, Reading] = {}
    while len(readings) < len(receipts):
        of_each: dict[int, int] = {}
        for place, receipt in enumerate(receipts):
            if place not in readings:
                of_each.setdefault(receipt.message_id, place)
        first_of_each = {message_id: receipts[place] for message_id, place in of_each.items()}
        changed = _apply_one_each(first_of_each)
        readings |= {place: changed[message_id] for message_id, place in of_each.items()}
    return [readings[place] for place in range(len(receipts))]


# Those that come within so long share a transaction, and so a wait for the disk. A receipt takes
# the provider a second and more: so little does not make the next person's alert late.
MIN_INTERVAL_S = 0.02
_apply_jointly = GroupCommit(apply_all, most=32, apart_s=MIN_INTERVAL_S)


def _apply_one_each(receipts: dict[int, Receipt]) -> dict[int, Reading]:
    """What each of these changed, by message."""
    # Most of these say what the provider's own answer has said: no transaction for that.
    readings = _why_unchanged(
        [r for r in receipts.values() if r.fate.state is MessageState.ACCEPTED]
    )
    news = {pk: receipt for pk, receipt in receipts.items() if pk not in readings}
    applied = _advance(news) if news else set()
    readings |= dict.fromkeys(applied, Reading.APPLIED)
    unchanged = [receipt for pk, receipt in news.items() if pk not in applied]
    readings |= dict.fromkeys((r.message_id for r in unchanged), Reading.OLD_NEWS)
    return readings | _why_unchanged(unchanged)


def _why_unchanged(receipts: list[Receipt]) -> dict[int, Reading]:
    """Why these change nothing, by message; without those that do, as far as one can see without
    a lock. One statement."""
    if not receipts:
        return {}
    messages = Message.objects.filter(pk__in=[r.message_id for r in receipts]).order_by()
    rows = messages.values_list("pk", "state", "provider_id", "address")
    found = {pk: (state, provider_id, address) for pk, state, provider_id, address in rows}
    readings = {r.message_id: _reading(r.fate, found.get(r.message_id)) for r in receipts}
    return {pk: reading for pk, reading in readings.items() if reading}


def _reading(fate: Fate, message: tuple[str, str, str] | None) -> Reading | None:
    if message is None:
        return Reading.NO_SUCH_MESSAGE
    state, provider_id, address = message
    if provider_id not in ("", fate.provider_id) or fate.address not in ("", address):
        return Reading.OF_ANOTHER_TEXT
    return None if state in COMES_FROM[fate.state] else Reading.OLD_NEWS


def _advance(receipts: dict[int, Receipt]) -> set[int]:
    """Bring the messages to where their receipts lead, and say so in the journal; which ones moved.

    One short transaction, two statements.
    """
    now = timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(*_advancing(receipts, now))
            rows = cursor.fetchall()
        moved = [Message.from_db(connection.alias, _TOLD, row) for row in rows]
        write(_line(message, receipts[message.pk], now) for message in moved)
    return {message.pk for message in moved}


def _line(message: Message, receipt: Receipt, now: datetime) -> Entry:
    reason = f" : {receipt.explanation}" if receipt.explanation else ""
    return entry(
        message.thread,
        Step.RECEIPT,
        f"{message.in_journal} : {message.get_state_display()}{reason}.",
        at=now,
        message=message.pk,
        channel=message.channel,
        state=receipt.fate.state,
        code=receipt.fate.code,
        after_handover_s=round((now - (loaded(message.accepted_at) or now)).total_seconds(), 3),
        provider_id=receipt.fate.provider_id,
    )


def _advancing(receipts: dict[int, Receipt], now: datetime) -> tuple[str, list[Any]]:
    """The statement that advances the messages whose state allows it, and what it is given.

    An early receipt finds no number recorded yet, and brings it. In the order of their ids, so that
    two processes seldom wait for each other's rows crosswise; one of them then begins anew. The two
    databases have no words in common to name the columns of VALUES, but both number them: column1
    is the message, then come state, code, number and address.
    """
    said = [(pk, receipts[pk].fate) for pk in sorted(receipts)]
    sql = (
        "UPDATE delivery_message SET state = r.column2, "  # noqa: S608 - constants of this module and marks
        f"due_at = CASE WHEN r.column2 = 'accepted' THEN %s WHEN {_AFTER_ALL} THEN %s END, "
        "ended_at = CASE WHEN r.column2 = 'accepted' THEN NULL "
        "WHEN state = 'delivered' THEN ended_at ELSE %s END, "
        "error_code = r.column3, "
        "provider_id = CASE WHEN provider_id = '' THEN r.column4 ELSE provider_id END, "
        "accepted_at = COALESCE(accepted_at, %s) "
        f"FROM (VALUES {', '.join(['(%s, %s, %s, %s, %s)'] * len(said))}) AS r "
        f"WHERE id = r.column1 AND ({_ALLOWED}) "
        "AND provider_id IN ('', r.column4) AND r.column5 IN ('', address) "
        f"RETURNING {', '.join(_TOLD)}"
    )
    given = [stored(now + RECEIPT_OVERDUE[0]), stored(now), stored(now), stored(now)]
    for pk, fate in said:
        given += [pk, str(fate.state), fate.code, fate.provider_id, fate.address]
    return sql, given


def _quoted(states: Iterable[MessageState]) -> str:
    return ", ".join(f"'{state}'" for state in states)


_ALLOWED = " OR ".join(
    f"(r.column2 = '{state}' AND state IN ({_quoted(before)}))"
    for state, before in COMES_FROM.items()
)
# What arrived though it was thought lost has something due still
# (notifier.delivery.follow_up).
_AFTER_ALL = (
    f"r.column2 IN ({_quoted(ARRIVED)}) AND (state IN ({_quoted(_SAID_NOT_TO_ARRIVE)}) "
    "OR (state = 'unknown' AND is_followed_up))"
)
# What the journal says of a message, in the model's order; all of it is read for one that ended
# badly alone, and most receipts do not.
_TOLD = ("id", "channel", "address", "thread", "title", "state", "accepted_at")
