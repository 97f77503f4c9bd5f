"""What does not leave within a minute calls the next person, while retrying goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from notifier.alerting.escalation.delayed import escalate_delayed
from notifier.alerting.release.due import release_due
from notifier.alerting.throttling.pause import pause, resume
from notifier.delivery.intervals import ASK_AGAIN
from notifier.delivery.models import Lane, Message, MessageState, Result
from notifier.delivery.providers.base import Outcome
from notifier.delivery.sending.sender import deliver
from tests.alerting.house import (
    DUTY,
    FIRE,
    LATER,
    MAYOR,
    MAYORS,
    REFUSED,
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
from tests.delivery.samples import run_round

# Three ways in which a provider refuses one number for now.
REGION = Outcome(Result.RETRY, code="21408", detail="région interdite")
DAILY = Outcome(Result.RETRY, code="63038", detail="erreur 63038")
UNLISTED = Outcome(Result.RETRY, code="21999", detail="erreur 21999")
DOWN = Outcome(Result.RETRY, detail="opérateur injoignable", is_common=True)
LOST = Outcome(Result.UNKNOWN, detail="ligne coupée sans réponse")

Answer = Callable[[Message], Outcome]


def only(outcome: Outcome, *addresses: str) -> Answer:
    """A provider that answers these addresses so, and takes all others."""
    return lambda message: outcome if message.address in addresses else TAKEN


def everyone(outcome: Outcome) -> Answer:
    """A provider that answers everybody so."""
    return lambda _: outcome


class Clock:
    """Time, and what beat enqueues: what is due is tried, then what is late is passed on."""

    def __init__(self) -> None:
        self._traveller = travel(timezone.now(), tick=False)
        self._now = self._traveller.start()
        self.answer = everyone(TAKEN)

    def meets(self, answer: Answer) -> None:
        """The provider answers so from now on; what is due is tried."""
        self.answer = answer
        self.waits()

    def waits(self, **time: float) -> None:
        self._now.shift(timedelta(**time))
        hand_over(self.answer)
        # The provider was asked about what may have left, and did not say.
        asked = Message.objects.filter(state=MessageState.UNKNOWN)
        asked.update(due_at=timezone.now() + ASK_AGAIN)
        escalate_delayed()

    def stop(self) -> None:
        self._traveller.stop()


@pytest.fixture
def clock() -> Iterator[Clock]:
    ticking = Clock()
    yield ticking
    ticking.stop()


@pytest.fixture
def council(source):
    """A mayor and two deputies with a phone each, told by SMS alone."""
    contact("maire", mobile=number(1))
    contact("adjoint", rank=1, mobile=number(2))
    contact("adjoint", rank=2, mobile=number(3))
    return source


@pytest.mark.parametrize("outcome", [REGION, DAILY, UNLISTED, LOST, LATER])
def test_after_a_minute_the_next_person_is_told_and_retrying_goes_on(
    council, clock, outcome
) -> None:
    push(council, category=FIRE)
    clock.meets(only(outcome, number(1)))
    clock.waits(seconds=59)
    assert told() == [sms(1)]
    clock.waits(seconds=1)
    assert told() == [sms(1), sms(2)]
    first = messages(address=number(1))[0]
    assert first.state in (MessageState.PENDING, MessageState.UNKNOWN)
    line = journal(step="decided")[-1]
    assert "maire pas encore joint (SMS), au tour de 1er adjoint" in line.text
    assert line.data["rule"] == "delayed"


@pytest.mark.parametrize("code", [21408, 63038, 21999])
def test_a_number_that_twilio_refuses_for_now_holds_nobody_up(council, provider, code) -> None:
    """The whole way to a provider: both have it in the end, once each."""
    provider.fault("reject", to=number(1), error_code=code)
    push(council, category=FIRE)
    deliver(Lane.URGENT)
    later = timezone.now() + timedelta(minutes=1)
    Message.objects.update(created_at=timezone.now() - timedelta(minutes=1), due_at=later)
    escalate_delayed()
    deliver(Lane.URGENT)
    assert [text["to"] for text in provider.messages()] == [number(2)]
    provider.clear_faults()
    Message.objects.filter(address=number(1)).update(due_at=timezone.now())
    deliver(Lane.URGENT)
    assert [text["to"] for text in provider.messages()] == [number(2), number(1)]


def test_it_is_passed_on_once_and_both_get_it_once(council, clock) -> None:
    push(council, category=FIRE)
    clock.meets(only(REGION, number(1)))
    for _ in range(4):
        clock.waits(seconds=60)
    assert told() == [sms(1), sms(2)]
    clock.answer = everyone(TAKEN)
    clock.waits(minutes=5)
    assert told() == [sms(1), sms(2)]
    assert [m.state for m in messages()] == [MessageState.ACCEPTED] * 2


def test_what_has_left_or_was_never_tried_calls_nobody(council, clock) -> None:
    push(council, category=FIRE)
    clock._now.shift(timedelta(minutes=5))
    escalate_delayed()  # no worker has come to it: the next one's text would wait behind it
    assert told() == [sms(1)]
    clock.waits(minutes=5)
    assert told() == [sms(1)]


def test_what_is_due_is_tried_before_anybody_else_is_called(council, clock) -> None:
    """After an outage of the workers all that waited is late, and about to leave."""
    push(council, category=FIRE)
    clock.meets(only(REGION, number(1)))
    clock._now.shift(timedelta(minutes=5))
    escalate_delayed()
    assert told() == [sms(1)]


def test_down_the_order_and_the_duty_from_the_second_on(council, clock) -> None:
    push(council, category=FIRE)
    clock.meets(everyone(REGION))
    clock.waits(seconds=60)
    assert told() == [sms(1), sms(2)]
    clock.waits(seconds=1)
    clock.waits(seconds=60)
    assert told() == [sms(1), sms(2), sms(3), mail(DUTY)]
    assert "aucun SMS n’est encore parti" in messages(address=DUTY)[0].body
    clock.waits(seconds=61)
    clock.waits(minutes=60)
    assert told() == [sms(1), sms(2), sms(3), mail(DUTY)]


def test_a_provider_that_is_down_calls_nobody_and_the_duty_is_told_once_of_all(
    council, clock
) -> None:
    contact(commune="90052", mobile=number(5))
    push(council, category=FIRE)
    push(council, "R2", category=FIRE, location={"insee": "90052"})
    clock.meets(everyone(DOWN))
    clock.waits(seconds=60)
    clock.waits(seconds=60)
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
    clock.waits(seconds=1)
    clock.waits(seconds=60)
    assert [m.address for m in messages("R3")] == [number(7), DUTY]


def test_once_the_provider_is_up_again_who_is_still_refused_is_passed_over(council, clock) -> None:
    push(council, category=FIRE)
    clock.meets(everyone(DOWN))
    clock.waits(seconds=60)
    assert told() == [sms(1), mail(DUTY)]
    clock.answer = only(REGION, number(1))
    clock.waits(seconds=10)
    assert told() == [sms(1), mail(DUTY), sms(2)]


def test_a_provider_that_is_down_is_no_alarm_for_whom_the_text_reached(council, clock) -> None:
    contact("astreinte", mobile=number(4))
    push(council, category=FIRE)
    clock.meets(only(DOWN, number(1)))
    clock.waits(seconds=60)
    assert told() == [sms(1), sms(4)]


def test_who_is_alone_is_told_by_mail_as_well_and_the_duty_at_once(source, clock) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    push(source, category=FIRE)
    clock.meets(only(REGION, number(1)))
    clock.waits(seconds=60)
    assert told() == [sms(1), mail(MAYOR), mail(DUTY)]
    (line,) = journal(step="unreached")
    assert "pas encore joint" in line.text


def test_the_end_of_its_lifetime_calls_no_second_stand_in(council, clock) -> None:
    push(council, category=FIRE)
    clock.meets(only(REGION, number(1)))
    clock.waits(seconds=60)
    clock.waits(seconds=1)
    clock.waits(minutes=180)
    run_round()
    assert messages(address=number(1))[0].state == MessageState.EXPIRED
    assert told() == [sms(1), sms(2)]


def test_a_stand_in_who_is_refused_is_followed_by_the_next(council, clock) -> None:
    push(council, category=FIRE)
    clock.meets(only(REGION, number(1)))
    clock.waits(seconds=60)
    clock.meets(lambda m: {number(1): REGION, number(2): REFUSED}.get(m.address, TAKEN))
    assert told() == [sms(1), sms(2), sms(3)]


def test_a_mail_that_is_late_calls_nobody_while_the_sms_has_left(source, clock) -> None:
    contact("maire", mobile=number(1), email=MAYOR)
    contact("adjoint", mobile=number(2))
    push(source)
    clock.meets(only(LATER, MAYOR))
    clock.waits(minutes=10)
    assert told() == [sms(1), mail(MAYOR)]


def test_one_late_among_several_chosen_has_a_stand_in(council, clock) -> None:
    contact("astreinte", mobile=number(4))
    push(council, category=FIRE)
    clock.meets(only(REGION, number(1)))
    clock.waits(seconds=60)
    assert told() == [sms(1), sms(4), sms(2)]


def test_a_newer_text_is_passed_on_and_the_older_is_not(council, clock) -> None:
    push(council, category=FIRE, severity="minor")
    clock.meets(only(REGION, number(1)))
    clock.waits(seconds=50)
    push(council, sequence=2, category=FIRE, severity="extreme")
    clock.waits(seconds=1)
    clock.waits(seconds=30)
    assert told() == [sms(1), sms(1)]
    clock.waits(seconds=30)
    assert told() == [sms(1), sms(1), sms(2)]
    assert "aggravée" in messages(revision=2)[-1].body


def test_an_end_may_be_late(council, clock) -> None:
    push(council, category=FIRE)
    clock.meets(everyone(TAKEN))
    push(council, sequence=2, category=FIRE, status="closed")
    clock.meets(everyone(REGION))
    clock.waits(minutes=60)
    assert told(revision=2) == [sms(1)]


def test_what_a_pause_holds_calls_nobody_and_once_resumed_is_tried_first(council, clock) -> None:
    push(council, category=FIRE)
    clock.meets(only(REGION, number(1)))
    pause(council, who="chef de salle")
    clock.waits(minutes=10)
    assert told() == [sms(1)]
    resume(council, who="chef de salle")
    escalate_delayed()
    assert told() == [sms(1)]
    clock.waits(seconds=1)
    assert told() == [sms(1), sms(2)]


def test_a_routine_text_may_be_late_for_half_an_hour(source, clock) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", email="adjoint@delle.example")
    push(source, category=THEFT)
    clock.meets(only(LATER, MAYOR))
    clock.waits(minutes=29)
    assert told() == [mail(MAYOR)]
    clock.waits(minutes=1)
    assert told() == [mail(MAYOR), mail("adjoint@delle.example")]


def test_a_digest_that_does_not_leave_is_told_to_the_next_person(source, clock) -> None:
    contact("maire", email=MAYOR)
    contact("adjoint", email="adjoint@delle.example")
    for n in range(7):
        push(source, f"S{n}", category=THEFT)
    clock.meets(lambda m: LATER if m.incident_id is None else TAKEN)
    clock.waits(minutes=16)
    release_due()
    (digest,) = Message.objects.filter(notifications__kind="digest").distinct()
    clock.waits(seconds=1)
    clock.waits(minutes=30)
    digest.refresh_from_db()
    assert digest.state == MessageState.PENDING
    for reference in ("S5", "S6"):
        assert told(reference) == [mail("adjoint@delle.example")]


def test_one_that_cannot_be_passed_on_holds_up_no_other(
    council, clock, monkeypatch, caplog
) -> None:
    from notifier.alerting.escalation import delayed

    contact(commune="90052", mobile=number(5))
    contact("adjoint", commune="90052", mobile=number(6))
    push(council, "POISON", category=FIRE)
    push(council, category=FIRE, location={"insee": "90052"})
    poison = messages("POISON")[0].pk
    fail_over = delayed.fail_over

    def poisoned(message: Message) -> None:
        if message.pk == poison:
            raise RuntimeError("poisoned")
        fail_over(message)

    monkeypatch.setattr(delayed, "fail_over", poisoned)
    clock.meets(only(REGION, number(1), number(5)))
    clock.waits(seconds=60)
    assert told(**MAYORS) == [sms(5), sms(6)]
    assert "cannot be passed on" in caplog.text
