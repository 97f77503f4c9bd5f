"""How it goes with what the sources' software is told: for pages and commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone

from notifier.alerting.models import WebhookEvent
from notifier.alerting.webhooks.events import EventType
from notifier.intake.models import Source

# One that fails now and then is no matter for a person: three attempts take half a minute.
FAILING_AFTER = 3
# What was given up stays in sight so long.
GIVEN_UP_SHOWN = timedelta(hours=24)
MAX_LISTED = 10


@dataclass(frozen=True)
class WebhookState:
    """What one source's software was told lately; `latest`: the last events first."""

    latest: Sequence[WebhookEvent]
    delivered_at: datetime | None
    failed: WebhookEvent | None
    """The last one that has failed and waits, or was given up."""
    waiting: int


@dataclass(frozen=True)
class FailingWebhook:
    """A source whose software does not learn the answers: since when, and how many."""

    source: Source
    since: datetime
    waiting: int
    given_up: int
    attempted_at: datetime | None


def webhook_state(source: Source) -> WebhookState:
    """Return how it goes with one source. Four statements."""
    own = WebhookEvent.objects.filter(source=source).select_related("incident").order_by("-pk")
    delivered = own.filter(delivered_at__isnull=False).first()
    return WebhookState(
        latest=list(own[:MAX_LISTED]),
        delivered_at=delivered.delivered_at if delivered else None,
        failed=own.exclude(error="").first(),
        waiting=own.filter(due_at__isnull=False).count(),
    )


def failing_webhooks(sources: QuerySet[Source]) -> list[FailingWebhook]:
    """Return those of the sources whose software is not reached, the longest first.

    One statement, two where there are any.
    """
    waits = Q(due_at__isnull=False, attempts__gte=FAILING_AFTER)
    given_up = Q(given_up_at__gte=timezone.now() - GIVEN_UP_SHOWN) & ~Q(type=EventType.TEST)
    found = WebhookEvent.objects.filter(waits | given_up, source__in=sources)
    rows = list(
        found.order_by()
        .values("source")
        .annotate(
            since=Min("created_at"),
            waiting=Count("id", filter=Q(due_at__isnull=False)),
            given_up=Count("id", filter=Q(given_up_at__isnull=False)),
            attempted_at=Max("attempted_at"),
        )
        .order_by("since")
    )
    by_id = Source.objects.in_bulk([row["source"] for row in rows])
    return [
        FailingWebhook(
            by_id[row["source"]], row["since"], row["waiting"], row["given_up"], row["attempted_at"]
        )
        for row in rows
    ]


@dataclass(frozen=True)
class WebhookFigures:
    """One source's events by what becomes of them, trials apart."""

    waiting: int = 0
    failing: int = 0
    """Of those that wait: tried FAILING_AFTER times and more."""
    given_up: int = 0
    """Within GIVEN_UP_SHOWN."""
    oldest_at: datetime | None = None
    """Since when the oldest waits."""


def webhook_figures() -> dict[str, WebhookFigures]:
    """Return the figures of each source that has a webhook, by its name. Two statements."""
    is_waiting = Q(due_at__isnull=False)
    is_given_up = Q(given_up_at__gte=timezone.now() - GIVEN_UP_SHOWN)
    events = WebhookEvent.objects.filter(is_waiting | is_given_up).exclude(type=EventType.TEST)
    counted = (
        events.order_by()
        .values("source")
        .annotate(
            waiting=Count("id", filter=is_waiting),
            failing=Count("id", filter=is_waiting & Q(attempts__gte=FAILING_AFTER)),
            given_up=Count("id", filter=is_given_up),
            oldest_at=Min("created_at", filter=is_waiting),
        )
    )
    by_source = {
        row["source"]: WebhookFigures(
            row["waiting"], row["failing"], row["given_up"], row["oldest_at"]
        )
        for row in counted
    }
    told = Source.objects.exclude(webhook_url="").values_list("pk", "name")
    return {name: by_source.get(pk, WebhookFigures()) for pk, name in told}
