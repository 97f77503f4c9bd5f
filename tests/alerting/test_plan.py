"""A plan is made of what was read before it, writes nothing, and is made anew when outdated."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import pytest
from django.db import IntegrityError, connection, transaction
from django.forms.models import model_to_dict

from notifier.alerting.decision import pipeline
from notifier.alerting.decision.apply import PlanOutdatedError, apply
from notifier.alerting.decision.dry_run import dry_run
from notifier.alerting.decision.plan import plan
from notifier.alerting.decision.rulings import place_and_rule
from notifier.alerting.decision.situation import read_situation
from notifier.alerting.models import Alert, Notification, NotificationState, QuotaUsage
from notifier.alerting.throttling.limits import today
from notifier.delivery.models import Lane, MessageState
from notifier.delivery.sending.claim import claim_due
from notifier.intake.incident import lock_incidents
from notifier.intake.models import Report, ReportState, Source
from notifier.intake.receive import receive
from notifier.journal.models import Entry
from notifier.journal.write import timeline
from tests.alerting.house import (
    CONFLICT,
    DUTY,
    FIRE,
    LATER,
    MAYOR,
    MISSING,
    SECRET,
    TAKEN,
    THEFT,
    contact,
    dispatch_centre,
    event,
    hand_over,
    incidents,
    mail,
    messages,
    number,
    push,
    sms,
    told,
)
from tests.alerting.test_budget import counted


def planned(report_id):
    """The plan of a received report, in the caller's transaction."""
    (reports,) = lock_incidents([report_id])
    report = next(one for one in reports if one.pk == report_id)
    ruled = place_and_rule([(report, reports)], lock=True)
    return plan(ruled, read_situation(ruled, lock=True))


@pytest.mark.parametrize(
    "body",
    [
        {"severity": "extreme"},
        {"status": "closed"},
        {"status": "cancelled"},
        {"location": {"insee": "90052"}},
        {"location": CONFLICT},
        {"category": MISSING},
        {"category": THEFT},
    ],
)
def test_planning_asks_the_database_nothing_and_changes_nothing_that_was_read(source, body) -> None:
    contact(mobile=number(1), email=MAYOR)
    contact(commune="90052", mobile=number(2))
    push(source, severity="moderate")
    hand_over()
    report_id = receive(source, event(sequence=2, **body)).report_id
    with transaction.atomic():
        (reports,) = lock_incidents([report_id])
        ruled = place_and_rule([(reports[-1], reports)], lock=True)
        situation = read_situation(ruled, lock=True)
        alerts = [model_to_dict(alert) for alert in ruled[0].alerts]
        stored = [deepcopy(model_to_dict(report)) for report in reports]
        with counted() as statements:
            plan(ruled, situation)
    assert statements == []
    assert [model_to_dict(alert) for alert in ruled[0].alerts] == alerts
    assert [model_to_dict(report) for report in reports] == stored


def test_why_a_commune_is_told_nothing_is_a_row(source) -> None:
    contact(mobile=number(1))
    report = push(source, category=SECRET)
    (row,) = Notification.objects.all()
    assert row.state == NotificationState.SUPPRESSED
    assert (row.report_id, row.organisation, row.reason) == (report.pk, "90033", "withheld")
    assert "n’est pas communiqué aux communes" in row.explanation
    assert (row.address, row.message_id) == ("", None)


def test_each_text_is_a_row_with_its_message(source) -> None:
    contact(mobile=number(1), email=MAYOR)
    push(source)
    hand_over()
    push(source, sequence=2, status="closed")
    rows = Notification.objects.select_related("message", "alert").order_by("id")
    assert [(r.revision, r.channel, r.address, r.message.address) for r in rows] == [
        (revision, channel, address, address)
        for revision in (1, 2)
        for channel, address in (sms(1), ("email", MAYOR))
    ]
    assert {r.state for r in rows} == {NotificationState.QUEUED}
    assert {r.alert.revision for r in rows} == {2}


def test_nobody_is_told_the_same_revision_twice_on_one_channel(source) -> None:
    """Whatever goes wrong in the code above, the database refuses it."""
    contact(mobile=number(1))
    push(source)
    row = Notification.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_a_newer_text_takes_the_place_of_what_its_own_reader_has_not_got(source) -> None:
    contact(mobile=number(1), email=MAYOR)
    contact("astreinte", mobile=number(2))
    push(source, severity="moderate")
    hand_over(lambda message: TAKEN if message.channel == "email" else LATER)
    push(source, sequence=2, severity="extreme")
    states = {(m.channel, m.address): m.state for m in messages(revision=1)}
    assert states == {
        sms(1): MessageState.CANCELLED,
        mail(MAYOR): MessageState.ACCEPTED,
        sms(2): MessageState.CANCELLED,
    }
    assert {m.state for m in messages(revision=2)} == {MessageState.PENDING}


def test_what_a_person_is_asked_is_a_row_as_well(source) -> None:
    push(source, location=CONFLICT)
    (row,) = Notification.objects.all()
    assert (row.kind, row.address, row.message.address) == ("review", DUTY, DUTY)


def steps(reference: str = "R1") -> list[str]:
    (incident_id,) = incidents(reference)
    return [entry.step for entry in timeline(incident_id)]


def test_the_timeline_says_what_was_decided_before_what_that_led_to(source) -> None:
    contact(mobile=number(1), email=MAYOR)
    decision = ["received", "resolved", "decided", "composed"]
    push(source, severity="moderate")
    push(source, sequence=2, severity="extreme")
    assert steps() == [*decision, *decision, "cancelled", "cancelled"]
    push(source, sequence=3, status="cancelled")
    assert steps()[10:] == ["received", "resolved", "decided", "cancelled", "cancelled"]
    for n in range(6):
        push(source, f"T{n}", category=THEFT)
    assert steps("T5") == [*decision, "held"]
    push(source, "T5", sequence=2, category=THEFT, status="cancelled")
    assert steps("T5")[5:] == ["received", "resolved", "decided", "cancelled"]
    push(source, "C1", location=CONFLICT)
    asked = Entry.objects.get(text__contains="prévenue par courriel")
    (incident_id,) = incidents("C1")
    *before, last = timeline(incident_id)
    assert [entry.step for entry in before] == ["received", "resolved", "resolved", "review"]
    assert last == asked


@pytest.fixture
def dispatch(rules, real_commits) -> Source:
    contact(mobile=number(1))
    return dispatch_centre()


def in_another_connection(work):
    """Do it in a thread with a connection of its own, and wait for it."""

    def run():
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result(30)


def test_a_text_that_is_claimed_while_its_cancellation_is_planned_is_cancelled_too(
    dispatch, monkeypatch
) -> None:
    """Else its reader would have the alert and never hear that it was none."""
    push(dispatch, category=FIRE)
    report_id = receive(dispatch, event(sequence=2, category=FIRE, status="cancelled")).report_id
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer: nobody claims while a decision is being written")
    claimed = []

    def read_then_claim(*args, **kwargs):
        situation = read_situation(*args, **kwargs)
        if not claimed:
            claimed.extend(in_another_connection(lambda: claim_due(Lane.URGENT)))
        return situation

    monkeypatch.setattr(pipeline, "read_situation", read_then_claim)
    pipeline.decide(report_id)
    assert [m.state for m in messages()] == [MessageState.SENDING, MessageState.PENDING]
    assert told() == [sms(1), sms(1)]
    assert "annulée" in messages()[1].body.lower()


def test_a_plan_whose_quota_was_used_meanwhile_is_not_applied(source) -> None:
    Source.objects.update(sms_cap=1)
    source.refresh_from_db()
    contact(mobile=number(1))
    report_id = receive(source, event(category=FIRE)).report_id
    with transaction.atomic():
        outdated = planned(report_id)
        QuotaUsage.objects.create(source=source, day=today(), segments=1)
        with pytest.raises(PlanOutdatedError), transaction.atomic():
            apply(outdated)
    assert Report.objects.get().state == ReportState.RECEIVED
    assert not Alert.objects.exists()
    pipeline.decide(report_id)
    assert told() == [sms(1)]


def test_a_dry_run_prints_the_plan_and_leaves_no_row(source) -> None:
    contact(mobile=number(1))
    answer = dry_run(source, event())
    assert [m["recipient"] for m in answer["tellings"][0]["messages"]] == ["maire"]
    assert not Notification.objects.exists()


@pytest.mark.parametrize("where", [{}, {"location": CONFLICT}])
def test_a_dry_run_raises_no_alarm_though_nobody_could_be_told(source, caplog, where) -> None:
    source.duty_email = ""
    source.save()
    dry_run(source, event(**where))
    assert caplog.records == []
    push(source, **where)
    # Whoever stores a report wakes a worker before the commit, and there is no broker here.
    said = [one for one in caplog.records if one.name != "notifier.jobs.enqueue"]
    assert [record.levelname for record in said] == ["ERROR"]
