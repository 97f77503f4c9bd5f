"""What a source's SMS cost in a day, and the caps that an operator may set on it.

Its cap holds routine SMS; its hard cap holds everything, urgent texts and mails too, until a person
lets it go. Segments are counted as messages are enqueued, by one conditional UPDATE on the source's
row of the day, so the count is exact under any number of workers. A source without a cap costs no
statement.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from notifier.alerting.content.composer import MAX_SEGMENTS
from notifier.alerting.content.gsm import sms_size
from notifier.alerting.models import Held, HeldFor, HeldState, Spending
from notifier.alerting.notification.duty_officer import letter_about_cap
from notifier.delivery.models import Channel
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.intake.models import Source
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# The day of a bill: midnight to midnight in metropolitan France, whatever the source's own hour.
PARIS = ZoneInfo("Europe/Paris")


def segments_of(letters: Iterable[OutgoingMessage]) -> int:
    """How many SMS segments the letters take."""
    return sum(sms_size(le.body).segments for le in letters if le.channel == Channel.SMS)


def charge(source: Source, segments: int) -> None:
    """Count segments that leave whatever the caps say."""
    if _is_counted(source) and segments:
        _add(source, segments, Q())


def charge_within_cap(source: Source, segments: int) -> bool:
    """Count segments of routine SMS if they stay within the caps; False, with nothing counted, if
    they do not."""
    return _charge_up_to(source, segments, _least(source.sms_cap, source.hard_cap))


def charge_within_hard_cap(source: Source, segments: int) -> bool:
    """Count segments of any lane if they stay within the hard cap; as `charge_within_cap`.

    Once it is reached, what costs no segment does not stay within it either.
    """
    if source.hard_cap is not None and not segments:
        return not _today(source).filter(segments__gte=source.hard_cap).exists()
    if source.hard_cap is None:
        charge(source, segments)
        return True
    return _charge_up_to(source, segments, source.hard_cap)


def has_room(source: Source, segments: int, *, is_urgent: bool = False) -> bool:
    """Whether so many segments more would stay within the caps today. Counts nothing."""
    cap = source.hard_cap if is_urgent else _least(source.sms_cap, source.hard_cap)
    if cap is None or not segments:
        return True
    return not _today(source).filter(segments__gt=cap - segments).exists()


def next_day(now: datetime) -> datetime:
    """The next midnight in metropolitan France, in UTC."""
    tomorrow = now.astimezone(PARIS).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), PARIS).astimezone(UTC)


def today() -> date:
    """The day that is counted now."""
    return timezone.now().astimezone(PARIS).date()


# By what holds a text: the field of the source that says when.
CAPS = {HeldFor.CAP: "sms_cap", HeldFor.HARD_CAP: "hard_cap"}


def with_room() -> Q:
    """Of held texts, those held by a cap that was raised: whatever is next fits."""
    wanted = Q(pk__in=[])
    for reason, cap in CAPS.items():
        waiting = _held(reason).values("source")
        full = Spending.objects.filter(
            day=today(), source__in=waiting, segments__gt=F(f"source__{cap}") - MAX_SEGMENTS
        )
        wanted |= Q(reason=reason) & ~Q(source__in=full.values("source"))
    return wanted


def reached_today(reason: HeldFor = HeldFor.CAP) -> QuerySet[Spending]:
    """The day's rows of the sources that have come to their cap, or have texts held by it."""
    at_cap = Q(segments__gte=F(f"source__{CAPS[reason]}"))
    return Spending.objects.filter(
        at_cap | Q(source__in=_held(reason).values("source")), day=today()
    )


def alarm() -> None:
    """For each source that has come to a cap, tell its duty and the log, once a day."""
    _alarm(HeldFor.CAP, "alarmed_at", "SMS cap reached, routine SMS are held")
    _alarm(HeldFor.HARD_CAP, "hard_alarmed_at", "hard cap reached, urgent texts are held as well")


def _alarm(reason: HeldFor, alarmed_at: str, what: str) -> None:
    untold = reached_today(reason).filter(**{alarmed_at: None})
    for spending in untold.select_related("source"):
        cap = getattr(spending.source, CAPS[reason])
        with transaction.atomic():
            mine = Spending.objects.filter(pk=spending.pk, **{alarmed_at: None})
            is_mine = mine.update(**{alarmed_at: timezone.now()})
            if is_mine:
                enqueue_messages(
                    letter_about_cap(spending, cap, is_hard=reason is HeldFor.HARD_CAP)
                )
        if is_mine:
            log.error(what, source=spending.source.name, segments=spending.segments, cap=cap)


def release(source: Source, who: str) -> int:
    """Let go all that a cap of the source holds, whatever it costs; how many texts.

    They are told by the next round, as their alerts then stand.
    """
    rows = Held.objects.filter(state=HeldState.HELD, source=source, reason__in=CAPS)
    return let_go(rows, who)


def let_go(rows: QuerySet[Held], who: str) -> int:
    """Let these held texts go, whatever they cost; how many of them were still held by a cap."""
    with transaction.atomic():
        held = rows.filter(state=HeldState.HELD, reason__in=CAPS, released_by="")
        mine = list(held.select_related("alert").select_for_update(of=("self",)))
        Held.objects.filter(pk__in=[row.pk for row in mine], state=HeldState.HELD).update(
            released_by=who, release_at=timezone.now()
        )
        write_entries(
            new_entry(
                row.alert.incident_id,
                Step.HELD,
                f"Texte retenu par le plafond, libéré par {who}.",
                held=row.pk,
            )
            for row in mine
        )
    return len(mine)


def _held(reason: HeldFor) -> QuerySet[Held]:
    return Held.objects.filter(state=HeldState.HELD, reason=reason)


def _is_counted(source: Source) -> bool:
    return source.sms_cap is not None or source.hard_cap is not None


def _least(*caps: int | None) -> int | None:
    return min((cap for cap in caps if cap is not None), default=None)


def _charge_up_to(source: Source, segments: int, cap: int | None) -> bool:
    if cap is None or not segments:
        return True
    return _add(source, segments, Q(segments__lte=cap - segments))


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
