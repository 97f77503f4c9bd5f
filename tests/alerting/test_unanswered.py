"""An urgent alert that nobody answers goes on from person to person, in the end to the duty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from notifier.alerting.answers.answer import answer
from notifier.alerting.escalation.unanswered import escalate_unanswered
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans, Notification
from notifier.alerting.throttling.pause import pause, resume
from notifier.delivery.models import Message, MessageState
from notifier.delivery.providers.base import Receipt
from notifier.delivery.receipts.apply import apply_receipt
from notifier.directory.on_call.planning import NewRotation, plan_rotation
from notifier.intake.models import Source
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import (
    DUTY,
    FIRE,
    MISSING,
    contact,
    hand_over,
    journal,
    mail,
    messages,
    number,
    push,
    refusing,
    sms,
    told,
)

# As in the rules of these tests, where nothing else is said.
WITHIN = timedelta(minutes=5)


@contextmanager
def later(steps: int = 1) -> Iterator[None]:
    """So many times the wait for an answer after now."""
    with travel(timezone.now() + steps * WITHIN + timedelta(seconds=1), tick=False):
        yield


def due() -> None:
    """The wait is over, and a sweep looks."""
    Alert.objects.filter(answer_due_at__isnull=False).update(answer_due_at=timezone.now())
    escalate_unanswered()


def person(last: int) -> str:
    return Notification.objects.filter(address=number(last)).latest("id").recipient


def answers(last: int, kind: AnswerKind = AnswerKind.TAKEN) -> None:
    alert = Alert.objects.get()
    answer(alert.pk, person(last), kind, AnswerMeans.LINK)


@pytest.fixture
def commune(asking) -> Source:
    """A mayor, two deputies and the police, each with a number."""
    contact("maire", mobile=number(1))
    contact("adjoint", rank=1, mobile=number(2))
    contact("adjoint", rank=2, mobile=number(3))
    return asking


def test_a_silent_mayor_is_followed_by_the_next_in_order_then_the_next(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    assert told() == [sms(1)]
    due()
    assert told() == [sms(1), sms(2)]
    assert "Le maire n'a pas répondu" in messages(address=number(2))[0].body
    due()
    assert told() == [sms(1), sms(2), sms(3)]


def test_whoever_is_silent_is_called_once_before_the_next_person_is_told(commune, calling) -> None:
    push(commune, category=FIRE)
    hand_over()
    due()
    assert told() == [sms(1), ("voice", number(1))]
    due()
    assert told() == [sms(1), ("voice", number(1)), sms(2)]


def test_a_call_without_a_key_goes_on_to_the_next_person_alone(commune, calling) -> None:
    push(commune, category=FIRE)
    hand_over()
    due()
    hand_over()
    called = messages(channel="voice")[0]
    apply_receipt(called.pk, Receipt(called.provider_id, MessageState.UNDELIVERED, "no-key"))
    assert told() == [sms(1), ("voice", number(1))]
    escalate_unanswered()  # at once: the failed call made it due
    assert told() == [sms(1), ("voice", number(1)), sms(2)]


def test_nothing_goes_on_before_the_time_and_one_step_is_taken_once(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    escalate_unanswered()
    assert told() == [sms(1)]
    with later():
        escalate_unanswered()
        escalate_unanswered()
    assert told() == [sms(1), sms(2)]


@pytest.mark.parametrize("kind", [AnswerKind.NOTED, AnswerKind.TAKEN, AnswerKind.CALL_ME])
def test_whoever_answers_ends_it(commune, kind: AnswerKind) -> None:
    push(commune, category=FIRE)
    hand_over()
    answers(1, kind)
    with later(3):
        escalate_unanswered()
    assert sms(2) not in told()


def test_everyone_told_before_learns_by_whom_it_was_taken_once(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    due()
    hand_over()
    answers(2)
    answers(2)
    to_mayor = messages(address=number(1))
    assert len(to_mayor) == 2
    assert "le 1er adjoint s'en occupe depuis" in to_mayor[1].body
    assert [m.address for m in messages(address=number(2))] == [number(2)]
    answers(1)  # too late to be the first: the deputy has it, nobody is told a second time
    assert len(messages(address=number(2))) == 1


def test_whom_nothing_reached_does_not_learn_who_took_it(commune) -> None:
    push(commune, category=FIRE)
    hand_over(refusing(number(1)))
    hand_over()
    answers(2)
    assert len(messages(address=number(1))) == 1


def test_nobody_left_alarms_the_duty_once_by_mail_and_on_the_telephone(commune, calling) -> None:
    Source.objects.update(duty_phone="+33353010090")
    push(commune, category=FIRE)
    for _ in range(8):
        hand_over()
        due()
    to_duty = Message.objects.filter(recipient="duty").order_by("id")
    assert [(m.channel, m.address) for m in to_duty] == [("email", DUTY), ("voice", "+33353010090")]
    assert "aucune des personnes prévenues n’a répondu" in to_duty[0].body
    assert Alert.objects.get().answer_due_at is None
    assert journal(step="unreached")[-1].text.startswith("Delle : sans réponse, plus personne")
    answers(3)  # the last one wakes up after all
    assert Alert.objects.get().taken_title == "2e adjoint"


def test_the_duty_is_alarmed_again_where_whom_it_was_handed_over_to_is_silent_too(asking) -> None:
    contact("maire", mobile=number(1))
    push(asking, category=FIRE)
    hand_over()
    due()
    due()
    assert Message.objects.filter(recipient="duty").count() == 1
    contact("adjoint", mobile=number(2))
    answers(1, AnswerKind.HANDED_OVER)
    hand_over()
    for _ in range(3):
        due()
    assert Message.objects.filter(recipient="duty").count() == 2


def test_where_each_must_answer_one_answer_does_not_end_it(asking) -> None:
    contact("maire", mobile=number(1))
    contact("astreinte", mobile=number(2))
    contact("adjoint", mobile=number(3))
    push(asking, category=MISSING)
    hand_over()
    assert told() == [sms(1), sms(2)]
    answers(1, AnswerKind.NOTED)
    due()
    assert sms(3) in told()
    answers(3, AnswerKind.NOTED)
    assert Alert.objects.get().answered_at is not None


def test_several_are_told_at_once_where_the_category_says_so(operator, commune) -> None:
    fire = 'edge = "all"\nanswer = "one"\nescalate = 2\n'
    operator(written([(*f[:6], fire if f[0] == "C04" else f[6]) for f in FAMILIES]))
    push(commune, category=FIRE)
    hand_over()
    due()
    assert told() == [sms(1), sms(2), sms(3)]


def test_nobody_is_told_more_while_sending_is_paused(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    pause(None, "test")
    due()
    assert told() == [sms(1)]
    resume(None, "test")
    due()
    assert told() == [sms(1), sms(2)]


def test_an_end_ends_the_waiting(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    push(commune, sequence=2, category=FIRE, status="closed")
    with later(2):
        escalate_unanswered()
    assert sms(2) not in told()


def test_what_is_of_no_more_use_wakes_nobody(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    Alert.objects.update(expires_at=timezone.now())
    due()
    assert told(recipient__startswith="person:") == [sms(1)]
    assert Alert.objects.get().answer_due_at is None


def test_a_convention_by_mail_alone_is_not_enough_to_stop_looking(asking) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", rank=1, email="premier@delle.example")
    contact("adjoint", rank=2, mobile=number(2))
    push(asking, category=FIRE)
    hand_over()
    due()
    assert told() == [sms(1), mail("premier@delle.example"), sms(2)]


def test_nobody_is_silent_whose_text_is_still_held(commune) -> None:
    """Of an alert that ends and begins again and again, a text is held for half an hour."""
    push(commune, category=FIRE)
    hand_over()
    for sequence in (2, 4):
        push(commune, sequence=sequence, category=FIRE, status="closed")
        hand_over()
        push(commune, sequence=sequence + 1, category=FIRE)
        hand_over()
    held = Notification.objects.get(state="deferred")
    due()
    due()
    assert list(Notification.objects.filter(state="deferred")) == [held]
    assert {address for _, address in told()} == {number(1)}
    due_at = Alert.objects.get().answer_due_at
    assert due_at is not None
    assert held.deferred_until is not None
    assert due_at >= held.deferred_until + WITHIN


@pytest.mark.parametrize(
    ("first", "told_at", "next_told"),
    [
        # Handed over at 3 h, winter time: 2 h UTC. In the hour before, the one of summer time, at
        # 1 h UTC nobody changes.
        ("2026-10-18 03:00", datetime(2026, 10, 25, 1, 57, tzinfo=UTC), 3),
        ("2026-10-18 03:00", datetime(2026, 10, 25, 0, 57, tzinfo=UTC), 4),
        # At 3 h, summer time: 1 h UTC.
        ("2027-03-21 03:00", datetime(2027, 3, 28, 0, 57, tzinfo=UTC), 3),
        ("2027-03-21 03:00", datetime(2027, 3, 28, 0, 50, tzinfo=UTC), 4),
    ],
)
def test_the_next_in_turn_is_who_is_on_call_by_then_though_the_clock_changes(
    asking, clock, first: str, told_at: datetime, next_told: int
) -> None:
    clock.move_to(told_at - timedelta(days=8))
    contact("maire", mobile=number(1))
    leaving = contact("adjoint", rank=3, mobile=number(2))
    coming = contact("adjoint", rank=2, mobile=number(3))
    contact("adjoint", rank=1, mobile=number(4))
    weeks = NewRotation([leaving, coming], datetime.fromisoformat(first))
    plan_rotation(leaving.organisation, weeks, told_at - timedelta(days=8))
    clock.move_to(told_at)
    push(asking, category=FIRE)
    hand_over()
    assert told() == [sms(2), sms(1)]
    with later():
        escalate_unanswered()
    assert told()[2:] == [sms(next_told)]
