"""Read the limits that throttling applies to a plan, and store the usage that the plan adds.

They are the recent texts and the next digest of each address, and today's usage of each quota.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from notifier.alerting.content.gsm import sms_size
from notifier.alerting.models import (
    OF_ALERT,
    DeferralReason,
    Notification,
    NotificationKind,
    NotificationState,
    QuotaUsage,
)
from notifier.alerting.notification.planned import AddressKey, PlannedNotification, address_key
from notifier.alerting.policy.current import categories
from notifier.delivery.models import Channel, Message, MessageState
from notifier.intake.models import Source

# The day of a bill: midnight to midnight in metropolitan France, whatever the source's own hour.
PARIS = ZoneInfo("Europe/Paris")


@dataclass
class Limits:
    """What throttling starts from: read once for a plan, and updated while it is made."""

    now: datetime
    storm_threshold: int
    """Texts to an address within `window`, urgent included, after which routine ones wait."""
    window: timedelta
    reopening: timedelta
    """Minimum time between two openings of an urgent alert."""
    recent: Counter[AddressKey] = field(default_factory=Counter)
    """The weight of the texts that each address got within `window`."""
    digest_at: dict[AddressKey, datetime] = field(default_factory=dict)
    """When the next digest of each address is released."""
    used_today: dict[int, int] = field(default_factory=dict)
    """Today's segments by source."""
    added: Counter[int] = field(default_factory=Counter)
    """The segments that this plan adds, by source."""

    def has_room(self, source: Source, segments: int, *, hard: bool = False) -> bool:
        """Say whether so many segments more stay within the source's quota, or its hard quota."""
        quota = source.hard_cap if hard else _least(source.sms_cap, source.hard_cap)
        if quota is None or not segments:
            return True
        return self.used_today.get(source.pk, 0) + self.added[source.pk] + segments <= quota

    def add(self, source: Source, segments: int) -> None:
        """Add segments that leave."""
        if segments and has_quota(source):
            self.added[source.pk] += segments

    def mark_reached(self, source: Source) -> None:
        """Have the day's row of a source stored, by which the duty officer learns of its quota."""
        if source.pk not in self.used_today:
            self.added[source.pk] += 0


def read_limits(
    routine_addresses: Iterable[str], sources: Iterable[Source], *, lock: bool
) -> Limits:
    """Read what throttling goes by; `lock`: today's usage is locked until commit.

    No statement without routine addresses and without a source that has a quota; else two for the
    addresses, one for the quotas.
    """
    now, storm = timezone.now(), categories().storm
    limits = Limits(now, storm.texts, storm.window, storm.reopening)
    addresses = set(routine_addresses)
    if addresses:
        limits.recent = _read_recent(addresses, now - storm.window, digest_weight=storm.texts)
        limits.digest_at = _read_digests(addresses)
    with_quota = {source.pk for source in sources if has_quota(source)}
    if with_quota:
        limits.used_today = _read_used_today(with_quota, lock=lock)
    return limits


def has_quota(source: Source) -> bool:
    """Say whether the source's SMS are counted."""
    return source.sms_cap is not None or source.hard_cap is not None


def segments_of(planned: Iterable[PlannedNotification]) -> int:
    """Count the SMS segments that the notifications take."""
    return sum(sms_size(n.body).segments for n in planned if n.channel is Channel.SMS)


def next_day(now: datetime) -> datetime:
    """Return the next midnight in metropolitan France, in UTC."""
    tomorrow = now.astimezone(PARIS).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), PARIS).astimezone(UTC)


def _read_recent(
    addresses: set[str], since: datetime, *, digest_weight: int
) -> Counter[AddressKey]:
    """Weigh the messages made for these addresses since then and not cancelled.

    A digest weighs `digest_weight`: whoever has just read one is in the middle of a storm.
    """
    messages = Message.objects.filter(
        address__in=addresses, created_at__gt=since, notifications__kind__in=OF_ALERT
    ).exclude(state=MessageState.CANCELLED)
    weights: Counter[AddressKey] = Counter()
    for channel, address, kind in messages.values_list("channel", "address", "notifications__kind"):
        weights[address_key(channel, address)] += (
            digest_weight if kind == NotificationKind.DIGEST else 1
        )
    return weights


def _read_digests(addresses: set[str]) -> dict[AddressKey, datetime]:
    rows = Notification.objects.filter(
        address__in=addresses,
        state=NotificationState.DEFERRED,
        reason=DeferralReason.STORM,
        deferred_until__isnull=False,
    )
    digest_at: dict[AddressKey, datetime] = {}
    for channel, address, until in rows.values_list("channel", "address", "deferred_until"):
        key = address_key(channel, address)
        if until is not None:
            digest_at[key] = min(until, digest_at.get(key, until))
    return digest_at


def _read_used_today(sources: set[int], *, lock: bool) -> dict[int, int]:
    rows = QuotaUsage.objects.filter(source__in=sources, day=today())
    if lock:
        rows = rows.order_by("source").select_for_update()
    return dict(rows.values_list("source", "segments"))


def today() -> date:
    """Return the day that is counted now."""
    return timezone.now().astimezone(PARIS).date()


def _least(*quotas: int | None) -> int | None:
    return min((quota for quota in quotas if quota is not None), default=None)


class UsageChangedError(Exception):
    """Another worker has counted segments since they were read; what was planned is outdated."""


def store_usage(limits: Limits) -> None:
    """Store the segments that were added. One conditional UPDATE for each source.

    Raises UsageChangedError where the day's row is not as it was read, which only its first texts
    can meet: later ones hold its lock.
    """
    for source_id, segments in limits.added.items():
        used = limits.used_today.get(source_id, 0)
        rows = QuotaUsage.objects.filter(source=source_id, day=today(), segments=used)
        if source_id not in limits.used_today:
            first = QuotaUsage(source_id=source_id, day=today())
            QuotaUsage.objects.bulk_create([first], ignore_conflicts=True)
        if not rows.update(segments=used + segments):
            raise UsageChangedError(source_id)
