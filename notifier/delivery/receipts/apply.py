"""Apply receipts, which may come early, late, twice, out of order or never."""

from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from notifier.delivery import sql
from notifier.delivery.follow_up import follow_up
from notifier.delivery.intervals import RECEIPT_OVERDUE
from notifier.delivery.models import RECEIPT_TRANSITIONS, Message, MessageState
from notifier.delivery.providers.base import Receipt
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries


class ReceiptResult(StrEnum):
    """What came of a receipt: it changed the message, or why it did not."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"  # the message is there already, or further
    MISMATCH = "mismatch"  # another number or another address than the message's own
    UNKNOWN_MESSAGE = "unknown_message"


def apply_receipt(message_id: int, receipt: Receipt) -> ReceiptResult:
    """Apply what the provider says to the message, once, and follow up a failed delivery."""
    return apply_receipts([(message_id, receipt)])[0]


def apply_receipts(receipts: list[tuple[int, Receipt]]) -> list[ReceiptResult]:
    """Apply receipts as `apply_all` does, and follow up failed deliveries."""
    results = apply_all(receipts)
    for (message_id, receipt), result in zip(receipts, results, strict=True):
        if result is ReceiptResult.APPLIED and receipt.state is MessageState.UNDELIVERED:
            follow_up(Message.objects.get(pk=message_id))
    return results


def apply_all(receipts: list[tuple[int, Receipt]]) -> list[ReceiptResult]:
    """Apply receipts, each with the id of its message, and return a result for each, in order.

    Follows nothing up. Several of one message are applied one after the other. All or nothing,
    unless there are such.
    """
    results: dict[int, ReceiptResult] = {}
    while len(results) < len(receipts):
        first_of_each: dict[int, int] = {}
        for index, (message_id, _) in enumerate(receipts):
            if index not in results:
                first_of_each.setdefault(message_id, index)
        applied = _apply_distinct({pk: receipts[index][1] for pk, index in first_of_each.items()})
        results |= {index: applied[pk] for pk, index in first_of_each.items()}
    return [results[index] for index in range(len(receipts))]


def _apply_distinct(receipts: dict[int, Receipt]) -> dict[int, ReceiptResult]:
    """Apply one receipt per message, by its id."""
    # Most of these say what the provider's own answer has said: no transaction for that.
    results = _why_unchanged(
        {pk: r for pk, r in receipts.items() if r.state is MessageState.ACCEPTED}
    )
    news = {pk: receipt for pk, receipt in receipts.items() if pk not in results}
    applied = _advance(news) if news else set()
    results |= dict.fromkeys(applied, ReceiptResult.APPLIED)
    unchanged = {pk: receipt for pk, receipt in news.items() if pk not in applied}
    results |= dict.fromkeys(unchanged, ReceiptResult.UNCHANGED)
    return results | _why_unchanged(unchanged)


def _why_unchanged(receipts: dict[int, Receipt]) -> dict[int, ReceiptResult]:
    """Return why these change nothing; without those that do, as far as one can see unlocked.

    One statement.
    """
    if not receipts:
        return {}
    messages = Message.objects.filter(pk__in=receipts).order_by()
    rows = messages.values_list("pk", "state", "provider_id", "address")
    found = {pk: (state, provider_id, address) for pk, state, provider_id, address in rows}
    results = {pk: _refusal(receipt, found.get(pk)) for pk, receipt in receipts.items()}
    return {pk: result for pk, result in results.items() if result}


def _refusal(receipt: Receipt, message: tuple[str, str, str] | None) -> ReceiptResult | None:
    if message is None:
        return ReceiptResult.UNKNOWN_MESSAGE
    state, provider_id, address = message
    if provider_id not in ("", receipt.provider_id) or receipt.address not in ("", address):
        return ReceiptResult.MISMATCH
    return None if state in RECEIPT_TRANSITIONS[receipt.state] else ReceiptResult.UNCHANGED


def _advance(receipts: dict[int, Receipt]) -> set[int]:
    """Advance the messages and write it into the journal; return the ids of those that moved.

    One short transaction, two statements.
    """
    now = timezone.now()
    with transaction.atomic():
        moved = sql.apply_receipts(receipts, now=now, overdue_at=now + RECEIPT_OVERDUE[0])
        write_entries(_entry(message, receipts[message.pk], now) for message in moved)
    return {message.pk for message in moved}


def _entry(message: Message, receipt: Receipt, now: datetime) -> Entry:
    reason = f" : {receipt.explanation}" if receipt.explanation else ""
    return new_entry(
        message.incident_id,
        Step.RECEIPT,
        f"{message.journal_label} : {message.get_state_display()}{reason}.",
        at=now,
        message_id=message.pk,
        channel=message.channel,
        state=receipt.state,
        code=receipt.code,
        after_handover_s=round((now - (message.accepted_at or now)).total_seconds(), 3),
        provider_id=receipt.provider_id,
    )
