"""A source that suddenly tells many communes something urgent: a person looks at it at once.

It may be a storm, and it may be a stolen key: nothing is held for it, for that would be the worse
mistake in a storm. The duty is told once for each episode, which ends when the source is back below
the threshold.
"""

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from notifier.alerting.models import FanOut
from notifier.alerting.notification.duty_officer import letter_about_fan_out
from notifier.delivery.outbox import enqueue_messages, recent_urgent_topics
from notifier.intake.models import Source

log = structlog.get_logger(__name__)

# So many urgent alerts, each to one commune, of one source within so long. An accident tells three
# communes at the most, a search with all its neighbours a dozen.
ALERTS = 20
WINDOW = timedelta(minutes=10)


def watch() -> None:
    """One round: begin and end the episodes. May run anywhere, any number of times at once."""
    now = timezone.now()
    lately = recent_urgent_topics(now - WINDOW)
    wide = {int(origin): n for origin, n in lately.items() if n >= ALERTS and origin.isdecimal()}
    for source in Source.objects.filter(pk__in=wide):
        _alarm(source, wide[source.pk])
    FanOut.objects.filter(ended_at=None).exclude(source__in=wide).update(ended_at=now)


def going_on() -> list[str]:
    """The names of the sources that are at it now."""
    return list(FanOut.objects.filter(ended_at=None).values_list("source__name", flat=True))


def _alarm(source: Source, alerts: int) -> None:
    """Tell the duty and the log, unless another round of this episode has."""
    now = timezone.now()
    episode = FanOut(source=source, since=now, alerts=alerts)
    FanOut.objects.bulk_create([episode], ignore_conflicts=True)
    under_way = FanOut.objects.filter(source=source, ended_at=None)
    with transaction.atomic():
        is_mine = under_way.filter(alarmed_at=None).update(alarmed_at=now)
        if is_mine:
            enqueue_messages(letter_about_fan_out(under_way.get(), ALERTS, WINDOW))
    if is_mine:
        log.error("unusual fan-out of urgent texts", source=source.name, alerts=alerts)
