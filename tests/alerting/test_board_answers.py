"""The board and an incident's account say what was answered, by whom, and what nobody answered."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from time_machine import travel

from notifier.alerting.answers.answer import answer
from notifier.alerting.board.account import account_of
from notifier.alerting.board.answers import AnswerState
from notifier.alerting.board.incidents import Board, OrganisationLine, incidents_under_way
from notifier.alerting.manual.action import Actor, ManualActionError
from notifier.alerting.manual.enter_answer import enter_answer, people_asked
from notifier.alerting.models import (
    Alert,
    AnswerKind,
    AnswerMeans,
    ManualAction,
    Notification,
)
from notifier.delivery.models import Message, MessageState
from notifier.delivery.providers.base import Receipt
from notifier.delivery.receipts.apply import apply_receipt
from notifier.intake.models import Source
from tests.alerting.house import (
    CROWD,
    FIRE,
    GIROMAGNY,
    MISSING,
    contact,
    hand_over,
    journal,
    mayors,
    messages,
    number,
    push,
    refusing,
)
from tests.alerting.test_unanswered import due

pytestmark = pytest.mark.one_database(reason="querysets without SQL of their own")
ACTOR = Actor("Luc Saulaie", "au téléphone à l’instant")


def board() -> Board:
    return incidents_under_way(Alert.objects.all(), timezone.now())


def line() -> OrganisationLine:
    return board().incidents[0].organisations[0]


def references() -> list[str]:
    return [one.incident.reference for one in board().incidents]


def person(last: int) -> str:
    return Notification.objects.filter(address=number(last)).latest("id").recipient


def answers(last: int, kind: AnswerKind, means: AnswerMeans = AnswerMeans.LINK) -> None:
    alert = Notification.objects.filter(address=number(last)).latest("id").alert
    assert alert is not None
    answer(alert.pk, person(last), kind, means)


def arrive(*found: Message) -> None:
    for message in found:
        apply_receipt(message.pk, Receipt(message.provider_id, MessageState.DELIVERED))


@pytest.fixture
def commune(asking) -> Source:
    contact("maire", mobile=number(1))
    contact("adjoint", rank=1, mobile=number(2))
    return asking


def test_unanswered_ones_stand_first_then_the_unreached_then_the_rest(asking) -> None:
    mayors("90033", "90052")
    now = timezone.now()
    for minutes, reference, category, where in (
        (50, "READ", CROWD, {}),
        (40, "LOST", CROWD, GIROMAGNY),
        (30, "ASKED", FIRE, {}),
        (20, "ANSWERED", FIRE, {}),
        (10, "ASKED-NEW", FIRE, {}),
    ):
        with travel(now - timedelta(minutes=minutes)):
            push(asking, reference, category=category, **({"location": where} if where else {}))
            hand_over(refusing(number(2)))
    for each in Message.objects.filter(address=number(1)):
        arrive(each)
    alert = Alert.objects.get(incident__reference="ANSWERED")
    answer(alert.pk, person(1), AnswerKind.NOTED, AnswerMeans.SMS)
    assert references() == ["ASKED", "ASKED-NEW", "LOST", "READ", "ANSWERED"]
    assert [one.incident.reference for one, _ in board().unanswered] == ["ASKED", "ASKED-NEW"]


def test_who_answered_what_when_and_by_which_means(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    assert line().answers.state is AnswerState.WAITING
    assert line().answers.due_at == Alert.objects.get().answer_due_at
    answers(1, AnswerKind.TAKEN, AnswerMeans.VOICE)
    said = line().answers.said
    assert said is not None
    assert line().answers.state is AnswerState.TAKEN
    assert (said.title, said.in_words, said.by) == ("maire", "je m’en occupe", "au téléphone")
    assert line().answers.due_at is None


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (AnswerKind.NOTED, AnswerState.NOTED),
        (AnswerKind.CALL_ME, AnswerState.CALL_ME),
        (AnswerKind.NOT_MINE, AnswerState.NOT_MINE),
        (AnswerKind.HANDED_OVER, AnswerState.WAITING),
    ],
)
def test_each_answer_has_its_state(commune, kind, state) -> None:
    push(commune, category=FIRE)
    hand_over()
    answers(1, kind)
    assert line().answers.state is state
    assert line().answers.said is not None
    is_waiting = kind in (AnswerKind.CALL_ME, AnswerKind.HANDED_OVER)
    assert bool(board().to_answer) is is_waiting


def test_nobody_is_left_the_duty_was_alarmed_and_somebody_has_to_call(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    due()
    hand_over()
    due()
    assert line().answers.state is AnswerState.DUTY
    assert line().answers.alarmed_at is not None
    assert board().to_answer == [(board().incidents[0], line())]
    assert board().incidents[0].needs_a_person


def test_of_each_as_many_as_were_told_are_waited_for(asking) -> None:
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(asking, category=MISSING)
    hand_over()
    alert = Alert.objects.get(organisation="90033")
    Alert.objects.filter(pk=alert.pk).update(answers_wanted=2)
    answers(1, AnswerKind.NOTED)
    said = line().answers
    assert (said.state, said.people_known, said.wanted) == (AnswerState.WAITING, 1, 2)


def test_what_ended_without_an_answer_says_so(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    push(commune, sequence=2, category=FIRE, status="closed")
    assert line().answers.state is AnswerState.NEVER
    assert not board().unanswered


def test_answers_given_before_it_was_opened_again_are_not_its_answers(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    answers(1, AnswerKind.NOTED)
    push(commune, sequence=2, category=FIRE, status="closed")
    with travel(timezone.now() + timedelta(hours=1)):
        push(commune, sequence=3, category=FIRE, status="engaged")
        assert line().answers.state is AnswerState.WAITING
        assert not line().answers.given


def test_the_board_takes_four_statements_however_many_wait_for_answers(
    asking, django_assert_num_queries
) -> None:
    mayors("90033", "90056", "90052")
    for n in range(6):
        push(asking, f"R{n}", category=MISSING)
    hand_over()
    answers(1, AnswerKind.NOTED)
    with django_assert_num_queries(4):
        assert sum(one.answers.is_asked for i in board().incidents for one in i.organisations) > 5


# --- An answer that somebody enters


def test_an_answer_on_the_telephone_is_entered_once_with_who_and_why(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    alert = Alert.objects.get()
    assert [one.title for one in people_asked(alert)] == ["maire"]
    assert enter_answer(alert, person(1), AnswerKind.TAKEN, ACTOR) == "maire"
    said = line().answers.said
    assert said is not None
    assert (line().answers.state, said.by) == (AnswerState.TAKEN, "saisie par une personne")
    action = ManualAction.objects.get()
    assert (str(action), action.why) == ("réponse saisie par Luc Saulaie", ACTOR.why)
    texts = [entry.text for entry in journal(step="answered")]
    assert texts[0] == "Delle : réponse de maire saisie par Luc Saulaie."
    assert not any(ACTOR.why in text for text in texts)
    with pytest.raises(ManualActionError, match="déjà connue"):
        enter_answer(alert, person(1), AnswerKind.TAKEN, ACTOR)
    assert ManualAction.objects.count() == 1
    assert len(journal(step="answered")) == len(texts)


@pytest.mark.parametrize("kind", [AnswerKind.CALL_ME, AnswerKind.HANDED_OVER])
def test_what_only_the_person_can_say_is_not_entered(commune, kind) -> None:
    push(commune, category=FIRE)
    hand_over()
    with pytest.raises(ManualActionError):
        enter_answer(Alert.objects.get(), person(1), kind, ACTOR)


def test_nobody_else_and_nothing_over_is_answered_and_a_reason_is_needed(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    alert = Alert.objects.get()
    with pytest.raises(ManualActionError):
        enter_answer(alert, "person:0", AnswerKind.TAKEN, ACTOR)
    with pytest.raises(ManualActionError):
        enter_answer(alert, person(1), AnswerKind.TAKEN, Actor("x", " "))
    push(commune, sequence=2, category=FIRE, status="closed")
    assert not people_asked(Alert.objects.get())
    with pytest.raises(ManualActionError):
        enter_answer(alert, person(1), AnswerKind.TAKEN, ACTOR)


# --- Calls


def test_a_call_says_whether_somebody_confirmed_it(commune, calling) -> None:
    push(commune, category=FIRE)
    hand_over()
    due()
    hand_over()
    (call,) = Message.objects.filter(channel="voice")
    found = Alert.objects.get().incident
    apply_receipt(call.pk, Receipt(call.provider_id, MessageState.UNDELIVERED, "no-key"))
    texts = account_of(found, Alert.objects.all(), Notification.objects.all()).texts
    (reader,) = [sent.reader for sent in texts if sent.reader.channel == "appel vocal"]
    assert reader.in_brief == "appelé, sans confirmation"
    assert reader.in_words == ("appelé, sans confirmation : décroché, aucune touche pressée")
    apply_receipt(call.pk, Receipt(call.provider_id, MessageState.DELIVERED))
    texts = account_of(found, Alert.objects.all(), Notification.objects.all()).texts
    (reader,) = [sent.reader for sent in texts if sent.reader.channel == "appel vocal"]
    assert reader.in_brief == "appel vocal, confirmé"
    assert messages(channel="voice")


# --- The story of an incident


def told_so() -> list[tuple[str, str, str]]:
    found = Alert.objects.get().incident
    account = account_of(found, Alert.objects.all(), Notification.objects.all())
    return [(step.title, step.note, step.kind) for step in account.story]


def test_a_silent_mayor_is_called_the_deputy_takes_it_and_the_mayor_is_told_so(
    commune, calling
) -> None:
    with travel(timezone.now() - timedelta(minutes=30), tick=False) as clock:
        push(commune, category=FIRE)
        hand_over()
        clock.shift(timedelta(minutes=5))
        due()
        hand_over()
        clock.shift(timedelta(minutes=1))
        call = Message.objects.get(channel="voice")
        apply_receipt(call.pk, Receipt(call.provider_id, MessageState.UNDELIVERED, "no-key"))
        clock.shift(timedelta(minutes=5))
        due()
        hand_over()
        clock.shift(timedelta(minutes=2))
        answers(2, AnswerKind.TAKEN)
        hand_over()
        clock.shift(timedelta(seconds=20))
        push(commune, sequence=2, category=FIRE, status="closed")
    told = told_so()
    assert told[0] == ("Premier texte : maire (SMS)", "", "off")
    assert told[1] == ("Appel vocal : maire", "sans réponse : maire", "off")
    assert told[2] == (
        "Maire : appelé, sans confirmation", "décroché, aucune touche pressée", "danger",
    )  # fmt: skip
    assert told[3][0] == "Au tour de : 1er adjoint (SMS)"
    assert told[3][1] == "sans réponse : maire"
    assert ("1er adjoint : je m’en occupe", "par le lien", "ok") in told
    assert ("Fait savoir : maire (SMS)", "par qui c’est pris en charge", "off") in told
    assert told[-1][0] == "Fin annoncée : maire (SMS), 1er adjoint (SMS)"


def test_of_an_unanswered_one_the_next_step_stands_last_and_the_duty_is_named(commune) -> None:
    push(commune, category=FIRE)
    hand_over(refusing(number(1)))
    assert told_so()[-1][0] == "Suite"
    assert told_so()[1][0] == "Maire : SMS non reçu"
    due()
    hand_over()
    due()
    assert "La permanence est alertée" in [title for title, _, _ in told_so()]


def test_where_no_answer_is_wanted_there_is_no_story(source) -> None:
    contact(mobile=number(1))
    push(source)
    assert told_so() == []


def test_an_answer_stands_with_the_text_that_it_answers(commune, calling) -> None:
    push(commune, category=FIRE)
    hand_over()
    due()
    hand_over()
    answers(1, AnswerKind.NOTED, AnswerMeans.VOICE)
    answers(1, AnswerKind.TAKEN, AnswerMeans.LINK)
    account = account_of(
        Alert.objects.get().incident, Alert.objects.all(), Notification.objects.all()
    )
    by_channel = {
        sent.channel: [a.kind for a in sent.answers]
        for sent in account.texts
        if not sent.tells_taken
    }
    assert by_channel == {"sms": [AnswerKind.TAKEN], "voice": [AnswerKind.NOTED]}


def test_the_command_says_what_was_answered_or_until_when_nobody_did(commune) -> None:
    push(commune, category=FIRE)
    hand_over()
    out = StringIO()
    call_command("timeline", "R1", stdout=out)
    assert "Réponse de Delle : sans réponse, suite à " in out.getvalue()
    answers(1, AnswerKind.TAKEN, AnswerMeans.SMS)
    call_command("timeline", "R1", stdout=out)
    assert re.search(r"pris en charge : maire, \d+ h \d\d.*, par SMS", out.getvalue())
