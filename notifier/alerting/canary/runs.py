"""Start end-to-end tests, note which came back, and find out when they do not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from notifier.alerting.canary_source import LATE_AFTER, canary_source, reference_of
from notifier.alerting.models import CanaryRun
from notifier.alerting.policy.current import categories
from notifier.alerting.scheduling import lane_of
from notifier.delivery.models import DELIVERED_STATES, NOT_DELIVERED_STATES, Lane
from notifier.intake.models import Source
from notifier.intake.receive import receive
from notifier.intake.schema.report import NewReport
from notifier.jobs.heartbeat import beat_running_since

# The clock comes once a minute, now a little earlier, now a little later.
EARLY = timedelta(seconds=20)
# So long after the clock's start the first one has been sent.
STARTS_WITHIN = timedelta(minutes=2)
# What is not back after so long is asked about no more.
_AWAITED_FOR = timedelta(days=2)
# In the middle of Belfort: any place in France would do.
_PLACE = {"latitude": 47.638, "longitude": 6.863}
_BACK = Q(message__state__in=DELIVERED_STATES)


class OutageKind(StrEnum):
    """How an end-to-end test fails."""

    LATE = "late"
    REFUSED = "refused"
    MISSING = "missing"


@dataclass(frozen=True)
class Outage:
    """Since when tests do not arrive, and how; `run` is the row on which the alarm is noted."""

    kind: OutageKind
    since: datetime
    run: CanaryRun

    def __str__(self) -> str:
        """Say it in English, for whoever watches the service."""
        at = f"{self.since:%Y-%m-%dT%H:%M:%SZ}"
        match self.kind:
            case OutageKind.LATE:
                return f"the test of {at} is not back after {LATE_AFTER.seconds} s"
            case OutageKind.REFUSED:
                code = self.run.message.error_code if self.run.message else ""
                return f"the test of {at} was not delivered{f' ({code})' if code else ''}"
            case OutageKind.MISSING:
                return f"no test was sent since {at}"


def is_on() -> bool:
    """Return whether there is a test number."""
    return bool(settings.ENVIRONMENT.CANARY_PHONE)


def period() -> timedelta:
    """Return the time from one test to the next."""
    return timedelta(minutes=settings.ENVIRONMENT.CANARY_MINUTES)


def start_if_due() -> CanaryRun | None:
    """Start a test where the last one began a period ago.

    May run anywhere, any number of times at once.
    """
    source, now = canary_source(), timezone.now()
    with transaction.atomic():
        # Of two at once the second waits, and sees what the first has begun.
        Source.objects.select_for_update(no_key=True).get(pk=source.pk)
        if CanaryRun.objects.filter(sent_at__gt=now - period() + EARLY).exists():
            return None
        run = CanaryRun.objects.create(sent_at=now)
    return _report(run, source)


def start_run() -> CanaryRun:
    """Start a test now. Raises what `receive` raises."""
    return _report(CanaryRun.objects.create(sent_at=timezone.now()), canary_source())


def note_returned() -> int:
    """Note the tests whose receipt came; return how many this call was the first to see.

    May run anywhere, any number of times at once.
    """
    since = timezone.now() - _AWAITED_FOR
    returned = CanaryRun.objects.filter(_BACK, delivered_at=None, sent_at__gt=since)
    noted = 0
    for run in returned.select_related("message"):
        at = run.message.ended_at if run.message else None
        noted += CanaryRun.objects.filter(pk=run.pk, delivered_at=None).update(delivered_at=at)
    return noted


def last_returned() -> CanaryRun | None:
    """Return the latest test that came back, with its message."""
    return CanaryRun.objects.filter(_BACK).select_related("message").order_by("-id").first()


def find_outage(now: datetime | None = None) -> Outage | None:
    """Return why tests do not arrive; None if they do, or are off, or the first is on its way.

    An outage lasts until a test comes back. Two statements, and one where none was sent for long.
    """
    if not is_on():
        return None
    now = now or timezone.now()
    good = last_returned()
    after = CanaryRun.objects.filter(pk__gt=good.pk if good else 0).select_related("message")
    first = after.order_by("id").first()
    if good and (good.alarmed_at if first else _is_missing(good, now)):
        return Outage(OutageKind.MISSING, good.sent_at, good)
    if first is None:
        return None
    # The oldest that is not back is the most overdue.
    if first.message and first.message.state in NOT_DELIVERED_STATES:
        kind = OutageKind.LATE if first.message.state == "expired" else OutageKind.REFUSED
        return Outage(kind, first.sent_at, first)
    if now - first.sent_at > LATE_AFTER:
        return Outage(OutageKind.LATE, first.sent_at, first)
    return None


def _is_missing(last: CanaryRun, now: datetime) -> bool:
    """Whether the next one should have been sent since the last.

    Not while the clock has just been started: where all was stopped for a night, it is about to be.
    """
    if now - last.sent_at <= 2 * period():
        return False
    since = beat_running_since()
    return since is None or now - since > STARTS_WITHIN


def alarms_over() -> QuerySet[CanaryRun]:
    """Return the runs whose outage was told, and after which a test came back."""
    returned = CanaryRun.objects.filter(_BACK, message__ended_at__gt=OuterRef("alarmed_at"))
    told = CanaryRun.objects.filter(Q(alarmed_at__isnull=False), Exists(returned))
    return told.order_by("id")


def _report(run: CanaryRun, source: Source) -> CanaryRun:
    receive(
        source,
        NewReport.model_validate(
            {
                "reference": reference_of(run),
                "sequence": 1,
                "status": "engaged",
                "category": _category(),
                "severity": "minor",
                "occurred_at": run.sent_at.isoformat(),
                "exercise": True,
                "location": _PLACE,
            }
        ),
    )
    return run


def _category() -> str:
    """Return a category of the urgent lane: the workers that may not stop are the ones tried."""
    codes = categories().codes()
    return next((code for code in codes if lane_of(code) is Lane.URGENT), codes[0])
