"""What does not leave within a minute calls the next person, while retrying goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from notifier.alerting.delayed import pass_on_delayed
from notifier.alerting.pause import pause, resume
from notifier.delivery.models import Message, MessageState
from notifier.delivery.transports.base import Outcome, Result
from tests.alerting.house import (
    DUTY,
    FIRE,
    LATER,
    MAYOR,
    MAYORS,
    TAKEN,
    THEFT,
    contact,
    hand_over,
    journal,
    mail,
    messages,
    number,
    push,
    sms,
    told,
)
from tests.delivery.letters import a_round

# Three ways in which a provider refuses one number for now.
REGION = Outcome(Result.RETRY, code="21408", detail="région interdite")
DAILY = Outcome(Result.RETRY, code="63038", detail="erreur 63038")
UNLISTED = Outcome(Result.RETRY, code="21999", detail="erreur 21999")
DOWN = Outcome(Result.RETRY, detail="opérateur injoignable", is_common=True)
LOST = Outcome(Result.UNKNOWN, detail="ligne coupée sans réponse")

Wait = Callable[..., None]


@pytest.fixture
def wait() -> Iterator[Wait]:
    """Lets time pass, then does what the sweep does about it; nothing is sent."""
    clock = travel(timezone.now(), tick=False)
    traveller = clock.start()

    def later(**time: float) -> None:
        traveller.shift(timedelta(**time))
        pass_on_delayed()

    yield later
    clock.stop()


def only(outcome: Outcome, *addresses: str) -> Callable[[Message], Outcome]:
    """A provider that answers these addresses so, and takes all others."""
    return lambda message: outcome if message.address in addresses else TAKEN


@pytest.fixture
def council(source):
    """A mayor and two deputies with a phone each, told by SMS alone."""
    contact("maire", mobile=number(1))
    contact("adjoint", rank=1, mobile=number(2))
    contact("adjoint", rank=2, mobile=number(3))
    return source


@pytest.mark.parametrize("outcome", [REGION, DAILY, UNLISTED, LOST, LATER])
def test_after_a_minute_the_next_person_is_told_and_retrying_goes_on(
    council, wait, outcome
) -> None:
    push(council, category=FIRE)
    hand_over(only(outcome, number(1)))
    wait(seconds=59)
    assert told() == [sms(1)]
    wait(seconds=1)
    assert told() == [sms(1), sms(2)]
    first = messages(address=number(1))[0]
    assert first.state in (MessageState.PENDING, MessageState.UNKNOWN)
    line = journal(step="decided")[-1]
    assert "maire pas encore joint (SMS), au tour de 1er adjoint" in line.text
    assert line.data["rule"] == "delayed"


def test_it_is_passed_on_once_and_both_get_it_once(council, wait) -> None:
    push(council, category=FIRE)
    hand_over(only(REGION, number(1)))
    wait(seconds=60)
    hand_over(only(REGION, number(1)))
    for _ in range(3):
        wait(seconds=61)
    assert told() == [sms(1), sms(2)]
    hand_over()
    assert [m.state for m in messages()] == [MessageState.ACCEPTED] * 2


def test_what_has_left_or_was_never_tried_calls_nobody(council, wait) -> None:
    push(council, category=FIRE)
    wait(minutes=5)  # no worker has come to it: the next one's text would wait behind it
    assert told() == [sms(1)]
    hand_over()
    wait(minutes=5)
    assert told() == [sms(1)]


def test_down_the_order_and_the_duty_from_the_second_on(council, wait) -> None:
    push(council, category=FIRE)
    hand_over(lambda _: REGION)
    wait(seconds=60)
    assert told() == [sms(1), sms(2)]
    hand_over(lambda _: REGION)
    wait(seconds=60)
    assert told() == [sms(1), sms(2), sms(3), mail(DUTY)]
    assert "aucun SMS n’est encore parti" in messages(address=DUTY)[0].body
    hand_over(lambda _: REGION)
    wait(seconds=60)
    wait(minutes=60)
    assert told() == [sms(1), sms(2), sms(3), mail(DUTY)]


def test_a_provider_that_is_down_calls_nobody_and_the_duty_is_told_once_of_all(
    council, wait
) -> None:
    contact(commune="90052", mobile=number(5))
    push(council, category=FIRE)
    push(council, "R2", category=FIRE, location={"insee": "90052"})
    hand_over(lambda _: DOWN)
    wait(seconds=60)
    wait(seconds=60)
    assert told(**MAYORS) == [sms(1)]
    (alarm,) = Message.objects.filter(address=DUTY)
    assert "ne prend plus aucun message" in alarm.body
    assert "- Delle" in alarm.body
    assert "- Giromagny" in alarm.body
    assert "(réf. R1, R2)" in alarm.body
    assert "commune à joindre autrement" in journal("R2", step="unreached")[0].text
    # A commune that comes later is told of as well.
    contact(commune="90010", mobile=number(7))
    push(council, "R3", category=FIRE, location={"insee": "90010"})
    hand_over(lambda _: DOWN)
    wait(seconds=60)
    assert [m.address for m in messages("R3")] == [number(7), DUTY]


def test_once_the_provider_is_up_again_who_is_still_refused_is_passed_over(council, wait) -> None:
    push(council, category=FIRE)
    hand_over(lambda _: DOWN)
    wait(seconds=60)
    assert told() == [sms(1), mail(DUTY)]
    hand_over(only(REGION, number(1)))
    wait(seconds=8)
    assert told() == [sms(1), mail(DUTY), sms(2)]


def test_a_provider_that_is_down_is_no_alarm_for_whom_the_text_reached(council, wait) -> None:
    contact("astreinte", mobile=number(4))
    push(council, category=FIRE)
    hand_over(lambda m: DOWN if m.address == number(1) else TAKEN)
    wait(seconds=60)
    assert told() == [sms(1), sms(4)]


def test_who_is_alone_is_told_by_mail_as_well_and_the_duty_at_once(source, wait) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    push(source, category=FIRE)
    hand_over(only(REGION, number(1)))
    wait(seconds=60)
    assert told() == [sms(1), mail(MAYOR), mail(DUTY)]
    (line,) = journal(step="unreached")
    assert "pas encore joint" in line.text


def test_the_end_of_its_lifetime_calls_no_second_stand_in(council, wait) -> None:
    push(council, category=FIRE)
    hand_over(only(REGION, number(1)))
    wait(seconds=60)
    hand_over(only(REGION, number(1)))
    wait(minutes=180)
    a_round()
    assert messages(address=number(1))[0].state == MessageState.EXPIRED
    assert told() == [sms(1), sms(2)]


def test_a_stand_in_who_is_refused_is_followed_by_the_next(council, wait) -> None:
    push(council, category=FIRE)
    hand_over(only(REGION, number(1)))
    wait(seconds=60)
    refused = Outcome(Result.PERMANENT, code="21610", detail="STOP")
    hand_over(lambda m: {number(1): REGION, number(2): refused}.get(m.address, TAKEN))
    assert told() == [sms(1), sms(2), sms(3)]


def test_a_mail_that_is_late_calls_nobody_while_the_sms_has_left(source, wait) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source)
    hand_over(only(LATER, MAYOR))
    wait(minutes=10)
    assert told() == [sms(1), mail(MAYOR)]


def test_one_late_among_several_chosen_has_a_stand_in(council, wait) -> None:
    contact("astreinte", mobile=number(4))
    push(council, category=FIRE)
    hand_over(only(REGION, number(1)))
    wait(seconds=60)
    assert told() == [sms(1), sms(4), sms(2)]


def test_a_newer_text_is_passed_on_and_the_older_is_not(council, wait) -> None:
    push(council, category=FIRE, severity="minor")
    hand_over(only(REGION, number(1)))
    wait(seconds=50)
    push(council, sequence=2, category=FIRE, severity="extreme")
    hand_over(only(REGION, number(1)))
    wait(seconds=30)
    assert told() == [sms(1), sms(1)]
    wait(seconds=30)
    assert told() == [sms(1), sms(1), sms(2)]
    assert "aggravée" in messages(revision=2)[-1].body


def test_an_end_may_be_late(council, wait) -> None:
    push(council, category=FIRE)
    hand_over()
    push(council, sequence=2, category=FIRE, status="closed")
    hand_over(lambda _: REGION)
    wait(minutes=60)
    assert told(revision=2) == [sms(1)]


def test_what_a_pause_holds_calls_nobody_and_once_resumed_is_tried_first(council, wait) -> None:
    push(council, category=FIRE)
    hand_over(only(REGION, number(1)))
    pause(council, who="chef de salle")
    wait(minutes=10)
    assert told() == [sms(1)]
    resume(council, who="chef de salle")
    wait(seconds=1)
    assert told() == [sms(1)]
    hand_over(only(REGION, number(1)))
    wait(seconds=1)
    assert told() == [sms(1), sms(2)]


def test_a_routine_text_may_be_late_for_half_an_hour(source, wait) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", email="adjoint@delle.example")
    push(source, category=THEFT)
    hand_over(only(LATER, MAYOR))
    wait(minutes=29)
    assert told() == [mail(MAYOR)]
    wait(minutes=1)
    assert told() == [mail(MAYOR), mail("adjoint@delle.example")]


def test_one_that_cannot_be_passed_on_holds_up_no_other(council, wait, monkeypatch, caplog) -> None:
    from notifier.alerting import delayed

    contact(commune="90052", mobile=number(5))
    contact("adjoint", commune="90052", mobile=number(6))
    push(council, "POISON", category=FIRE)
    push(council, category=FIRE, location={"insee": "90052"})
    poison = messages("POISON")[0].pk
    move_on = delayed.move_on

    def poisoned(message: Message) -> None:
        if message.pk == poison:
            raise RuntimeError("poisoned")
        move_on(message)

    monkeypatch.setattr(delayed, "move_on", poisoned)
    hand_over(lambda m: REGION if m.address in (number(1), number(5)) else TAKEN)
    wait(seconds=60)
    assert told(**MAYORS) == [sms(5), sms(6)]
    assert "cannot be passed on" in caplog.text
