"""Batches that write the same rows at once take them in one order: none waits crosswise.

PostgreSQL promises no order in which an UPDATE of many takes its rows, and takes them differently
by how many they are: as they lie on the disk, or one by one as they are named.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from notifier.delivery import sql
from notifier.delivery.models import Lane, Message, MessageState, Result
from notifier.delivery.outbox import enqueue_messages
from notifier.delivery.providers.base import Outcome, Receipt, SendResult
from notifier.delivery.sending.claim import claim_due
from tests.delivery.samples import OUTGOING

Write = Callable[[Sequence[Message]], None]
NUMBER = 400


def accept(messages: Sequence[Message]) -> None:
    now = timezone.now()
    results = [SendResult(m, Outcome(Result.ACCEPTED, f"SM{m.pk}"), now, now) for m in messages]
    sql.accept((result, None) for result in results)


def receive(messages: Sequence[Message]) -> None:
    now = timezone.now()
    receipts = {m.pk: Receipt(f"SM{m.pk}", MessageState.DELIVERED) for m in messages}
    sql.apply_receipts(receipts, now=now, overdue_at=now)


@pytest.fixture
def messages(real_commits: None) -> list[Message]:
    """Messages that were claimed, by id; on PostgreSQL's disk the latest lies first."""
    until = timezone.now() + timedelta(hours=1)
    enqueue_messages([replace(OUTGOING, expires_at=until)] * NUMBER)
    claimed: list[Message] = []
    while more := claim_due(Lane.URGENT):
        claimed += more
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("CREATE INDEX latest_first ON delivery_message ((-id))")
            cursor.execute("CLUSTER delivery_message USING latest_first")
            cursor.execute("DROP INDEX latest_first")
            cursor.execute("ANALYZE delivery_message")
    return sorted(claimed, key=lambda message: message.pk)


@pytest.mark.parametrize("many", [accept, receive])
@pytest.mark.parametrize("few", [accept, receive])
def test_a_large_and_a_small_batch_of_the_same_rows_are_both_written(
    messages: list[Message], many: Write, few: Write
) -> None:
    middle = NUMBER // 2
    with ThreadPoolExecutor(2) as workers:
        with transaction.atomic():
            Message.objects.select_for_update().get(pk=messages[middle].pk)
            large = workers.submit(write_in_thread, many, messages)
            until_so_many_wait(1)
            small = workers.submit(write_in_thread, few, messages[middle - 2 : middle + 3])
            until_so_many_wait(2)
        large.result(30)
        small.result(30)
    assert not Message.objects.filter(provider_id="").exists()


def write_in_thread(write: Write, messages: Sequence[Message]) -> None:
    try:
        write(messages)
    finally:
        connection.close()


def until_so_many_wait(number: int) -> None:
    """SQLite has one writer: whoever comes second waits before it begins."""
    if connection.vendor == "sqlite":
        return
    deadline = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] >= number:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waited")
