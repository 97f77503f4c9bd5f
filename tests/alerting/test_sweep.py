"""The sweep: what was not enqueued is done all the same, and what fails holds up nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from time_machine import travel

from notifier.alerting import sweep as sweeping
from notifier.alerting.decision import rulings
from notifier.alerting.review.notices import deadline
from notifier.intake.models import Report, ReportState
from notifier.intake.receive import receive
from tests.alerting.house import (
    ACCIDENT,
    CONFLICT,
    GIROMAGNY,
    MAYORS,
    event,
    messages,
    push,
    run_round,
    sms,
    told,
)

pytestmark = pytest.mark.usefixtures("two_communes")


def test_what_was_stored_and_not_rung_for_is_decided_by_the_sweep(source) -> None:
    receive(source, event())
    run_round()
    assert messages() == []  # so fresh that its bell is still on the way
    with travel(timezone.now() + timedelta(seconds=3)):
        run_round()
        run_round()
    assert told(**MAYORS) == [sms(1)]


def test_one_that_cannot_be_decided_does_not_hold_up_the_next(source, monkeypatch, caplog) -> None:
    from notifier.alerting.decision import pipeline as decide

    plan = decide.plan

    def fails_for_delle(ruled, situation):
        if any(each.report.reference == "R1" for each in ruled):
            raise RuntimeError("R1 cannot be told")
        return plan(ruled, situation)

    monkeypatch.setattr(decide, "plan", fails_for_delle)
    receive(source, event("R1"))
    receive(source, event("R2", location=GIROMAGNY))
    with travel(timezone.now() + timedelta(seconds=3)):
        run_round()
    assert told("R2", **MAYORS) == [sms(2)]
    assert "cannot be decided" in caplog.text
    assert Report.objects.get(incident__reference="R1").state == ReportState.RECEIVED
    monkeypatch.undo()
    with travel(timezone.now() + timedelta(seconds=3)):
        run_round()
    assert told("R1", **MAYORS) == [sms(1)]


def test_those_that_cannot_be_decided_do_not_fill_every_batch(source, monkeypatch, caplog) -> None:
    monkeypatch.setattr("notifier.alerting.sweep.OVERDUE_BATCH_SIZE", 2)
    poisoned = {receive(source, event(f"R{n}")).report_id for n in (1, 2)}
    place_report = rulings.place_report

    def fails(report, reports):
        if report.pk in poisoned:
            raise RuntimeError("poisoned")
        return place_report(report, reports)

    monkeypatch.setattr("notifier.alerting.decision.rulings.place_report", fails)
    receive(source, event("R3"))
    with travel(timezone.now() + timedelta(seconds=3)):
        run_round()
        assert told("R3", **MAYORS) == []
        run_round()
    assert told("R3", **MAYORS) == [sms(1)]
    assert all(str(report_id) in caplog.text for report_id in poisoned)


def test_reviews_that_cannot_expire_do_not_keep_others_waiting(source, monkeypatch, caplog) -> None:
    monkeypatch.setattr("notifier.alerting.sweep.EXPIRE_BATCH_SIZE", 2)
    say = sweeping.expiry_notice

    def fails(report, reason):
        if report.reference in ("R1", "R2"):
            raise RuntimeError("poisoned")
        return say(report, reason)

    monkeypatch.setattr("notifier.alerting.sweep.expiry_notice", fails)
    for reference in ("R1", "R2", "R3"):
        push(source, reference, location=CONFLICT)
    with travel(timezone.now() + timedelta(hours=3, minutes=1)):
        run_round()
        run_round()
    states = dict(Report.objects.values_list("incident__reference", "state"))
    assert states == {"R1": ReportState.REVIEW, "R2": ReportState.REVIEW, "R3": ReportState.EXPIRED}
    assert caplog.text.count("review cannot be expired") >= 2


def test_a_sweep_reads_no_review_that_has_time_left(source) -> None:
    push(source, location=CONFLICT)
    run_round()  # what is done once in a while is done
    with CaptureQueriesContext(connection) as none_waits:
        run_round()
    for n in range(2, 6):
        push(source, f"R{n}", location=CONFLICT)
    with CaptureQueriesContext(connection) as five_wait:
        run_round()
    assert len(five_wait) == len(none_waits)
    reviews = [query["sql"] for query in five_wait if "'review'" in query["sql"]]
    assert all("LIMIT" in sql for sql in reviews)
    assert reviews


HELPS = timedelta(hours=3)
"""How long an accident is worth telling, by `categories.toml`; two hours where nothing says it."""
SOON = timedelta(minutes=7)


@pytest.mark.parametrize(
    ("category", "status", "source_says", "helps"),
    [
        pytest.param(ACCIDENT, "engaged", None, HELPS, id="by its category"),
        pytest.param("C99.99.99", "engaged", None, timedelta(hours=2), id="without its category"),
        pytest.param(ACCIDENT, "engaged", SOON, SOON, id="the source says less"),
        pytest.param("C99.99.99", "engaged", SOON, SOON, id="and nobody knows the category"),
        pytest.param(ACCIDENT, "engaged", timedelta(days=9), HELPS, id="the source says more"),
        pytest.param(ACCIDENT, "cancelled", SOON, HELPS, id="an end says so however late"),
    ],
)
def test_a_review_expires_at_its_own_deadline(source, category, status, source_says, helps) -> None:
    doubt = push(source, location=CONFLICT)
    until = doubt.received_at + source_says if source_says else None
    Report.objects.update(category=category, status=status, expires_at=until)
    end = doubt.received_at + helps
    assert deadline(Report.objects.get()) == end
    with travel(end, tick=False):
        run_round()
    assert Report.objects.get().state == ReportState.REVIEW
    with travel(end + timedelta(milliseconds=1), tick=False):
        run_round()
    assert Report.objects.get().state == ReportState.EXPIRED
