"""What can no longer help is expired, not sent late: the lifetime runs from the reception."""

from datetime import timedelta

import pytest

from notifier.delivery.models import Lane, Message, MessageState
from notifier.delivery.sending.claim import claim_due
from notifier.intake.models import Report, Source
from notifier.intake.receive import receive
from tests.alerting.house import DUTY, contact, decided, event, number
from tests.delivery.samples import run_round

pytestmark = pytest.mark.django_db


def decided_late(source: Source, how_late: timedelta) -> None:
    """Received, and then nobody at work for that long."""
    received = receive(source, event()).report_id
    report = Report.objects.get(pk=received)
    late = report.received_at - how_late
    Report.objects.filter(pk=received).update(received_at=late)
    decided(received)


def test_after_a_short_outage_the_alert_leaves(source: Source) -> None:
    contact(mobile=number(1))
    decided_late(source, timedelta(minutes=90))
    assert [m.address for m in claim_due(Lane.URGENT)] == [number(1)]


def test_after_a_long_outage_the_alert_expires_and_dispatch_is_told(source: Source) -> None:
    contact(mobile=number(1))
    decided_late(source, timedelta(hours=5))
    sweep_without_sending()
    alert, duty = Message.objects.order_by("id")
    assert (alert.address, alert.state) == (number(1), MessageState.EXPIRED)
    assert (duty.address, duty.state) == (DUTY, MessageState.PENDING)


def sweep_without_sending() -> None:
    """The urgent lane's round, but for the delivery: nobody is there to take a text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("notifier.delivery.sweep.deliver", lambda _lane: 0)
        run_round()
