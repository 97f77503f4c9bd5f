"""Counters for monitoring: each entry counted once, kept, and shown from the start."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from notifier.intake.models import Source
from notifier.journal import counters
from notifier.journal.counters import LAG, update_counters
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

OLD = LAG + timedelta(seconds=5)


def _metrics() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = Client().get("/metrics").content.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _value(name: str, **labels: str) -> float:
    return _metrics()[name, tuple(sorted(labels.items()))]


def _write(source: Source, ago: timedelta = OLD, times: int = 1) -> None:
    """A report, a try that failed, one that was taken, its receipt, and an escalation."""
    at = timezone.now() - ago
    write_entries(
        [
            new_entry(
                1, Step.RECEIVED, "Reçue.", at=at, source_id=source.pk, report="x", sequence=1
            ),
            new_entry(
                1, Step.RECEIVED, "Rien de nouveau.", at=at, format="CAP", effect="none"
            ),
            _attempt(at, result="retry", code="20429"),
            _attempt(at, result="accepted", code="", after_report_s=0.02),
            _attempt(at, result="permanent", code="21211"),
            new_entry(
                1, Step.RECEIPT, "Reçu.", at=at,
                channel="sms", state="delivered", code="", after_handover_s=1.5,
            ),
            new_entry(
                1, Step.RECEIPT, "Non reçu.", at=at,
                channel="sms", state="undelivered", code="30008", after_handover_s=3.0,
            ),
            new_entry(1, Step.DECIDED, "Au tour de l’adjoint.", at=at, rule="escalation"),
        ]
        * times
    )  # fmt: skip


def _attempt(at, **data):
    return new_entry(1, Step.ATTEMPT, "Essai.", at=at, message_id=1, channel="sms", **data)


@pytest.fixture
def source(db: None) -> Source:
    return Source.objects.create(name="CORG 90", departements=["90"], key_hash="x")


def test_every_series_is_there_from_the_start(source: Source) -> None:
    shown = _metrics()
    for name in ("sent", "delivered"):
        for channel in ("sms", "email"):
            assert shown[f"notifier_messages_{name}_total", (("channel", channel),)] == 0
    assert _value("notifier_reports_accepted_total", source="CORG 90") == 0
    assert _value("notifier_escalations_total", rule="delayed") == 0
    assert _value("notifier_report_to_provider_seconds_count", channel="sms") == 0
    assert _value("notifier_messages_open", channel="sms", lane="urgent", state="pending") == 0
    assert any(name == "notifier_build_info" for name, _ in shown)


def test_each_entry_is_counted_once(source: Source) -> None:
    _write(source)
    for _ in range(3):
        update_counters()
    assert _value("notifier_reports_accepted_total", source="CORG 90") == 1
    assert _value("notifier_messages_sent_total", channel="sms") == 1
    assert _value("notifier_messages_retried_total", channel="sms", code="20429") == 1
    assert _value("notifier_messages_failed_total", channel="sms", code="21211") == 1
    assert _value("notifier_messages_failed_total", channel="sms", code="30008") == 1
    assert _value("notifier_messages_delivered_total", channel="sms") == 1
    assert _value("notifier_escalations_total", rule="escalation") == 1
    _write(source)
    update_counters()
    assert _value("notifier_messages_sent_total", channel="sms") == 2


def test_histograms_add_up(source: Source) -> None:
    _write(source, times=2)
    update_counters()
    name = "notifier_report_to_provider_seconds"
    assert _value(f"{name}_bucket", channel="sms", le="0.01") == 0
    assert _value(f"{name}_bucket", channel="sms", le="0.025") == 2
    assert _value(f"{name}_bucket", channel="sms", le="+Inf") == 2
    assert _value(f"{name}_count", channel="sms") == 2
    assert _value(f"{name}_sum", channel="sms") == pytest.approx(0.04)
    assert _value("notifier_provider_to_receipt_seconds_count", channel="sms") == 2


def test_what_may_still_be_joined_by_a_late_commit_waits(source: Source) -> None:
    _write(source, ago=LAG - timedelta(seconds=10))
    update_counters()
    assert _value("notifier_messages_sent_total", channel="sms") == 0


def test_a_backlog_is_counted_in_batches(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "BATCH_SIZE", 8)
    _write(source, times=5)
    update_counters()
    assert _value("notifier_messages_sent_total", channel="sms") == 5
