"""What people answer to alerts: kept once, counted, and of two who take it one is the first."""

from __future__ import annotations

import pytest

from notifier.alerting.answer_link import answer_secret, secret_hash
from notifier.alerting.answers.answer import AnswerRefusedError, answer
from notifier.alerting.answers.find import find_by_secret
from notifier.alerting.models import Alert, Answer, AnswerKind, AnswerMeans, Notification
from tests.alerting.house import FIRE, contact, journal, number, push

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(source) -> Alert:
    """A fire in Delle, of which mayor and deputy were told, and one answer is wanted."""
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(source, category=FIRE)
    Alert.objects.update(answers_wanted=1)
    return Alert.objects.get()


def person(alert: Alert, last: int) -> str:
    return Notification.objects.get(alert=alert, address=number(last)).recipient


def test_noted_ends_the_waiting_and_stands_in_the_journal(asked) -> None:
    result = answer(asked.pk, person(asked, 1), AnswerKind.NOTED, AnswerMeans.LINK)
    asked.refresh_from_db()
    assert result.is_new
    assert asked.answered_at is not None
    assert [e.text for e in journal(step="answered")] == ["Delle : maire : bien noté, par le lien."]
    assert not answer(asked.pk, person(asked, 1), AnswerKind.NOTED, AnswerMeans.SMS).is_new
    assert Answer.objects.get().means == AnswerMeans.LINK


def test_whoever_was_not_told_answers_nothing(asked) -> None:
    with pytest.raises(AnswerRefusedError):
        answer(asked.pk, "person:0", AnswerKind.TAKEN, AnswerMeans.LINK)
    assert not Answer.objects.exists()


def test_a_link_opens_the_alert_of_its_reader_alone(asked) -> None:
    secret = answer_secret(asked.incident_id, asked.ref, person(asked, 1))
    Notification.objects.filter(address=number(1)).update(answer_hash=secret_hash(secret))
    opened = find_by_secret(secret)
    assert opened is not None
    assert (opened.alert, opened.title, opened.takes_answers) == (asked, "maire", True)
    assert not Answer.objects.exists()
    assert find_by_secret(secret.swapcase()) is None
