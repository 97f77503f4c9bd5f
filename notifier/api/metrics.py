"""Metrics of the service as it stands now, counted in the database."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from notifier.alerting.canary.runs import find_outage, last_returned
from notifier.alerting.models import CANARY, DeferralReason, Notification, NotificationState
from notifier.alerting.policy.expiry import IN_REVIEW_SINCE
from notifier.alerting.throttling import quota
from notifier.alerting.throttling.fan_out import active_source_names
from notifier.alerting.webhooks.overview import WebhookFigures, webhook_figures
from notifier.api.counters import counter_metrics
from notifier.delivery import routing
from notifier.delivery.models import (
    EVERYTHING,
    IS_PAUSED,
    NOT_PAUSED,
    OPEN,
    UNSENT,
    Channel,
    Lane,
    Message,
    MessageState,
    Pause,
)
from notifier.delivery.sending import pause as delivery_pause
from notifier.delivery.sending.blocked import oldest_unsent_s
from notifier.directory.models import CoverageCheck
from notifier.intake.models import Report, ReportState, Source
from notifier.jobs.heartbeat import is_beat_running, unserved_queues
from notifier.journal.counters import Key, read_counters


@dataclass(frozen=True)
class Snapshot:
    """What is on its way: messages by (channel, lane, state), reports by state, ages in seconds."""

    messages: dict[tuple[str, str, str], int]
    waiting_reports: dict[str, int]
    oldest_due_s: float
    oldest_unsent_s: float
    oldest_undecided_s: float
    oldest_review_s: float
    held: dict[str, int]
    caps_reached: int
    hard_caps_reached: int
    fan_outs: int
    pauses: int
    oldest_paused_s: float
    workers_missing: int
    is_beat_running: bool
    is_canary_lost: bool
    canary_s: float
    at_provider: dict[tuple[str, ...], int]
    """Messages open at each provider of SMS that is configured."""
    set_aside: dict[tuple[str, ...], int]
    """By provider of SMS that is configured."""
    webhooks: dict[str, WebhookFigures]
    """By the source whose software is told."""
    counted: dict[Key, float]
    sources: dict[str, str]
    coverage: dict[str, dict[str, int]]
    """By département, as last checked: communes by how they are reached, and what is wrong."""


def oldest_due_s() -> float:
    """Return for how many seconds the message due longest has waited for a worker, or 0.

    What a pause holds waits for a person and is not counted.
    """
    pending = Message.objects.filter(NOT_PAUSED, state=MessageState.PENDING)
    return _seconds_since(pending.aggregate(due=Min("due_at"))["due"])


def oldest_paused_s() -> float:
    """Return for how many seconds the oldest message that a pause holds has waited, or 0."""
    return _seconds_since(delivery_pause.oldest_paused_at())


def texts_paused() -> int:
    """Count the messages that a pause holds."""
    return delivery_pause.waiting(EVERYTHING).filter(IS_PAUSED).count()


def oldest_undecided_s() -> float:
    """Return for how many seconds the oldest report has waited for a worker, or 0."""
    received = Report.objects.filter(state=ReportState.RECEIVED)
    return _seconds_since(received.aggregate(since=Min("received_at"))["since"])


def oldest_review_s() -> float:
    """Return for how many seconds the review that waits longest has waited for a person, or 0.

    What a reader contests waits since then, however long ago it was told.
    """
    reviews = Report.objects.filter(state=ReportState.REVIEW)
    return _seconds_since(reviews.aggregate(since=Min(IN_REVIEW_SINCE))["since"])


def reviews_waiting() -> int:
    """Count the reports that wait for a person to say which commune it is."""
    return Report.objects.filter(state=ReportState.REVIEW).count()


def caps_reached() -> int:
    """Count the sources that have reached their cap of SMS for the day."""
    return quota.reached_today().count()


def hard_caps_reached() -> int:
    """Count the sources that have reached the cap that holds urgent texts as well."""
    return quota.reached_today(DeferralReason.HARD_QUOTA).count()


def _held() -> dict[str, int]:
    """Count the texts that are held, by reason."""
    waiting = Notification.objects.filter(state=NotificationState.DEFERRED)
    found = dict(waiting.values_list("reason").annotate(n=Count("id")).order_by())
    by_reason = {reason.value: found.get(reason, 0) for reason in DeferralReason}
    return {**by_reason, "pause": texts_paused()}


def _set_aside() -> dict[tuple[str, ...], int]:
    aside = {row.provider for row in routing.set_aside()}
    names = settings.ENVIRONMENT.configured_sms_providers
    return {(name,): int(name in aside) for name in names}


def _dispatch_centres() -> dict[str, str]:
    """Return the names of the sources by id: what end-to-end tests report is no figure."""
    centres = Source.objects.exclude(key_hash=CANARY)
    return {str(pk): name for pk, name in centres.values_list("pk", "name")}


def _canary_s() -> float:
    last = last_returned()
    if last is None or last.message is None or last.message.ended_at is None:
        return 0.0
    return max(0.0, (last.message.ended_at - last.sent_at).total_seconds())


def _seconds_since(at: datetime | None) -> float:
    return max(0.0, (timezone.now() - at).total_seconds()) if at else 0.0


def take_snapshot() -> Snapshot:
    """Count what is on its way; not what is settled, for that table only grows."""
    open_messages = Message.objects.filter(UNSENT)
    kinds = open_messages.values_list("channel", "lane", "state", "provider")
    counted = list(kinds.annotate(n=Count("id")).order_by())
    by_kind, at_provider = Counter[tuple[str, str, str]](), Counter[str]()
    for channel, lane, state, provider, n in counted:
        by_kind[channel, lane, state] += n
        at_provider[provider] += n
    waiting = Report.objects.filter(state__in=(ReportState.RECEIVED, ReportState.REVIEW))
    by_state = dict(waiting.values_list("state").annotate(n=Count("id")).order_by())
    return Snapshot(
        messages=dict.fromkeys(product(Channel, Lane, OPEN), 0) | by_kind,
        at_provider={
            (name,): at_provider[name] for name in settings.ENVIRONMENT.configured_sms_providers
        },
        waiting_reports={
            state.value: by_state.get(state, 0)
            for state in (ReportState.RECEIVED, ReportState.REVIEW)
        },
        oldest_due_s=oldest_due_s(),
        oldest_unsent_s=oldest_unsent_s(),
        oldest_undecided_s=oldest_undecided_s(),
        oldest_review_s=oldest_review_s(),
        held=_held(),
        caps_reached=caps_reached(),
        hard_caps_reached=hard_caps_reached(),
        fan_outs=len(active_source_names()),
        pauses=Pause.objects.count(),
        oldest_paused_s=oldest_paused_s(),
        workers_missing=len(unserved_queues()),
        is_beat_running=is_beat_running(),
        is_canary_lost=find_outage() is not None,
        canary_s=_canary_s(),
        set_aside=_set_aside(),
        webhooks=webhook_figures(),
        counted=read_counters(),
        coverage=dict(CoverageCheck.objects.values_list("departement", "counts")),
        sources=_dispatch_centres(),
    )


# Each gauge without labels: its name, its help text, and its field of the snapshot.
GAUGES = (
    (
        "notifier_oldest_due_seconds",
        "Age of the message that waits longest for a worker",
        "oldest_due_s",
    ),
    (
        "notifier_oldest_unsent_seconds",
        "Age of the oldest message that its provider does not have yet, whatever its state",
        "oldest_unsent_s",
    ),
    (
        "notifier_oldest_undecided_seconds",
        "Age of the intervention that waits longest for a worker",
        "oldest_undecided_s",
    ),
    (
        "notifier_oldest_review_seconds",
        "For how long a person has been asked which commune it is, of what waits longest",
        "oldest_review_s",
    ),
    (
        "notifier_sms_caps_reached",
        "Sources that have come to their cap of SMS for the day",
        "caps_reached",
    ),
    (
        "notifier_hard_caps_reached",
        "Sources that have come to their hard cap for the day: urgent texts are held as well",
        "hard_caps_reached",
    ),
    (
        "notifier_urgent_fan_outs",
        "Sources that tell unusually many communes something urgent just now",
        "fan_outs",
    ),
    ("notifier_workers_missing", "Queues that no running worker serves", "workers_missing"),
    (
        "notifier_beat_running",
        "1 where the process that triggers the sweeps runs",
        "is_beat_running",
    ),
    (
        "notifier_canary_lost",
        "1 where end-to-end tests do not come back from their number; 0 too where there are none",
        "is_canary_lost",
    ),
    (
        "notifier_canary_seconds",
        "How long the last end-to-end test that came back took, there and back",
        "canary_s",
    ),
    ("notifier_pauses", "Pauses of sending by hand: of everything, or of a source", "pauses"),
    (
        "notifier_oldest_paused_seconds",
        "Age of the oldest message that a pause holds",
        "oldest_paused_s",
    ),
)


class SnapshotCollector(Collector):
    """Exposes a snapshot to Prometheus."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        yield from self._gauges()
        yield from counter_metrics(self._snapshot.counted, self._snapshot.sources)

    def _gauges(self) -> Iterator[Metric]:
        yield _labelled_gauge(
            "notifier_messages_open",
            "Messages that are not with their provider yet",
            ("channel", "lane", "state"),
            self._snapshot.messages.items(),
        )
        yield _labelled_gauge(
            "notifier_interventions_waiting",
            "Interventions not decided yet; review: a person must decide of the commune",
            ("state",),
            (((state,), number) for state, number in self._snapshot.waiting_reports.items()),
        )
        yield _labelled_gauge(
            "notifier_texts_held",
            "Texts that are told later: in a storm, at a source's cap, of an alert that flaps; "
            "pause: held by hand (notifier pause)",
            ("reason",),
            (((reason,), number) for reason, number in self._snapshot.held.items()),
        )
        yield _labelled_gauge(
            "notifier_communes",
            "Communes by how an alert of tonight would reach them: phone, mail, nobody",
            ("departement", "reach"),
            self._coverage("phone", "mail", "nobody"),
        )
        yield _labelled_gauge(
            "notifier_directory_problems",
            "What administrators have to mend: unconfirmed, failing, gaps of a rota",
            ("departement", "kind"),
            self._coverage("unconfirmed", "failing", "gaps"),
        )
        yield _labelled_gauge(
            "notifier_sms_open",
            "SMS that the provider which is to take them does not have yet",
            ("provider",),
            self._snapshot.at_provider.items(),
        )
        yield _labelled_gauge(
            "notifier_sms_provider_set_aside",
            "1 where a provider of SMS fails and another one carries its texts",
            ("provider",),
            self._snapshot.set_aside.items(),
        )
        yield from self._webhooks()
        for name, meaning, attribute in GAUGES:
            yield GaugeMetricFamily(name, meaning, value=float(getattr(self._snapshot, attribute)))

    def _webhooks(self) -> Iterator[Metric]:
        found = self._snapshot.webhooks.items()
        for name, meaning, number in (
            (
                "notifier_webhook_events_waiting",
                "Events that a source's software has not taken yet",
                lambda figures: figures.waiting,
            ),
            (
                "notifier_webhook_events_failing",
                "Those of them that it did not take at three attempts or more",
                lambda figures: figures.failing,
            ),
            (
                "notifier_webhook_events_given_up",
                "Events that its software never took, given up within a day",
                lambda figures: figures.given_up,
            ),
            (
                "notifier_webhook_oldest_seconds",
                "Age of the oldest event that a source's software has not taken yet",
                lambda figures: _seconds_since(figures.oldest_at),
            ),
        ):
            rows = (((source,), number(figures)) for source, figures in found)
            yield _labelled_gauge(name, meaning, ("source",), rows)

    def _coverage(self, *names: str) -> Iterator[tuple[tuple[str, ...], int]]:
        for departement, counts in sorted(self._snapshot.coverage.items()):
            for name in names:
                yield (departement, name), counts.get(name, 0)


def _labelled_gauge(
    name: str,
    meaning: str,
    labels: tuple[str, ...],
    numbers: Iterable[tuple[tuple[str, ...], float]],
) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for values, number in numbers:
        family.add_metric(values, number)
    return family
