"""An incident from its first alert to its end: who is told what, and who is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from notifier.alerting.models import Alert
from notifier.delivery.models import MessageState
from notifier.intake.models import Report, ReportState
from notifier.intake.receive import receive
from tests.alerting.house import (
    ACCIDENT,
    CROWD,
    DELLE,
    DUTY,
    FIRE,
    GIROMAGNY,
    LATER,
    MAYOR,
    SECRET,
    TAKEN,
    contact,
    decided,
    event,
    hand_over,
    journal,
    mail,
    messages,
    number,
    push,
    refusing,
    revisions,
    sms,
    told,
)
from tests.harness.people import change_contact


@pytest.fixture
def mayor(source):
    return contact(mobile=number(1), email=MAYOR)


def test_first_then_update_then_end_go_to_the_same_addresses(source, mayor) -> None:
    push(source, severity="moderate")
    hand_over()
    push(source, sequence=2, severity="extreme", status="on_scene")
    hand_over()
    push(source, sequence=3, severity="extreme", status="closed")
    both = [sms(1), mail(MAYOR)]
    assert [told(revision=n) for n in (1, 2, 3)] == [both, both, both]
    first, update, end = (messages(revision=n, channel="sms")[0].body for n in (1, 2, 3))
    assert "accident de la route" in first
    assert "situation aggravée : accident de la route très grave," in update
    assert "équipe sur place" in update
    assert ": intervention terminée à " in end


@pytest.mark.parametrize("severity", ["severe", "moderate", "minor"])
@pytest.mark.parametrize("status", ["engaged", "on_scene"])
def test_what_does_not_rise_is_no_news(source, mayor, severity, status) -> None:
    push(source)
    later = push(source, sequence=2, severity=severity, status=status)
    assert later.state == ReportState.DECIDED
    assert "la gravité n’a pas augmenté" in later.reason
    assert len(messages()) == 2


def test_a_fall_and_a_return_to_the_same_severity_is_no_rise(source, mayor) -> None:
    push(source, severity="extreme")
    push(source, sequence=2, severity="minor")
    push(source, sequence=3, severity="extreme")
    assert len(messages()) == 2


def test_the_end_finds_who_was_told_after_a_clock_that_ran_ahead_was_set_right(
    source, mayor
) -> None:
    push(source, severity="moderate")
    Alert.objects.update(opened_at=timezone.now() + timedelta(minutes=2))
    push(source, sequence=2, severity="extreme")
    hand_over()
    push(source, sequence=3, status="closed")
    assert told(revision=3) == told(revision=2) != []


def test_the_end_goes_to_where_who_got_the_first_is_now_and_to_nobody_new(source, mayor) -> None:
    push(source)
    hand_over()
    change_contact(mayor, mobile=number(2), email="nouveau@delle.example")
    contact("astreinte", mobile=number(3))
    push(source, sequence=2, status="closed")
    assert told(revision=2) == [sms(2), mail("nouveau@delle.example")]


def test_the_end_does_not_go_where_the_first_failed(source, mayor) -> None:
    contact("adjoint", mobile=number(2))
    push(source)
    hand_over(refusing(number(1)))
    hand_over()
    push(source, sequence=2, status="closed")
    assert sorted(told(revision=2)) == sorted([mail(MAYOR), sms(2)])


def test_a_cancellation_takes_back_what_was_not_sent_and_says_nothing_of_it(source, mayor) -> None:
    push(source)
    push(source, sequence=2, status="cancelled")
    assert [m.state for m in messages()] == [MessageState.CANCELLED] * 2
    hand_over()
    assert [m.state for m in messages()] == [MessageState.CANCELLED] * 2
    assert len(journal(step="cancelled")) == 2


def test_a_cancellation_goes_to_who_got_the_alert_only(source, mayor) -> None:
    push(source)
    hand_over(lambda m: TAKEN if m.channel == "sms" else LATER)
    push(source, sequence=2, status="cancelled")
    assert told(revision=2) == [sms(1)]
    assert [m.state for m in messages(revision=1)] == [
        MessageState.ACCEPTED,
        MessageState.CANCELLED,
    ]
    assert "ne tenez pas compte" in messages(revision=2)[0].body


def test_an_event_that_moves_is_cancelled_there_and_told_here(source, mayor) -> None:
    contact(commune="90052", mobile=number(2))
    push(source)
    hand_over()
    push(source, sequence=2, location=GIROMAGNY)
    delle, giromagny = Alert.objects.order_by("id")
    assert told(notifications__alert=delle, revision=2) == [sms(1), mail(MAYOR)]
    assert (
        "Finalement à Giromagny : votre commune n'est plus"
        in messages(notifications__alert=delle)[-2].body
    )
    assert told(notifications__alert=giromagny) == [sms(2)]
    assert "Giromagny" in messages(notifications__alert=giromagny)[0].body
    assert (delle.is_open, giromagny.is_open) == (False, True)


def test_an_event_found_to_be_outside_is_cancelled_where_it_was_told(source, mayor) -> None:
    push(source)
    hand_over()
    outside = push(source, sequence=2, location={"postal_code": "25200", "name": "Montbéliard"})
    assert outside.state == ReportState.OUTSIDE
    assert told(revision=2) == [sms(1), mail(MAYOR)]
    assert "Votre commune n'est pas ou plus concernée" in messages(revision=2)[0].body
    assert "Montbéliard" not in "".join(m.body + m.html for m in messages())


def test_an_event_that_comes_back_is_told_again(source, mayor) -> None:
    contact(commune="90052", mobile=number(2))
    push(source)
    hand_over()
    push(source, sequence=2, location=GIROMAGNY)
    hand_over()
    push(source, sequence=3, location=DELLE)
    assert told(revision=3) == [sms(1), mail(MAYOR)]
    assert [line.data["rule"] for line in journal(step="decided")][-2:] == ["reopened", "moved"]


def test_an_incident_taken_up_again_after_its_end_is_a_new_alert_to_who_is_there_now(
    source, mayor
) -> None:
    push(source)
    hand_over()
    push(source, sequence=2, status="closed")
    hand_over()
    change_contact(mayor, mobile=number(2))
    push(source, sequence=3, severity="minor")
    assert told(revision=3) == [sms(2), mail(MAYOR)]
    assert Alert.objects.get().severity == "minor"
    hand_over()
    push(source, sequence=4, severity="moderate")
    assert told(revision=4) == [sms(2), mail(MAYOR)]


@pytest.mark.parametrize("status", ["closed", "cancelled"])
def test_an_end_without_a_first_is_told_to_nobody(source, mayor, status) -> None:
    only = push(source, status=status)
    assert only.state == ReportState.DECIDED
    assert "rien n’avait été annoncé" in only.reason
    assert messages() == []


def test_a_lower_sequence_that_comes_late_is_superseded(source, mayor) -> None:
    push(source, sequence=2, status="closed")
    late = push(source, sequence=1)
    assert late.state == ReportState.SUPERSEDED
    assert "n° 2" in late.reason
    assert messages() == []
    assert "après le n° 2" in journal()[-1].text


def test_two_events_that_wait_together_are_decided_in_their_order(source, mayor) -> None:
    second = receive(source, event(sequence=2, severity="extreme")).report_id
    receive(source, event(sequence=1, severity="minor"))
    decided(second)
    assert revisions() == [1, 1, 2, 2]
    assert "aggravée" in messages(revision=2)[0].body
    assert set(Report.objects.values_list("state", flat=True)) == {ReportState.DECIDED}


def test_deciding_again_tells_nothing_again(source, mayor) -> None:
    first = push(source)
    lines = len(journal())
    decided(first.pk)
    decided(first.pk)
    assert len(messages()) == 2
    assert len(journal()) == lines


@pytest.mark.parametrize("was_exercise", [True, False])
def test_whoever_was_told_learns_that_a_drill_is_real_and_the_reverse(
    source, mayor, was_exercise
) -> None:
    contact("adjoint", mobile=number(2))
    push(source, exercise=was_exercise)
    # The deputy stands in for the mayor, so knows as well, though nobody would tell them first.
    hand_over(refusing(number(1), MAYOR))
    assert told(revision=1) == [sms(1), mail(MAYOR), sms(2)]
    hand_over()
    push(source, sequence=2, exercise=not was_exercise)
    again = messages(revision=2)
    assert sms(2) in told(revision=2)
    assert all(m.body.startswith("EXERCICE") is not was_exercise for m in again)
    hand_over()
    push(source, sequence=3, exercise=was_exercise, status="closed")
    ends = messages(revision=3)
    assert told(revision=3) == told(revision=2)
    assert all(m.body.startswith("EXERCICE") is not was_exercise for m in ends)


def test_a_drill_that_becomes_real_before_it_was_sent_is_only_told_as_real(source, mayor) -> None:
    push(source, exercise=True)
    push(source, sequence=2, exercise=False)
    hand_over()
    gone = [m for m in messages() if m.state != MessageState.CANCELLED]
    assert [(m.channel, m.address) for m in gone] == [sms(1), mail(MAYOR)]
    assert not any("EXERCICE" in m.body for m in gone)


def test_an_exercise_is_marked_in_every_text(source, mayor) -> None:
    push(source, severity="minor", exercise=True)
    hand_over()
    push(source, sequence=2, severity="severe", exercise=True)
    hand_over()
    push(source, sequence=3, status="cancelled", exercise=True)
    assert len(messages()) == 6
    for message in messages():
        assert "EXERCICE" in (message.subject or message.body)
        assert "EXERCICE" in message.body
        assert not message.html or "EXERCICE" in message.html


def test_an_exercise_that_nobody_can_be_told_of_is_marked_for_the_duty_too(source) -> None:
    push(source, exercise=True)
    (message,) = messages()
    assert message.address == DUTY
    assert "EXERCICE" in message.subject
    assert "EXERCICE" in message.body


def test_an_update_says_the_nature_and_place_that_the_event_has_by_now(source, mayor) -> None:
    push(source, severity="minor")
    hand_over()
    here = {**DELLE, "label": "rue de Déridé"}
    push(source, sequence=2, severity="extreme", category=FIRE, location=here)
    body = messages(revision=2, channel="sms")[0].body
    assert "feu de forêt" in body.replace("foret", "forêt")
    assert "rue de Déridé" in body


def test_an_end_says_nothing_of_a_nature_that_became_secret(source, mayor) -> None:
    push(source)
    hand_over()
    push(source, sequence=2, severity="extreme", category=SECRET)
    push(source, sequence=3, status="closed", category=SECRET)
    assert revisions() == [1, 1, 2, 2]
    for message in messages():
        assert "agression" not in message.subject + message.body + message.html
        assert "accident de la route" in message.body


def test_a_threshold_is_passed_by_a_rise(source, mayor) -> None:
    kept = push(source, category=CROWD, severity="moderate")
    assert (kept.state, messages()) == (ReportState.DECIDED, [])
    push(source, sequence=2, category=CROWD, severity="severe")
    assert told() == [sms(1)]


def test_an_update_finds_somebody_else_when_nobody_got_the_first(source) -> None:
    push(source, severity="minor")
    assert told() == [mail(DUTY)]
    contact(mobile=number(1))
    push(source, sequence=2, severity="extreme")
    assert told(revision=2) == [sms(1)]


def test_an_update_that_nobody_can_be_told_of_is_told_to_the_duty(source) -> None:
    push(source, severity="minor")
    push(source, sequence=2, severity="extreme")
    assert told(revision=2) == [mail(DUTY)]
    assert [line.step for line in journal()].count("unreached") == 2


def test_an_end_that_nobody_waits_for_troubles_no_duty(source) -> None:
    push(source)
    push(source, sequence=2, status="closed")
    assert told(revision=2) == []


@pytest.mark.parametrize("others", [(), ("astreinte",)], ids=["alone", "beside one who is told"])
def test_the_update_overtakes_a_failure_that_was_not_followed_up_yet(
    source, mayor, monkeypatch, others
) -> None:
    """The worker dies between recording a refusal and telling the next; then severity rises."""
    contact("adjoint", mobile=number(2))
    for function in others:
        contact(function, mobile=number(3))
    push(source, category=FIRE, severity="minor")
    with monkeypatch.context() as broken:
        broken.setattr("notifier.alerting.notification.store.enqueue_messages", _dies)
        hand_over(refusing(number(1)))
    push(source, sequence=2, category=FIRE, severity="extreme")
    hand_over(refusing(number(1)))
    assert sms(2) in told(revision=2)
    assert all("aggravée" in m.body for m in messages(revision=2, channel="sms"))


def _dies(_letters: object) -> None:
    raise RuntimeError("the worker is killed here")


def test_several_communes_of_one_reference_do_not_meet(source, mayor) -> None:
    contact(commune="90052", mobile=number(2))
    push(source, reference="A", category=ACCIDENT)
    push(source, reference="B", location=GIROMAGNY)
    assert told("A") == [sms(1), mail(MAYOR)]
    assert told("B") == [sms(2)]
