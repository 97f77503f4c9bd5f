"""Mail the duty officer of a source that is silent for longer than its habit, and at the end."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from notifier.alerting.models import NotificationKind
from notifier.alerting.notification.duty_officer import duty_mail
from notifier.alerting.notification.store import queue_duty_mails
from notifier.alerting.policy.current import composer
from notifier.intake.models import Source, SourceActivity
from notifier.intake.silence import MIN_SILENCE, Activity, activity_of
from notifier.moments import written_moment


def report_silence() -> None:
    """Mail each silence once, and its end once.

    May run anywhere, any number of times at once, after what was pushed was noted.
    """
    now = timezone.now()
    sources = {source.pk: source for source in Source.objects.filter(revoked_at=None)}
    activity = activity_of(sources.values(), now)
    rows = SourceActivity.objects.filter(source__in=sources)
    for source_id, reported_at in rows.values_list("source", "silence_reported_at"):
        source, found = sources[source_id], activity[source_id]
        if reported_at is None and found.is_silent:
            _report(source, found, now)
        elif reported_at is not None and _spoke_since(found, reported_at):
            _report_end(source, found, reported_at)


def _spoke_since(activity: Activity, reported_at: datetime) -> bool:
    """Whether anything came since its silence was reported.

    A source that is still silent may lose its habit; and when it was reported, the last push was
    MIN_SILENCE ago at least.
    """
    last = activity.last_push_at
    return last is not None and last > reported_at - MIN_SILENCE and not activity.is_silent


def _report(source: Source, activity: Activity, now: datetime) -> None:
    last = activity.last_push_at or now
    with transaction.atomic():
        unreported = SourceActivity.objects.filter(source=source, silence_reported_at=None)
        if unreported.update(silence_reported_at=now):
            _mail(source, last, f"silence-{source.pk}-{last.isoformat()}", now - last, activity)


def _report_end(source: Source, activity: Activity, reported_at: datetime) -> None:
    spoke = activity.last_push_at or reported_at
    with transaction.atomic():
        reported = SourceActivity.objects.filter(source=source, silence_reported_at=reported_at)
        if reported.update(silence_reported_at=None):
            _mail(source, spoke, f"silence-over-{source.pk}-{reported_at.isoformat()}")


def _mail(
    source: Source,
    at: datetime,
    dedup_key: str,
    length: timedelta | None = None,
    activity: Activity | None = None,
) -> None:
    """Queue the mail: of a silence of this length since `at`, or that it is over since `at`."""
    facts = {
        "source": source.name,
        "is_over": length is None,
        "moment": written_moment(timezone.localtime(at)),
        "length": _in_words(length or timedelta()),
        "missed": round(activity.missed or 0) if activity else 0,
    }
    subject, body = composer().silence(facts)
    mail = duty_mail(NotificationKind.DUTY, source, dedup_key=dedup_key, subject=subject, body=body)
    queue_duty_mails([mail])


def _in_words(length: timedelta) -> str:
    hours = max(1, int(length.total_seconds() // 3600))
    if hours >= 48:
        return f"{hours // 24} jours"
    return "une heure" if hours == 1 else f"{hours} heures"
