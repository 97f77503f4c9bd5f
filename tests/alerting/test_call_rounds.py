"""Several are called at once: the next step is taken when the last call ended, or by the clock."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from time_machine import travel

from notifier.alerting.answers.answer import answer
from notifier.alerting.escalation.delayed import escalate_delayed
from notifier.alerting.escalation.unanswered import escalate_unanswered
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans, Notification
from notifier.delivery.models import Channel, Message, MessageState
from notifier.delivery.providers.base import Receipt
from notifier.delivery.receipts.apply import apply_receipt
from notifier.intake.models import Source
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import (
    FIRE,
    LATER,
    MAYORS,
    contact,
    dispatch_centre,
    hand_over,
    number,
    push,
    sms,
    told,
)

WITHIN = timedelta(minutes=5)


@pytest.fixture
def pairs(operator, calling) -> None:
    """A fire asks for one answer, and tells two at once when nobody gives it."""
    fire = 'edge = "all"\nanswer = "one"\nescalate = 2\n'
    operator(written([(*f[:6], fire if f[0] == "C04" else f[6]) for f in FAMILIES]))


@pytest.fixture
def commune(pairs, db) -> Source:
    return _commune()


def _commune() -> Source:
    """A mayor and four deputies, each with a number."""
    source = dispatch_centre()
    contact("maire", mobile=number(1))
    for rank in range(1, 5):
        contact("adjoint", rank=rank, mobile=number(rank + 1))
    return source


def call(last: int) -> tuple[str, str]:
    return Channel.VOICE, number(last)


def due() -> None:
    """The wait is over, and a sweep looks."""
    Alert.objects.filter(answer_due_at__isnull=False).update(answer_due_at=timezone.now())
    escalate_unanswered()
    hand_over()


def ends(last: int, code: str = "no-answer") -> None:
    """The call to the number that ends so ends, and nobody pressed a key; a sweep looks."""
    made = Message.objects.get(channel=Channel.VOICE, address=number(last))
    apply_receipt(made.pk, Receipt(made.provider_id, MessageState.UNDELIVERED, code))
    escalate_unanswered()
    hand_over()


def two_called(source: Source) -> None:
    """Nobody answers: the mayor's call has ended, and two deputies are being called."""
    push(source, category=FIRE)
    hand_over()
    due()
    ends(1)
    assert told(**MAYORS) == [sms(1), call(1), sms(2), sms(3)]
    due()
    assert told(**MAYORS)[4:] == [call(2), call(3)]


def test_the_next_step_is_taken_once_the_last_of_them_ended(commune) -> None:
    two_called(commune)
    ends(2)
    assert told(**MAYORS)[6:] == []
    ends(3)
    assert told(**MAYORS)[6:] == [sms(4), sms(5)]


def test_or_by_the_clock_and_what_ends_afterwards_brings_nothing_forward(commune) -> None:
    two_called(commune)
    ends(2)
    with travel(timezone.now() + WITHIN, tick=False):
        escalate_unanswered()
        hand_over()
        assert told(**MAYORS)[6:] == [sms(4), sms(5)]
        ends(3)
        assert told(**MAYORS)[8:] == []


def test_a_call_that_somebody_confirmed_has_ended_as_well(commune) -> None:
    """Of an alert that wants two answers one is given: the other call is the last."""
    two_called(commune)
    Alert.objects.update(answers_wanted=2)
    made = Message.objects.get(channel=Channel.VOICE, address=number(2))
    row = Notification.objects.get(message=made)
    answer(row.alert_id, row.recipient, AnswerKind.NOTED, AnswerMeans.VOICE)
    apply_receipt(made.pk, Receipt(made.provider_id, MessageState.DELIVERED))
    ends(3)
    assert told(**MAYORS)[6:] == [sms(4), sms(5)]


def test_a_call_that_does_not_leave_holds_up_nobody(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    due()
    ends(1)
    Alert.objects.update(answer_due_at=timezone.now())
    escalate_unanswered()
    hand_over(lambda _: LATER)
    with travel(timezone.now() + timedelta(seconds=61), tick=False):
        hand_over(lambda _: LATER)
        assert told(**MAYORS)[4:] == [call(2), call(3)]
        escalate_delayed()
        escalate_unanswered()
    assert told(**MAYORS)[6:] == [sms(4), sms(5)]


def test_what_the_mayor_hands_over_while_he_is_called_is_waited_for(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    due()
    mayor = Notification.objects.filter(address=number(1)).latest("id").recipient
    answer(Alert.objects.get().pk, mayor, AnswerKind.HANDED_OVER, AnswerMeans.LINK)
    hand_over()
    ends(1)
    assert told(**MAYORS) == [sms(1), call(1), sms(2)]


def test_calls_that_end_at_the_same_moment_take_one_step(pairs, real_commits) -> None:
    two_called(_commune())
    made = list(Message.objects.filter(address__in=[number(2), number(3)], channel=Channel.VOICE))
    start = threading.Barrier(2)

    def end(message: Message) -> None:
        try:
            start.wait(10)
            receipt = Receipt(message.provider_id, MessageState.UNDELIVERED, "no-answer")
            apply_receipt(message.pk, receipt)
            escalate_unanswered()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as at_once:
        list(at_once.map(end, made))
    escalate_unanswered()
    assert told(**MAYORS)[6:] == [sms(4), sms(5)]
