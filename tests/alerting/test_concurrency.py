"""Two workers at once: one set of messages, in the thread's order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from notifier.alerting.decide import decide
from notifier.delivery.follow_up import follow_up
from notifier.delivery.models import Message
from notifier.delivery.models import State as Sent
from notifier.intake.keys import add_source
from notifier.intake.models import Intervention, Source, State
from notifier.intake.receive import receive
from tests.alerting.house import (
    DUTY,
    FIRE,
    contact,
    event,
    hand_over,
    journal,
    messages,
    number,
    push,
    refusing,
    sms,
    told,
)


@pytest.fixture
def dispatch(rules, real_commits) -> Source:
    """A source, and a mayor and a deputy in Delle, committed."""
    contact(mobile=number(1))
    contact("adjoint", mobile=number(2))
    return add_source(
        "CORG 90", ["90"], service="Gendarmerie", duty_email=DUTY, signed=False
    ).source


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
        event_id = receive(dispatch, event(reference)).intervention_id
        at_once(*[lambda event_id=event_id: decide(event_id)] * 4)
        assert told(reference) == [sms(1)]
        assert len(journal(reference, step="decided")) == 1


def test_two_sequences_at_once_keep_their_order(dispatch) -> None:
    for n in range(5):
        reference = f"R{n}"
        first = receive(dispatch, event(reference, 1, severity="minor")).intervention_id
        second = receive(dispatch, event(reference, 2, severity="extreme")).intervention_id
        at_once(lambda second=second: decide(second), lambda first=first: decide(first))
        assert [m.revision for m in messages(reference)] == [1, 2]
        assert "aggravée" in messages(reference)[1].body
    assert set(Intervention.objects.values_list("state", flat=True)) == {State.DECIDED}


def test_a_failure_and_an_update_at_once_leave_nobody_untold(dispatch) -> None:
    for n in range(5):
        reference = f"R{n}"
        push(dispatch, reference, category=FIRE, severity="minor")
        Message.objects.filter(revision=1, state=Sent.PENDING).update(state=Sent.FAILED)
        (failed,) = messages(reference)
        update = receive(dispatch, event(reference, 2, category=FIRE, severity="extreme"))
        at_once(
            lambda failed=failed: follow_up(failed),
            lambda update=update: decide(update.intervention_id),
        )
        hand_over(refusing(number(1)))
        hand_over(refusing(number(1)))
        assert sms(2) in told(reference, revision=2, state=Sent.ACCEPTED)


def test_a_follow_up_at_once_with_itself_tells_the_next_person_once(dispatch) -> None:
    push(dispatch, category=FIRE)
    Message.objects.update(state=Sent.FAILED)
    (failed,) = messages()
    at_once(*[lambda: follow_up(failed)] * 4)
    assert told() == [sms(1), sms(2)]
