"""Reports of one job: each is decided as if it had been alone."""

from __future__ import annotations

import pytest
from django.test import TestCase

from notifier.alerting.decision.pipeline import decide, decide_each
from notifier.delivery.models import Lane, Message, MessageState
from notifier.delivery.sending import sender
from notifier.intake.models import Report, ReportState
from notifier.intake.receive import receive
from notifier.jobs import enqueue
from tests.alerting.house import (
    CONFLICT,
    CROWD,
    GIROMAGNY,
    SECRET,
    contact,
    event,
    messages,
    number,
    sms,
    told,
)


@pytest.fixture
def mayors(source) -> None:
    contact(mobile=number(1))
    contact(commune="90052", mobile=number(2))


def received(source, reference: str, sequence: int = 1, **body):
    return receive(source, event(reference, sequence, **body)).report_id


def states() -> dict[str, ReportState]:
    return {f"{i.reference}/{i.sequence}": i.state for i in Report.objects.all()}


def test_each_goes_its_own_way(source, mayors) -> None:
    ids = [
        received(source, "DELLE"),
        received(source, "GIROMAGNY", location=GIROMAGNY),
        received(source, "DOUBT", location=CONFLICT),
        received(source, "SECRET", category=SECRET),
        received(source, "OVER", status="closed"),
    ]
    decide(*ids)
    assert states() == {
        "DELLE/1": ReportState.DECIDED,
        "GIROMAGNY/1": ReportState.DECIDED,
        "DOUBT/1": ReportState.REVIEW,
        "SECRET/1": ReportState.DECIDED,
        "OVER/1": ReportState.DECIDED,
    }
    assert told("DELLE") == [sms(1)]
    assert told("GIROMAGNY") == [sms(2)]
    assert told("SECRET") == told("OVER") == []


def test_the_states_of_one_incident_are_told_in_their_order(source, mayors) -> None:
    rise = received(source, "R1", 2, severity="extreme", status="on_scene")
    first = received(source, "R1", 1, severity="moderate")
    other = received(source, "R2", category=CROWD)
    decide(rise, other, first)
    assert [told("R1", revision=n) for n in (1, 2)] == [[sms(1)], [sms(1)]]
    assert "aggravée" in messages("R1", revision=2)[0].body
    assert told("R2") == [sms(1)]


def test_one_that_cannot_be_decided_leaves_the_others_alone(source, mayors, monkeypatch) -> None:
    from notifier.alerting.decision import rulings as room

    place_report = room.place_report

    def fails_for_r1(report, reports):
        if report.reference == "R1":
            raise RuntimeError("R1 cannot be placed")
        return place_report(report, reports)

    monkeypatch.setattr(room, "place_report", fails_for_r1)
    decide_each(received(source, "R1"), received(source, "R2"), received(source, "R3"))
    assert states() == {
        "R1/1": ReportState.RECEIVED,
        "R2/1": ReportState.DECIDED,
        "R3/1": ReportState.DECIDED,
    }
    assert [told("R1"), told("R2"), told("R3")] == [[], [sms(1)], [sms(1)]]


def test_what_is_rung_for_twice_is_told_once(source, mayors) -> None:
    once = received(source, "R1")
    decide(once, once)
    decide(once, received(source, "R2"))
    assert told("R1") == told("R2") == [sms(1)]


def test_a_worker_decides_an_alert_and_its_cancellation_and_nothing_leaves(
    source, mayors, monkeypatch
) -> None:
    """With free slots, what it decides leaves at its commit, but not before the last word."""
    monkeypatch.setattr(enqueue, "_local_queues", frozenset(Lane))
    sent: list[Message] = []
    monkeypatch.setattr(sender, "send_claimed", lambda _, messages: sent.extend(messages))
    receive(source, event("R1"))
    last = receive(source, event("R1", 2, status="cancelled")).report_id
    with TestCase.captureOnCommitCallbacks(execute=True):
        decide(last)
    assert [m.state for m in messages("R1")] == [MessageState.CANCELLED]
    assert sent == []
