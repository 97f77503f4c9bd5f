"""A change of a département's rules: proposed, compared with the past, applied, lifted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from notifier.alerting import policy_changes
from notifier.alerting.decision.pipeline import decide
from notifier.alerting.models import (
    Notification,
    NotificationState,
    PolicyNarrowing,
    PolicyReplay,
    ReplayState,
)
from notifier.alerting.policy import narrowings
from notifier.alerting.policy.narrowing import NarrowingError
from notifier.alerting.policy_changes import (
    adopt,
    advance,
    in_force,
    propose,
    propose_lifting,
    resume_comparisons,
)
from notifier.intake.models import Report
from notifier.intake.receive import receive
from notifier.jobs.heartbeat import beating
from notifier.journal.models import Entry, Step
from tests.alerting.house import (
    ACCIDENT,
    CROWD,
    FIRE,
    SECRET,
    contact,
    event,
    hand_over,
    mail,
    number,
    push,
    run_round,
    told,
)
from tests.alerting.planning import narrowing
from tests.alerting.test_budget import Statements
from tests.alerting.test_narrowing import free as free

BY = "A. Dupont"


@pytest.fixture(autouse=True)
def _read_anew():
    narrowings.forget()
    yield
    narrowings.forget()


@pytest.fixture
def centre(free, db):
    """A dispatch centre, a mayor and a municipal police with telephones."""
    from tests.alerting.house import dispatch_centre

    contact(mobile=number(1), email="maire@delle.example")
    contact("police_municipale", mobile=number(2))
    return dispatch_centre()


def proposed(category: str = "C01", **what) -> PolicyNarrowing:
    new = narrowing(category, **{"is_withheld": True, **what})
    new.starts_at = None
    return new


def compared(comparison: PolicyReplay) -> PolicyReplay:
    advance(comparison.pk)
    comparison.refresh_from_db()
    return comparison


def adopted(new: PolicyNarrowing) -> PolicyNarrowing:
    return adopt(compared(propose(new, BY)), BY)


def in_a_minute(clock) -> None:
    clock.shift(timedelta(minutes=1))


def at_night(reference: str) -> None:
    """Reported at half past two at night in Delle, a few days ago."""
    night = (timezone.now() - timedelta(days=3)).replace(hour=1, minute=30)
    Report.objects.filter(incident__reference=reference).update(received_at=night)


def test_a_change_is_compared_applied_and_then_holds(centre, clock) -> None:
    push(centre, "R1")
    push(centre, "R2", category=FIRE)
    push(centre, "R3")
    at_night("R1")
    Report.objects.filter(incident__reference="R3").update(
        received_at=datetime.now(UTC).replace(hour=11)
    )
    comparison = compared(propose(proposed(), BY))
    assert comparison.state == ReplayState.DONE
    # Two accidents, each to two telephones and a mailbox; the fire is no matter of it.
    assert (comparison.total, comparison.done) == (2, 2)
    assert comparison.before == {"sms": 4, "mails": 2, "night_sms": 2}
    assert comparison.after == {"not_told": 2}
    assert told("R3")  # it changes nothing of what was told
    held = adopt(comparison, BY)
    push(centre, "R4")
    assert told("R4")  # not before every worker knows
    in_a_minute(clock)
    assert in_force(["90"]) == [held]
    push(centre, "R5")
    assert told("R5") == []
    (row,) = Notification.objects.filter(incident__reference="R5")
    assert (row.state, row.reason) == (NotificationState.SUPPRESSED, "narrowed")
    assert f"restriction n° {held.pk} du" in row.explanation
    entry = Entry.objects.get(step=Step.POLICY)
    assert BY in entry.text
    assert entry.data["after"] == {"not_told": 2}


def test_it_is_lifted_and_what_held_on_a_past_day_can_be_answered(centre, clock) -> None:
    held = adopted(proposed())
    in_a_minute(clock)
    then = timezone.now()
    push(centre, "R1")
    comparison = compared(propose_lifting(held, "les maires la redemandent", BY))
    assert comparison.before == {"not_told": 1}
    assert (comparison.after["sms"], comparison.after["mails"]) == (2, 1)
    adopt(comparison, "B. Martin")
    in_a_minute(clock)
    assert in_force(["90"]) == []
    push(centre, "R2")
    assert told("R2")
    narrowings.forget()
    assert list(narrowings.narrowings_at(then)) == [held]
    held.refresh_from_db()
    assert (held.author, held.ended_by, held.end_reason) == (
        *(BY, "B. Martin", "les maires la redemandent"),
    )


def test_what_the_law_obliges_or_no_configuration_knows_is_refused(centre) -> None:
    for category in ("C07", "C99", "C02"):
        with pytest.raises(NarrowingError):
            propose(proposed(category), BY)
    assert not PolicyNarrowing.objects.exists()


def test_nothing_is_applied_that_was_not_compared_to_its_end(centre) -> None:
    comparison = propose(proposed(), BY)
    with pytest.raises(NarrowingError, match="attendre la fin"):
        adopt(comparison, BY)
    assert in_force(None) == []


def test_a_comparison_with_rules_of_yesterday_is_made_anew(centre, clock) -> None:
    first, second = (compared(propose(proposed(c), BY)) for c in ("C01", "C04"))
    adopt(first, BY)
    with pytest.raises(NarrowingError, match="ont changé"):
        adopt(second, BY)
    in_a_minute(clock)
    late = compared(propose(proposed("C10"), BY))
    clock.shift(timedelta(days=2))
    with pytest.raises(NarrowingError, match="plus d’un jour"):
        adopt(late, BY)


def test_it_is_applied_once(centre) -> None:
    comparison = compared(propose(proposed(), BY))
    adopt(comparison, BY)
    with pytest.raises(NarrowingError):
        adopt(comparison, BY)
    assert Entry.objects.filter(step=Step.POLICY).count() == 1


def test_what_would_tell_more_than_the_configuration_is_never_applied(centre) -> None:
    comparison = compared(propose(proposed(), BY))
    PolicyReplay.objects.update(after={"forbidden": 1})
    with pytest.raises(NarrowingError, match="ne permet pas"):
        adopt(comparison, BY)


def test_many_incidents_are_compared_in_turns_and_one_that_stopped_is_taken_over(
    centre, clock, monkeypatch
) -> None:
    monkeypatch.setattr(policy_changes, "BATCH_SIZE", 2)
    monkeypatch.setattr(policy_changes, "TURN_S", 0.0001)
    for n in range(5):
        push(centre, f"R{n}")
    comparison = propose(proposed(), BY)
    seen = []
    for _ in range(9):
        compared(comparison)
        seen.append(comparison.done)
    assert (comparison.state, seen[0], seen[-1]) == (ReplayState.DONE, 2, 5)
    assert comparison.before["sms"] == 10
    stopped = propose(proposed("C04"), BY)
    PolicyReplay.objects.filter(pk=stopped.pk).update(claimed_until=timezone.now())
    enqueued: list[str] = []
    monkeypatch.setattr(policy_changes, "enqueue", lambda _, pk, **__: enqueued.append(pk))
    clock.shift(timedelta(minutes=2))
    resume_comparisons()
    assert enqueued == [str(stopped.pk)]


def test_a_comparison_takes_as_many_statements_for_many_incidents_as_for_one(
    centre, django_assert_max_num_queries
) -> None:
    for n in range(20):
        push(centre, f"R{n}", category=ACCIDENT)
    comparison = propose(proposed(), BY)
    with django_assert_max_num_queries(14):
        advance(comparison.pk)
    assert compared(comparison).done == 20


def test_every_worker_reads_them_with_its_heartbeat(centre, clock) -> None:
    assert in_force(None) == []
    new = proposed()
    new.proposed_at = new.starts_at = timezone.now()
    new.save()
    assert in_force(None) == []  # what was read a moment ago is taken
    beating.send(sender=None, role="beat")
    assert in_force(None) == []
    beating.send(sender=None, role="worker")
    assert in_force(None) == [new]


def test_an_event_under_narrowings_costs_no_statement_more(centre, clock) -> None:
    plain = Statements()
    push(centre, "BEFORE")
    received = receive(centre, event("R1", category=FIRE)).report_id
    with connection.execute_wrapper(plain):
        decide(received)
    adopted(proposed("C04", is_withheld=False, is_routine=False, functions=["maire"]))
    in_a_minute(clock)
    narrowings.refresh()
    narrower = Statements()
    received = receive(centre, event("R2", category=FIRE)).report_id
    with connection.execute_wrapper(narrower):
        decide(received)
    assert [len(told(reference)) for reference in ("R1", "R2")] == [2, 1]
    assert len(narrower) == len(plain)


def test_by_mail_only_nobody_is_rung_in_the_place_of_a_missing_sms(centre, clock) -> None:
    adopted(proposed(is_withheld=False, is_by_mail_only=True, functions=["maire"]))
    in_a_minute(clock)
    push(centre)
    hand_over()
    run_round()
    assert told() == [mail("maire@delle.example")]


def test_what_is_withheld_never_leaves_in_a_comparison(centre) -> None:
    for n, category in enumerate((ACCIDENT, SECRET, CROWD, FIRE)):
        for sequence, severity in enumerate(("minor", "severe", "extreme"), start=1):
            push(centre, f"R{n}", sequence, category=category, severity=severity)
        push(centre, f"R{n}", 4, category=category, status="closed")
    for changed in (
        proposed("C04", is_withheld=False, from_severity="extreme"),
        proposed("C01", is_withheld=False, is_routine=True),
        proposed("C07", is_withheld=False, functions=["maire"]),
    ):
        comparison = compared(propose(changed, BY))
        assert comparison.state == ReplayState.DONE
        assert "forbidden" not in comparison.after
        assert sum(comparison.after.get(k, 0) for k in ("sms", "mails")) <= sum(
            comparison.before.get(k, 0) for k in ("sms", "mails")
        )
