"""Metrics that only grow: what the journal counts (notifier.journal.counters), for Prometheus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from platform import python_version

from django.db import connection
from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)

from notifier.journal.counters import (
    BUCKETS_S,
    CHANNELS,
    DELIVERED,
    ESCALATIONS,
    FAILED,
    INFINITE,
    PROVIDER_TO_RECEIPT,
    REPORT_TO_PROVIDER,
    REPORTS,
    RETRIED,
    SENT,
    Key,
)

COUNTERS = {
    SENT: ("Messages that a provider took", ("channel",)),
    RETRIED: ("Tries that were not taken and are made again, or asked about", ("channel", "code")),
    FAILED: ("Messages refused for good, or not delivered", ("channel", "code")),
    DELIVERED: ("Messages that reached their phone", ("channel",)),
    ESCALATIONS: (
        "The next person was told; delayed: beside one whose text is late; blocked: nothing leaves",
        ("rule",),
    ),
}
HISTOGRAMS = {
    REPORT_TO_PROVIDER: "From a report's arrival to its message taken by the provider",
    PROVIDER_TO_RECEIPT: "From a message taken by the provider to the receipt of its delivery",
}


def counter_metrics(counted: Mapping[Key, float], sources: Mapping[str, str]) -> Iterator[Metric]:
    """Yield counters, histograms and the running version. `sources` are names by id."""
    yield InfoMetricFamily(
        "notifier_build",
        "What runs",
        value={
            "version": version("alerte-maires"),
            "python": python_version(),
            "database": connection.vendor,
        },
    )
    by_name: defaultdict[str, dict[tuple[tuple[str, str], ...], float]] = defaultdict(dict)
    for (name, labels), value in counted.items():
        by_name[name][labels] = value
    reports = CounterMetricFamily(REPORTS, "Reports stored, by source", labels=("source",))
    of_source = {dict(labels)["source"]: value for labels, value in by_name[REPORTS].items()}
    for number, source in sources.items():
        reports.add_metric((source,), of_source.get(number, 0.0))
    yield reports
    for name, (meaning, names) in COUNTERS.items():
        family = CounterMetricFamily(name, meaning, labels=names)
        for labels, value in sorted(by_name[name].items()):
            family.add_metric([dict(labels)[label] for label in names], value)
        yield family
    for name, meaning in HISTOGRAMS.items():
        yield _histogram(name, meaning, by_name)


def _histogram(
    name: str,
    meaning: str,
    by_name: Mapping[str, Mapping[tuple[tuple[str, str], ...], float]],
) -> Metric:
    family = HistogramMetricFamily(name, meaning, labels=("channel",))
    buckets, sums = by_name[f"{name}_bucket"], by_name[f"{name}_sum"]
    for channel in CHANNELS:
        total = 0.0
        upto = []
        for bound in (*map(str, BUCKETS_S[name]), INFINITE):
            total += buckets[(("channel", channel), ("le", bound))]
            upto.append((bound, total))
        family.add_metric((channel,), upto, sums[(("channel", channel),)])
    return family
