"""Learn how often each source usually pushes, and say when it is silent for longer than that.

The rule. Over the last eight weeks, the incidents that a source pushed are counted for each hour
of the week (Saturdays from 22 to 23 h, say), which gives what it usually pushes in that hour. From
its last push on, these are added up hour by hour. Once the sum is EXPECTED_MISSED, that is once it
would usually have pushed eight incidents and pushed none, the source is silent for longer than its
habit: a busy centre within the hour, a quiet one after a day or two. It takes an hour at least. A
source that pushed for less than two weeks, or fewer than MIN_INCIDENTS incidents, has no habit yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Q
from django.db.models.functions import TruncHour
from django.utils import timezone

from notifier.intake.models import Report, Source, SourceActivity

LEARNED_OVER = timedelta(weeks=8)
MIN_WEEKS = 2.0
MIN_INCIDENTS = 20
EXPECTED_MISSED = 8.0
MIN_SILENCE = timedelta(hours=1)
# Of a source without a habit: when to say that nothing comes.
QUIET_AFTER = timedelta(days=7)
LEARNED_FOR = timedelta(days=1)
HOURS_OF_WEEK = 168
# The hours of people's habits, whatever the clock's changes.
PARIS = ZoneInfo("Europe/Paris")
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Activity:
    """When a source last pushed, and whether that is longer ago than usual."""

    last_push_at: datetime | None
    missed: float | None = None
    """How many incidents it usually pushes within that time; None without a habit."""
    is_silent: bool = False
    is_quiet: bool = False
    """Whether nothing came for a week of a source that has no habit yet."""


def activity_of(sources: Iterable[Source], now: datetime | None = None) -> dict[int, Activity]:
    """Return the activity of each source, by id. One statement.

    Known to the minute (`note_activity`). A revoked source is never silent.
    """
    by_id = {source.pk: source for source in sources}
    found = {pk: Activity(None) for pk in by_id}
    for row in SourceActivity.objects.filter(source__in=by_id):
        found[row.source_id] = _activity(row, by_id[row.source_id], now or timezone.now())
    return found


def silent_sources(sources: Iterable[Source]) -> list[tuple[Source, Activity]]:
    """Return those that are silent for longer than their habit. One statement."""
    listed = list(sources)
    activity = activity_of(listed)
    return [(source, activity[source.pk]) for source in listed if activity[source.pk].is_silent]


def _activity(row: SourceActivity, source: Source, now: datetime) -> Activity:
    last = row.last_push_at
    if last is None or source.revoked_at:
        return Activity(last)
    if not row.per_hour:
        return Activity(last, is_quiet=now - last >= QUIET_AFTER)
    missed = usually_pushed(row.per_hour, last, now)
    is_silent = missed >= EXPECTED_MISSED and now - last >= MIN_SILENCE
    return Activity(last, missed, is_silent)


def usually_pushed(per_hour: Sequence[float], since: datetime, until: datetime) -> float:
    """Add up what is usually pushed between two moments (aware)."""
    whole_weeks, rest = divmod(max(until - since, timedelta()), timedelta(weeks=1))
    total = whole_weeks * sum(per_hour)
    moment, end = since, since + rest
    while moment < end:
        next_hour = moment.replace(minute=0, second=0, microsecond=0) + HOUR
        part = min(next_hour, end) - moment
        total += per_hour[_hour_of_week(moment)] * (part / HOUR)
        moment = next_hour
    return total


def note_activity() -> None:
    """Note when each source last pushed, and learn its habit once a day. May run anywhere."""
    now = timezone.now()
    sources = list(Source.objects.all())
    SourceActivity.objects.bulk_create(
        [SourceActivity(source=source) for source in sources], ignore_conflicts=True
    )
    rows = list(SourceActivity.objects.select_related("source"))
    looked_until = min((row.looked_until or now - LEARNED_OVER for row in rows), default=now)
    last = dict(
        Report.objects.filter(received_at__gt=looked_until, received_at__lte=now)
        .values_list("incident__source")
        .annotate(Max("received_at"))
    )
    for row in rows:
        # What another transaction stores just now is dated before it commits.
        changes: dict[str, object] = {"looked_until": now - timedelta(minutes=1)}
        if pushed := last.get(row.source_id):
            changes["last_push_at"] = max(filter(None, (pushed, row.last_push_at)))
        same = Q(looked_until=row.looked_until)
        SourceActivity.objects.filter(same, pk=row.pk).update(**changes)
    stale = now - LEARNED_FOR
    if to_learn := [row for row in rows if not row.learned_at or row.learned_at < stale]:
        _learn(to_learn, now)


def _learn(rows: Sequence[SourceActivity], now: datetime) -> None:
    """Learn the habits of these sources; one statement for all, then one each."""
    counted = (
        Report.objects.filter(
            received_at__gte=now - LEARNED_OVER, incident__source__in=[r.source_id for r in rows]
        )
        .annotate(hour=TruncHour("received_at", tzinfo=UTC))
        .values_list("incident__source", "hour")
        .annotate(Count("incident", distinct=True))
    )
    by_source: defaultdict[int, list[tuple[datetime, int]]] = defaultdict(list)
    for source_id, hour, count in counted:
        by_source[source_id].append((hour, count))
    for row in rows:
        per_hour = _habit(by_source[row.source_id], now)
        SourceActivity.objects.filter(pk=row.pk).update(per_hour=per_hour, learned_at=now)


def _habit(counted: Sequence[tuple[datetime, int]], now: datetime) -> list[float]:
    """Return what is pushed in each hour of the week; empty where too little is known."""
    if not counted:
        return []
    weeks = min((now - min(hour for hour, _ in counted)) / timedelta(weeks=1), 8.0)
    if weeks < MIN_WEEKS or sum(count for _, count in counted) < MIN_INCIDENTS:
        return []
    per_hour = [0.0] * HOURS_OF_WEEK
    for hour, count in counted:
        per_hour[_hour_of_week(hour)] += count / weeks
    return [round(rate, 3) for rate in per_hour]


def _hour_of_week(moment: datetime) -> int:
    local = moment.astimezone(PARIS)
    return local.weekday() * 24 + local.hour
