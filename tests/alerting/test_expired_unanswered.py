"""An urgent alert that expires while it waits for an answer: the duty hears of it, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import travel

from notifier.alerting.answers.answer import answer
from notifier.alerting.board.account import account_of
from notifier.alerting.board.answers import AnswerState, in_words, read_answers
from notifier.alerting.board.attention import ended_unanswered
from notifier.alerting.escalation.unanswered import escalate_unanswered
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans, Notification, WebhookEvent
from notifier.alerting.sweep import upkeep
from notifier.alerting.throttling.pause import pause, resume
from notifier.delivery.models import Channel, Message
from notifier.intake.access.webhooks import set_webhook
from notifier.intake.models import Source
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import (
    DUTY,
    FIRE,
    MAYORS,
    breakable,
    contact,
    hand_over,
    journal,
    number,
    push,
    sms,
    told,
)

DUTY_PHONE = "+33353010090"


@pytest.fixture
def commune(asking, calling) -> Source:
    """A mayor and a deputy, and a duty that can be called."""
    Source.objects.update(duty_phone=DUTY_PHONE)
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    asking.refresh_from_db()
    return asking


@contextmanager
def expired(minutes: int = 1) -> Iterator[None]:
    """So long after the alert has expired."""
    with travel(Alert.objects.get().expires_at + timedelta(minutes=minutes), tick=False):
        yield


def answers(last: int, kind: AnswerKind) -> None:
    row = Notification.objects.filter(address=number(last)).latest("id")
    answer(Alert.objects.get().pk, row.recipient, kind, AnswerMeans.LINK)


def to_duty() -> list[tuple[str, str]]:
    """What the duty was told: channel and words."""
    rows = Message.objects.filter(recipient="duty").order_by("id")
    return [(m.channel, breakable(m.body)) for m in rows]


def test_the_duty_is_mailed_and_called_once_and_nobody_else_is_told(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    for minutes in (1, 2, 30):
        with expired(minutes):
            upkeep()
    (mail, words), (call, said) = to_duty()
    assert (mail, call) == (Channel.EMAIL, Channel.VOICE)
    assert "l’alerte a expiré, et personne n’a répondu" in words
    assert "l’alerte a expiré, et personne n’a répondu" in said
    assert told(**MAYORS) == [sms(1)]
    assert Alert.objects.get().answer_due_at is None
    assert journal(step="unreached")[-1].text.startswith("Delle : l’alerte a expiré")


def test_what_expires_in_a_pause_is_said_while_the_pause_lasts(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    pause(None, "test")
    with expired():
        escalate_unanswered()
        assert "pendant une suspension des envois, et personne n’a répondu" in to_duty()[0][1]
        resume(None, "test")
        upkeep()
    assert len(to_duty()) == 2


def test_what_reached_nobody_before_it_expired_says_so(commune) -> None:
    pause(None, "test")
    push(commune, category=FIRE)
    with expired():
        escalate_unanswered()
    assert "pendant une suspension des envois, sans qu’un texte soit parti" in to_duty()[0][1]


def test_what_may_not_be_passed_on_any_more_is_said_to_the_duty(commune, operator) -> None:
    push(commune, category=FIRE)
    hand_over()
    kept = [(*f[:2], "withhold", *f[3:]) if f[0] == "C04" else f for f in FAMILIES]
    operator(written(kept))
    Alert.objects.update(answer_due_at=timezone.now())
    for _ in range(2):
        escalate_unanswered()
    assert [channel for channel, _ in to_duty()] == [Channel.EMAIL, Channel.VOICE]
    assert "personne d’autre ne peut plus être prévenu" in to_duty()[0][1]
    assert told(**MAYORS) == [sms(1)]


@pytest.mark.parametrize("kind", [AnswerKind.NOTED, AnswerKind.TAKEN])
def test_what_was_answered_expires_in_silence(commune, kind) -> None:
    push(commune, category=FIRE)
    hand_over()
    answers(1, kind)
    with expired():
        upkeep()
    assert to_duty() == []


def test_what_ended_in_time_and_what_the_duty_knows_of_is_not_said_again(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    for _ in range(6):
        Alert.objects.filter(answer_due_at__isnull=False).update(answer_due_at=timezone.now())
        escalate_unanswered()
        hand_over()
    before = to_duty()
    assert [channel for channel, _ in before] == [Channel.EMAIL, Channel.VOICE]
    with expired():
        upkeep()
    assert to_duty() == before
    push(commune, "R2", category=FIRE)
    push(commune, "R2", sequence=2, category=FIRE, status="closed")
    with travel(timezone.now() + timedelta(hours=4), tick=False):
        upkeep()
    assert to_duty() == before


def test_the_centres_software_learns_that_it_ended_unanswered(commune) -> None:
    set_webhook(commune, "https://dispatch.example/retours", "json", "A. Dupont")
    push(commune, category=FIRE)
    hand_over()
    with expired():
        upkeep()
    event = WebhookEvent.objects.get()
    assert event.type == "alert.unanswered"
    assert event.payload["data"]["reason"] == "l’alerte a expiré, et personne n’a répondu"


def test_the_board_and_the_story_say_it(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    alert = Alert.objects.get()
    with expired():
        assert ended_unanswered(Alert.objects.all(), timezone.now())
        upkeep()
        ((shown, words),) = ended_unanswered(Alert.objects.all(), timezone.now())
        assert shown == alert
        assert words.startswith("périmée sans réponse, permanence alertée à ")
        alert.refresh_from_db()
        state = read_answers([alert]).of(alert)
        assert (state.state, in_words(alert, state)) == (AnswerState.NEVER, words)
        account = account_of(alert.incident, Alert.objects.all(), Notification.objects.all())
        assert ("La permanence est alertée", "périmée sans réponse") in [
            (step.title, step.note) for step in account.story
        ]
    with expired(24 * 60 + 1):
        assert not ended_unanswered(Alert.objects.all(), timezone.now())


def test_what_was_answered_is_not_listed_as_without_an_answer(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    answers(1, AnswerKind.TAKEN)
    with expired():
        assert not ended_unanswered(Alert.objects.all(), timezone.now())


def test_a_duty_that_has_a_telephone_alone_is_seen_to_be_alarmed(commune) -> None:
    Source.objects.update(duty_email="")
    push(commune, category=FIRE)
    hand_over()
    with expired():
        upkeep()
        alert = Alert.objects.get()
        assert "permanence alertée à" in in_words(alert, read_answers([alert]).of(alert))
    assert [m.channel for m in Message.objects.filter(recipient="duty")] == [Channel.VOICE]
    assert not Message.objects.filter(address=DUTY).exists()
