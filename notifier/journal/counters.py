"""Counters and histograms for monitoring, computed from the journal.

Each entry is counted once, by whichever process comes first, and the counters are stored: they only
grow, survive restarts and erasure, and are the same from every web process. They lag by LAG: ids
are assigned before their transactions commit, and a late commit must not be skipped.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from datetime import timedelta
from time import monotonic
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from notifier.journal.models import Counter, CounterPosition, Entry, Step

# No statement of ours runs longer than 15 s on PostgreSQL.
LAG = timedelta(seconds=30)
BATCH_SIZE = 5_000
MAX_BATCHES = 20
EVERY_S = 10.0

CHANNELS = ("sms", "email", "voice")
REPORTS = "notifier_reports_accepted"
SENT = "notifier_messages_sent"
RETRIED = "notifier_messages_retried"
FAILED = "notifier_messages_failed"
DELIVERED = "notifier_messages_delivered"
ESCALATIONS = "notifier_escalations"
REPORT_TO_PROVIDER = "notifier_report_to_provider_seconds"
PROVIDER_TO_RECEIPT = "notifier_provider_to_receipt_seconds"
# What is shown from the start, so that an alarm on an increase has something to increase from.
ALWAYS_SHOWN: Mapping[str, tuple[dict[str, str], ...]] = {
    REPORTS: (),
    SENT: tuple({"channel": channel} for channel in CHANNELS),
    RETRIED: tuple({"channel": channel, "code": ""} for channel in CHANNELS),
    FAILED: tuple({"channel": channel, "code": ""} for channel in CHANNELS),
    DELIVERED: tuple({"channel": channel} for channel in CHANNELS),
    ESCALATIONS: tuple({"rule": rule} for rule in ("escalation", "delayed", "blocked")),
}
BUCKETS_S = {
    REPORT_TO_PROVIDER: (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0),
    PROVIDER_TO_RECEIPT: (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0),
}
INFINITE = "+Inf"

# A name and its labels, sorted.
Key = tuple[str, tuple[tuple[str, str], ...]]


_counted_at = 0.0


def update_counters_if_due() -> None:
    """Count new entries, unless this process has done so less than EVERY_S seconds ago."""
    global _counted_at
    now = monotonic()
    if now - _counted_at >= EVERY_S:
        _counted_at = now
        update_counters()


def update_counters() -> None:
    """Count new entries. One process at a time does it; another one returns at once."""
    for _ in range(MAX_BATCHES):
        if _count_batch() < BATCH_SIZE:
            return


def read_counters() -> dict[Key, float]:
    """Return every counter; a histogram has its buckets (`le`), its sum and its count."""
    shown = {
        _key(name, **labels): 0.0 for name, all_of in ALWAYS_SHOWN.items() for labels in all_of
    }
    for name, bounds in BUCKETS_S.items():
        for channel in CHANNELS:
            for bound in (*map(str, bounds), INFINITE):
                shown[_key(f"{name}_bucket", channel=channel, le=bound)] = 0.0
            shown[_key(f"{name}_sum", channel=channel)] = 0.0
    for counter in Counter.objects.all():
        shown[_key(counter.name, **counter.labels)] = counter.value
    return shown


def _count_batch() -> int:
    """Count one batch in one short transaction; return its number of entries."""
    with transaction.atomic():
        CounterPosition.objects.get_or_create(pk=1)
        position = CounterPosition.objects.select_for_update(skip_locked=True).filter(pk=1).first()
        if position is None:
            return 0
        fresh = Entry.objects.filter(id__gt=position.last_id)
        counted_until = fresh.filter(at__lte=timezone.now() - LAG).aggregate(last=Max("id"))["last"]
        if counted_until is None:
            return 0
        rows = list(
            fresh.filter(id__lte=counted_until)
            .order_by("id")
            .values_list("id", "step", "data")[:BATCH_SIZE]
        )
        tally: Tally[Key] = Tally()
        for _, step, data in rows:
            for key, amount in _counted(step, data):
                tally[key] += amount  # type: ignore[assignment] # seconds are summed as well
        for (name, labels), amount in tally.items():
            _add(name, dict(labels), amount)
        CounterPosition.objects.filter(pk=1).update(last_id=rows[-1][0])
    return len(rows)


def _add(name: str, labels: dict[str, str], amount: float) -> None:
    mine = Counter.objects.filter(name=name, labels=labels)
    if not mine.update(value=F("value") + amount):
        Counter.objects.create(name=name, labels=labels, value=amount)


def _counted(step: str, data: dict[str, Any]) -> Iterator[tuple[Key, float]]:
    """Yield what one entry adds."""
    if step == Step.RECEIVED and "sequence" in data:
        yield _key(REPORTS, source=str(data["source_id"])), 1
    if step == Step.ATTEMPT and "result" in data:
        yield from _of_attempt(data)
    if step == Step.RECEIPT:
        yield from _of_receipt(data)
    if data.get("rule") in ("escalation", "delayed", "blocked"):
        yield _key(ESCALATIONS, rule=data["rule"]), 1


def _of_attempt(data: dict[str, Any]) -> Iterator[tuple[Key, float]]:
    channel, code = data.get("channel", ""), data.get("code", "")
    match data["result"]:
        case "accepted":
            yield _key(SENT, channel=channel), 1
            if "after_report_s" in data:
                yield from _observed(REPORT_TO_PROVIDER, channel, data["after_report_s"])
        case "permanent":
            yield _key(FAILED, channel=channel, code=code), 1
        case _:
            yield _key(RETRIED, channel=channel, code=code), 1


def _of_receipt(data: dict[str, Any]) -> Iterator[tuple[Key, float]]:
    channel = data.get("channel", "")
    if data.get("state") == "delivered":
        yield _key(DELIVERED, channel=channel), 1
        yield from _observed(PROVIDER_TO_RECEIPT, channel, data.get("after_handover_s", 0.0))
    if data.get("state") == "undelivered":
        yield _key(FAILED, channel=channel, code=data.get("code", "")), 1


def _observed(name: str, channel: str, seconds: float) -> Iterator[tuple[Key, float]]:
    """Yield one observation of a histogram: its bucket, and its share of the sum."""
    bounds = BUCKETS_S[name]
    place = bisect_left(bounds, seconds)
    bound = str(bounds[place]) if place < len(bounds) else INFINITE
    yield _key(f"{name}_bucket", channel=channel, le=bound), 1
    yield _key(f"{name}_sum", channel=channel), seconds


def _key(name: str, **labels: str) -> Key:
    return name, tuple(sorted(labels.items()))
