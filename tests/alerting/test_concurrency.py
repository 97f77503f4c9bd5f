"""Two workers at once: one set of messages, in the incident's order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from notifier.alerting.decision.pipeline import decide
from notifier.alerting.escalation.delayed import escalate_delayed
from notifier.alerting.models import Alert
from notifier.alerting.review.decisions import decide_communes, waiting
from notifier.delivery.follow_up import follow_up
from notifier.delivery.models import Message, MessageState
from notifier.delivery.outbox import cancel_pending
from notifier.intake.incident import lock_incidents, store_decisions
from notifier.intake.models import Report, ReportState, Source
from notifier.intake.receive import Reception, receive
from notifier.intake.schema.report import NewReport
from notifier.journal.counters import LAG, read_counters, update_counters
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries
from tests.alerting.house import (
    CONFLICT,
    FIRE,
    LATER,
    TAKEN,
    contact,
    dispatch_centre,
    event,
    hand_over,
    journal,
    messages,
    number,
    push,
    refusing,
    revisions,
    sms,
    told,
)


@pytest.fixture
def dispatch(rules, real_commits) -> Source:
    """A source, and a mayor and a deputy in Delle, committed."""
    contact(mobile=number(1))
    contact("adjoint", mobile=number(2))
    return dispatch_centre()


def at_once(*works: Callable[[], object]) -> None:
    """Run all in threads that begin together, each with a connection of its own."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            start.wait(10)
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(run, work) for work in works]:
            done.result(30)


def test_workers_that_decide_the_same_event_make_one_set_of_messages(dispatch) -> None:
    for reference in ("R1", "R2", "R3"):
        event_id = receive(dispatch, event(reference)).report_id
        at_once(*[lambda event_id=event_id: decide(event_id)] * 4)
        assert told(reference) == [sms(1)]
        assert len(journal(reference, step="decided")) == 1


def test_sweeps_that_find_the_same_late_text_call_the_next_person_once(dispatch) -> None:
    contact("adjoint", rank=2, mobile=number(3))
    push(dispatch, category=FIRE)
    hand_over(lambda m: LATER if m.address == number(1) else TAKEN)
    minute = timedelta(minutes=1)
    Message.objects.update(created_at=timezone.now() - minute, due_at=timezone.now() + minute)
    at_once(*[escalate_delayed] * 4)
    assert told() == [sms(1), sms(2)]


def test_a_late_text_whose_alert_is_being_cancelled_calls_nobody(dispatch) -> None:
    """Whoever passes it on takes the alert first, as a decision does: neither waits crosswise."""
    push(dispatch, category=FIRE)
    hand_over(lambda _: LATER)
    minute = timedelta(minutes=1)
    Message.objects.update(created_at=timezone.now() - minute, due_at=timezone.now() + minute)
    with ThreadPoolExecutor(1) as sweep:
        with transaction.atomic():
            Alert.objects.select_for_update().get()
            passing = sweep.submit(pass_on_in_thread)
            if connection.vendor == "postgresql":
                passing.result(10)  # it gives way; SQLite has it wait for this transaction's end
            cancel_pending([m.pk for m in messages()])
        passing.result(10)
    escalate_delayed()
    assert told() == [sms(1)]
    assert messages()[0].state == MessageState.CANCELLED


def pass_on_in_thread() -> None:
    try:
        escalate_delayed()
    finally:
        connection.close()


def test_two_sequences_at_once_keep_their_order(dispatch) -> None:
    for n in range(5):
        reference = f"R{n}"
        first = receive(dispatch, event(reference, 1, severity="minor")).report_id
        second = receive(dispatch, event(reference, 2, severity="extreme")).report_id
        at_once(lambda second=second: decide(second), lambda first=first: decide(first))
        assert revisions(reference) == [1, 2]
        assert "aggravée" in messages(reference)[1].body
    assert set(Report.objects.values_list("state", flat=True)) == {ReportState.DECIDED}


def test_a_failure_and_an_update_at_once_leave_nobody_untold(dispatch) -> None:
    for n in range(5):
        reference = f"R{n}"
        push(dispatch, reference, category=FIRE, severity="minor")
        Message.objects.filter(notifications__revision=1, state=MessageState.PENDING).update(
            state=MessageState.FAILED
        )
        (failed,) = messages(reference)
        update = receive(dispatch, event(reference, 2, category=FIRE, severity="extreme"))
        at_once(
            lambda failed=failed: follow_up(failed),
            lambda update=update: decide(update.report_id),
        )
        hand_over(refusing(number(1)))
        hand_over(refusing(number(1)))
        assert sms(2) in told(reference, revision=2, state=MessageState.ACCEPTED)


def test_a_follow_up_at_once_with_itself_tells_the_next_person_once(dispatch) -> None:
    push(dispatch, category=FIRE)
    Message.objects.update(state=MessageState.FAILED)
    (failed,) = messages()
    at_once(*[lambda: follow_up(failed)] * 4)
    assert told() == [sms(1), sms(2)]


def test_a_person_who_decides_takes_turns_with_the_workers_on_the_incident(dispatch) -> None:
    """Each takes the incident's oldest first; else each would wait for the other."""
    older, latest = (push(dispatch, sequence=n, location=CONFLICT) for n in (1, 2))
    has_older = threading.Event()

    def worker() -> None:
        with transaction.atomic():
            Report.objects.select_for_update().get(pk=older.pk)
            has_older.set()
            until_somebody_waits_for_a_lock()
            Report.objects.select_for_update().get(pk=latest.pk)

    def person() -> None:
        has_older.wait(10)
        decide_communes(list(waiting()), ["90033"], who="une personne", why="appel du maire")

    at_once(worker, person)
    states = dict(Report.objects.values_list("sequence", "state"))
    assert states == {1: ReportState.SUPERSEDED, 2: ReportState.RECEIVED}


def test_who_waited_for_an_incident_reads_what_was_decided_meanwhile(dispatch) -> None:
    """READ COMMITTED reads anew only the rows that it locks, not those that it joins to them."""
    report_id = receive(dispatch, event()).report_id
    is_locked = threading.Event()
    read: list[str] = []

    def first() -> None:
        with transaction.atomic():
            [[report]] = lock_incidents([report_id])
            is_locked.set()
            until_somebody_waits_for_a_lock()
            store_decisions([(report, ReportState.DECIDED, "")])

    def second() -> None:
        is_locked.wait(10)
        with transaction.atomic():
            [[report]] = lock_incidents([report_id])
            read.append(report.state)

    at_once(first, second)
    assert read == [ReportState.DECIDED]


def test_a_report_of_an_incident_that_is_being_decided_is_stored_meanwhile(dispatch) -> None:
    first = receive(dispatch, event()).report_id
    with ThreadPoolExecutor(1) as dispatcher:
        with transaction.atomic():
            lock_incidents([first])
            second = dispatcher.submit(receive_in_thread, dispatch, event(sequence=2))
            if connection.vendor == "postgresql":  # SQLite has one writer, and it waits
                second.result(10)
        assert second.result(10).is_new


@pytest.fixture
def enqueued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """The reports for which a worker was woken, each with whether it was committed by then."""
    woken: list[tuple[str, bool]] = []

    def record(_task: str, report_id: str, *, queue_name: str) -> None:
        woken.append((report_id, not connection.in_atomic_block))

    monkeypatch.setattr("notifier.alerting.scheduling.enqueue", record)
    return woken


def test_a_worker_is_woken_before_the_commit_and_waits_for_it(dispatch, enqueued) -> None:
    known = receive(dispatch, event("KNOWN")).report_id
    with ThreadPoolExecutor(1) as worker:
        with transaction.atomic():
            fresh = receive(dispatch, event("FRESH")).report_id
            assert enqueued == [(str(known), False), (str(fresh), False)]
            deciding = worker.submit(decide_in_thread, known, fresh)
            until_somebody_waits_for_a_lock()
            if connection.vendor == "postgresql":
                # It has nothing locked that another could wait for.
                list(Report.objects.select_for_update(nowait=True).filter(pk=known))
        deciding.result(10)
    assert told("KNOWN") == told("FRESH") == [sms(1)]


def test_what_was_woken_for_and_rolled_back_is_left_out(dispatch) -> None:
    known = receive(dispatch, event("KNOWN")).report_id
    with ThreadPoolExecutor(1) as worker:
        with transaction.atomic():
            undone = receive(dispatch, event("UNDONE")).report_id
            deciding = worker.submit(decide_in_thread, known, undone)
            until_somebody_waits_for_a_lock()
            transaction.set_rollback(True)
        deciding.result(10)
    assert told("KNOWN") == [sms(1)]
    assert told("UNDONE") == []


def decide_in_thread(*report_ids: UUID) -> None:
    try:
        decide(*report_ids)
    finally:
        connection.close()


def receive_in_thread(source: Source, new: NewReport) -> Reception:
    try:
        return receive(source, new)
    finally:
        connection.close()


def until_somebody_waits_for_a_lock() -> None:
    """SQLite has one writer: whoever comes second waits before it begins."""
    if connection.vendor == "sqlite":
        return
    deadline = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
            if cursor.fetchone():
                return
            time.sleep(0.01)
    raise AssertionError("nobody waited")


def test_what_is_counted_by_several_at_once_is_counted_once(real_commits) -> None:
    at = timezone.now() - 2 * LAG
    taken = {"channel": "sms", "result": "accepted", "code": ""}
    write_entries([new_entry(1, Step.ATTEMPT, "Essai.", at=at, **taken)] * 50)
    update_counters()
    write_entries([new_entry(1, Step.ATTEMPT, "Essai.", at=at, **taken)] * 50)
    at_once(*[update_counters] * 4)
    assert read_counters()["notifier_messages_sent", (("channel", "sms"),)] == 100
