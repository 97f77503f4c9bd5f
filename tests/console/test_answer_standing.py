"""The page behind a link says how its alert stands: over, withdrawn, expired, contested."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from notifier.alerting.answers.answer import answer
from notifier.alerting.decision.pipeline import decide
from notifier.alerting.manual.action import Actor
from notifier.alerting.manual.ending import close, withdraw
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans, Notification
from notifier.alerting.review.decisions import decide_communes, waiting
from notifier.alerting.sweep import upkeep
from notifier.intake.models import Source
from tests.alerting.house import FIRE, contact, hand_over, number, push, refusing
from tests.console.test_answer_pages import fire, give, link, now, shown

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what a page shows is no matter of SQL"),
]
__all__ = ["fire", "give", "now"]  # fixtures
ACTOR = Actor("Luc Saulaie", "le centre a rappelé")
NEXT_IS_TOLD = "la personne suivante"
BUTTONS = ("Bien noté", "Je m’en occupe", "Rappelez-moi")


def answers(alert: Alert, last: int, kind: AnswerKind) -> None:
    row = Notification.objects.filter(alert=alert, address=number(last)).latest("id")
    answer(alert.pk, row.recipient, kind, AnswerMeans.LINK)


@pytest.fixture
def two(fire: Alert, now: Any) -> Alert:
    """The mayor's text was refused: the deputy was told as well."""
    hand_over(refusing(number(1)))
    hand_over()
    now.shift(60)
    return fire


def cancelled(source: Source, _: Alert) -> None:
    push(source, sequence=2, category=FIRE, status="cancelled")


def withdrawn(_: Source, alert: Alert) -> None:
    withdraw(alert.incident_id, Alert.objects.all(), ACTOR)


def moved(source: Source, _: Alert) -> None:
    push(source, sequence=2, category=FIRE, location={"insee": "90052"})


def corrected(_: Source, alert: Alert) -> None:
    answers(alert, 1, AnswerKind.NOT_MINE)
    decide(decide_communes(list(waiting()), ["90052"], who="J. Morel", why="relu").pk)


def ended(source: Source, _: Alert) -> None:
    push(source, sequence=2, category=FIRE, status="closed")


def closed(_: Source, alert: Alert) -> None:
    close(alert.incident_id, Alert.objects.all(), ACTOR)


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (cancelled, "L’intervention est annulée"),
        (withdrawn, "L’intervention est annulée"),
        (moved, "C’est finalement à Giromagny"),
        (corrected, "C’est finalement à Giromagny"),
    ],
)
@pytest.mark.parametrize("taken", [False, True])
def test_what_is_withdrawn_says_so_first_and_nothing_goes_on(
    fire: Alert,
    asking: Source,
    happens: Callable[[Source, Alert], None],
    said: str,
    taken: bool,
) -> None:
    hand_over()
    if taken:
        answers(fire, 1, AnswerKind.TAKEN)
    happens(asking, fire)
    page = shown(link(fire))
    assert "Alerte retirée" in page
    assert said in page
    assert "Vous n’avez rien à faire" in page
    for wrong in ("en cours", "Vous vous en occupez", "vérifie", NEXT_IS_TOLD):
        assert wrong not in page, wrong
    assert 'name="reponse"' not in Client().get(link(fire)).content.decode()
    assert page.index("Alerte retirée") < page.index("eu de forêt")


@pytest.mark.parametrize("happens", [ended, closed])
@pytest.mark.parametrize("kind", [None, AnswerKind.TAKEN, AnswerKind.NOT_MINE])
def test_what_ended_says_so_first(
    fire: Alert,
    asking: Source,
    happens: Callable[[Source, Alert], None],
    kind: AnswerKind | None,
) -> None:
    hand_over()
    if kind:
        answers(fire, 1, kind)
    happens(asking, fire)
    page = shown(link(fire))
    assert "C’est terminé" in page
    assert "Vous n’avez plus rien à faire" in page
    assert "Intervention terminée" in page
    for wrong in ("en cours", "Vous vous en occupez", "vérifie", NEXT_IS_TOLD):
        assert wrong not in page, wrong
    assert 'name="reponse"' not in Client().get(link(fire)).content.decode()


def test_what_expired_is_no_longer_followed_and_may_still_be_answered(fire: Alert, now) -> None:
    hand_over()
    now.move_to(fire.expires_at + timedelta(minutes=5))
    upkeep()
    page = shown(link(fire))
    at = timezone.localtime(fire.expires_at)
    assert f"plus suivie depuis {at.hour} h {at:%M}" in page
    assert "Dernier état connu Intervention en cours" in page
    assert "Appelez la permanence" in page
    assert NEXT_IS_TOLD not in page
    assert all(button in page for button in BUTTONS)


def test_what_somebody_contests_is_said_to_the_other_readers_without_who(two: Alert) -> None:
    assert "Commune à vérifier" not in shown(link(two, 2))
    answers(two, 1, AnswerKind.NOT_MINE)
    page = shown(link(two, 2))
    assert "Commune à vérifier" in page
    assert "Appelez-la avant de vous déplacer" in page
    assert "maire" not in page
    assert NEXT_IS_TOLD not in page
    own = shown(link(two))
    assert "Une personne vérifie le lieu" in own
    assert "Commune à vérifier" not in own
    assert NEXT_IS_TOLD not in own


def test_what_nobody_decided_in_time_is_not_said_to_be_looked_into(two: Alert, now) -> None:
    answers(two, 1, AnswerKind.NOT_MINE)
    now.move_to(two.expires_at + timedelta(minutes=70))
    upkeep()
    for last in (1, 2):
        page = shown(link(two, last))
        assert "vérifie le lieu" not in page
        assert "personne ne l’a vérifié" in page


def test_where_the_commune_is_confirmed_its_reader_learns_it_and_may_note_it(
    two: Alert, give
) -> None:
    answers(two, 1, AnswerKind.NOT_MINE)
    decide(decide_communes(list(waiting()), ["90033"], who="J. Morel", why="vérifié").pk)
    page = shown(link(two))
    assert "Vérification faite : c’est bien à Delle" in page
    assert "vérifie le lieu" not in page
    assert all(button in page for button in BUTTONS)
    assert "Commune à vérifier" not in shown(link(two, 2))
    give(link(two), "noted")
    assert "Merci, c’est noté" in shown(link(two))


def test_what_is_answered_already_does_not_say_that_the_next_person_is_told(two: Alert) -> None:
    assert NEXT_IS_TOLD in shown(link(two, 2))
    answers(two, 1, AnswerKind.NOTED)
    page = shown(link(two, 2))
    assert NEXT_IS_TOLD not in page
    assert "Lire cette page ne vaut pas réponse" in page


def test_what_was_opened_again_is_not_shown_to_whom_it_is_not_told_again(
    asking: Source, now: time_machine.Traveller
) -> None:
    """As every link that opens nothing: the same page, which says that it may not concern them."""
    contact("maire", mobile=number(1))
    contact("adjoint", mobile=number(2))
    push(asking, category=FIRE)
    hand_over(refusing(number(1)))
    alert = Alert.objects.get()
    deputys = link(alert, 2)
    push(asking, sequence=2, category=FIRE, status="closed")
    push(asking, sequence=3, category=FIRE)
    page = shown(deputys, 404)
    assert "ne vous concerne plus" in page
    assert page == shown("/r/" + "2" * 12, 404, Client())


def test_it_is_read_with_one_statement_more_where_somebody_contests(
    two: Alert, django_assert_max_num_queries
) -> None:
    answers(two, 1, AnswerKind.NOT_MINE)
    with django_assert_max_num_queries(12):
        Client().get(link(two, 2))
