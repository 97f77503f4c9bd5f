"""What a source's SMS cost in a day, and the cap that an operator may set on it.

Segments are counted as letters are entrusted, by one conditional UPDATE on the source's row of the
day, so the count is exact under any number of workers. A source without a cap costs no statement.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from notifier.alerting.composition import MOST_SEGMENTS
from notifier.alerting.duty import letter_about_cap
from notifier.alerting.gsm import count
from notifier.alerting.models import Held, HeldFor, HeldState, Spending
from notifier.delivery.models import Channel
from notifier.delivery.outbox import Letter, entrust
from notifier.intake.models import Source

log = structlog.get_logger(__name__)

# The day of a bill: midnight to midnight in metropolitan France, whatever the source's own hour.
PARIS = ZoneInfo("Europe/Paris")


def segments_of(letters: Iterable[Letter]) -> int:
    """How many SMS segments the letters take."""
    return sum(count(le.body).segments for le in letters if le.channel == Channel.SMS)


def charge(source: Source, segments: int) -> None:
    """Count segments that leave whatever the cap says."""
    if source.sms_cap is not None and segments:
        _add(source, segments, Q())


def charge_within_cap(source: Source, segments: int) -> bool:
    """Count segments if they stay within the cap; False, with nothing counted, if they do not."""
    if source.sms_cap is None or not segments:
        return True
    return _add(source, segments, Q(segments__lte=source.sms_cap - segments))


def has_room(source: Source, segments: int) -> bool:
    """Whether so many segments more would stay within the cap today. Counts nothing."""
    if source.sms_cap is None or not segments:
        return True
    return not _today(source).filter(segments__gt=source.sms_cap - segments).exists()


def next_day(now: datetime) -> datetime:
    """The next midnight in metropolitan France, in UTC."""
    tomorrow = now.astimezone(PARIS).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), PARIS).astimezone(UTC)


def today() -> date:
    """The day that is counted now."""
    return timezone.now().astimezone(PARIS).date()


def sources_with_room() -> list[Source]:
    """The sources with texts held by their cap whose cap was raised: whatever is next fits."""
    held = Held.objects.filter(state=HeldState.HELD, reason=HeldFor.CAP)
    waiting = Source.objects.filter(pk__in=held.values("source"))
    full = Spending.objects.filter(day=today(), segments__gt=F("source__sms_cap") - MOST_SEGMENTS)
    return list(waiting.exclude(pk__in=full.values("source")))


def reached_today() -> QuerySet[Spending]:
    """The day's rows of the sources that have come to their cap, or have texts held by it."""
    held = Held.objects.filter(state=HeldState.HELD, reason=HeldFor.CAP)
    at_cap = Q(segments__gte=F("source__sms_cap")) | Q(source__in=held.values("source"))
    return Spending.objects.filter(at_cap, day=today())


def alarm() -> None:
    """For each source that has come to its cap, tell its duty and the log, once a day."""
    for spending in reached_today().filter(alarmed_at=None).select_related("source"):
        with transaction.atomic():
            now = timezone.now()
            mine = Spending.objects.filter(pk=spending.pk, alarmed_at=None).update(alarmed_at=now)
            if mine:
                entrust(letter_about_cap(spending))
        if mine:
            log.error(
                "SMS cap reached, routine SMS are held",
                source=spending.source.name,
                segments=spending.segments,
                cap=spending.source.sms_cap,
            )


def _today(source: Source) -> QuerySet[Spending]:
    return Spending.objects.filter(source=source, day=today())


def _add(source: Source, segments: int, if_true: Q) -> bool:
    within = _today(source).filter(if_true)
    if within.update(segments=F("segments") + segments):
        return True
    # The first of the day makes the row; whoever made it first, the count is then tried again.
    first = Spending(source=source, day=today())
    Spending.objects.bulk_create([first], ignore_conflicts=True)
    return bool(within.update(segments=F("segments") + segments))
