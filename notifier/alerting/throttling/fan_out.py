"""Report a source that suddenly alerts unusually many communes, so that a person looks at it.

It may be a storm or a stolen key. No text is deferred because of it: in a storm that would be the
worse mistake. The duty officer is told once for each episode, which ends when the source is back
below the threshold.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from notifier.alerting.models import OF_ALERT, FanOut, Notification
from notifier.alerting.notification.duty_officer import fan_out_mail
from notifier.alerting.notification.store import queue_duty_mails
from notifier.delivery.models import Lane
from notifier.directory.models import OrganisationKind
from notifier.intake.models import Source

log = structlog.get_logger(__name__)

# An episode begins with this many urgent alerts of one source within WINDOW, each to one commune.
# An accident concerns three communes at most, a search with all neighbours a dozen.
THRESHOLD = 20
WINDOW = timedelta(minutes=10)
# Notifications read at most by a sweep, so that it costs the same in any storm.
MAX_READ = 5000


def update_episodes() -> None:
    """Begin and end the episodes. May run anywhere, any number of times at once."""
    now = timezone.now()
    counts = _urgent_alerts_since(now - WINDOW)
    over_threshold = {source: alerts for source, alerts in counts.items() if alerts >= THRESHOLD}
    # Nothing is written while nothing begins or ends.
    under_way = FanOut.objects.filter(ended_at=None)
    is_reported = {each.source_id: each.alarmed_at is not None for each in under_way}
    unreported = [source for source in over_threshold if not is_reported.get(source)]
    for source in Source.objects.filter(pk__in=unreported):
        _report(source, over_threshold[source.pk])
    if is_reported.keys() - over_threshold:
        under_way.exclude(source__in=over_threshold).update(ended_at=now)


def active_source_names() -> list[str]:
    """Return the names of the sources that have an episode now."""
    return list(FanOut.objects.filter(ended_at=None).values_list("source__name", flat=True))


def _urgent_alerts_since(since: datetime) -> dict[int, int]:
    """Count the urgent alerts of each source that were sent since then. Two statements.

    They are read from the end of the table, so it costs as much in a year as today.
    """
    last = Notification.objects.order_by("-id").values_list("id", flat=True).first() or 0
    recent = Notification.objects.filter(
        pk__gt=last - MAX_READ,
        kind__in=OF_ALERT,
        # Of one event a convention may tell forty organisations.
        organisation_kind=OrganisationKind.COMMUNE,
        message__lane=Lane.URGENT,
        message__created_at__gt=since,
    )
    counted = recent.order_by().values("source").annotate(alerts=Count("alert", distinct=True))
    return dict(counted.values_list("source", "alerts"))


def _report(source: Source, alerts: int) -> None:
    """Report the episode to the duty officer and the log, unless another worker has."""
    now = timezone.now()
    episode = FanOut(source=source, since=now, alerts=alerts)
    FanOut.objects.bulk_create([episode], ignore_conflicts=True)
    under_way = FanOut.objects.filter(source=source, ended_at=None)
    with transaction.atomic():
        is_first = under_way.filter(alarmed_at=None).update(alarmed_at=now)
        if is_first:
            queue_duty_mails([fan_out_mail(under_way.get(), THRESHOLD, WINDOW)])
    if is_first:
        log.error("unusual fan-out of urgent texts", source=source.name, alerts=alerts)
