"""An absence that a link notes: how long at most, and who hears of it where nobody is left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.alerting.content.gsm import sms_size
from notifier.delivery.models import Message
from notifier.directory.models import Absence, Change, Mandate, Organisation
from notifier.directory.own_data import MAX_AWAY
from notifier.directory.recipients import active_people
from notifier.intake.models import Source
from notifier.journal.models import Entry
from tests.alerting.house import DUTY, breakable, contact, number
from tests.console.test_answer_pages import text_of
from tests.console.test_own_preferences import do, now, page
from tests.harness.accounts import add_account, logged_in

__all__ = ["do", "now", "page"]
pytestmark = pytest.mark.django_db
MAIL = "maire@delle.example"


def day(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


@pytest.fixture
def alone(page, asking) -> None:
    """Only the mayor has a telephone; a deputy reads mails."""
    Source.objects.update(duty_phone="+33353010090")
    Mandate.objects.filter(function="adjoint").delete()
    contact("adjoint", email="adjoint@delle.example")


@pytest.fixture
def fresh(page):
    seen = set(Message.objects.values_list("pk", flat=True))

    def read() -> dict[str, str]:
        rows = Message.objects.exclude(pk__in=seen)
        found = {m.address: breakable(f"{m.subject}\n{m.body}".strip()) for m in rows}
        assert len(found) == len(rows)
        seen.update(rows.values_list("pk", flat=True))
        return found

    return read


@pytest.mark.parametrize(("days", "is_noted"), [(MAX_AWAY, True), (MAX_AWAY + 1, False)])
def test_sixty_days_and_no_more(page, do, days: int, is_noted: bool) -> None:
    answer = do("absence", ends_on=day(days))
    assert Absence.objects.exists() == is_noted
    assert answer.status_code == (200 if is_noted else 422)
    if not is_noted:
        said = text_of(answer)
        assert "Par ce lien, 60 jours d’absence au plus" in said
        assert "adressez-vous à qui administre l’annuaire (Delle)" in said


def test_nor_one_after_the_other(page, do) -> None:
    do("absence", ends_on=day(40))
    later = {"starts_at": f"{day(42)}T08:00", "ends_on": day(63)}
    assert "60 jours d’absence au plus" in text_of(do("absence", **later))
    assert do("absence", **{**later, "ends_on": day(62)}).status_code == 200
    assert Absence.objects.count() == 2


def test_one_over_another_is_refused_in_words_for_its_reader(page, do) -> None:
    do("absence", ends_on=day(3))
    said = text_of(do("absence", ends_on=day(5)))
    assert "Vous êtes déjà absent du" in said
    assert "notifier absence" not in said


def test_the_owner_is_told_of_it(page, do, fresh) -> None:
    Source.objects.update(duty_phone="+33353010090")
    do("absence", ends_on=day(3))
    told = fresh()
    assert set(told) == {number(1), MAIL}
    sms = told[number(1)]
    at, last = timezone.localtime(), timezone.localdate() + timedelta(days=3)
    assert f"absence notée par votre lien du {at:%d/%m} à" in sms
    assert f"au {last:%d/%m} à 23h59. Pas vous ? " in sms
    assert sms.endswith("03 53 01 00 90")
    assert sms_size(sms).segments == 1
    assert "votre absence est notée du" in told[MAIL]
    assert "absence notée par le lien" in Entry.objects.filter(step="directory").latest("pk").text


def test_who_is_rung_instead_is_shown(page, do) -> None:
    shown = text_of(do("absence", ends_on=day(3)))
    assert "Sonne d’abord à votre place : 1er adjoint." in shown


def test_where_nobody_is_left_it_is_asked_once_more_and_the_administrators_hear_of_it(
    page, do, alone, fresh
) -> None:
    anne = add_account(Role.ORGANISATION, Organisation.objects.get(code="90033"))
    answer = do("absence", ends_on=day(3))
    assert answer.status_code == 422
    shown = text_of(answer)
    assert "Votre absence n’est pas encore notée" in shown
    assert "aucun téléphone de Delle ne sonnerait" in shown
    assert "par courriel à : 1er adjoint" in shown
    assert (Absence.objects.exists(), fresh()) == (False, {})
    key = f"|{day(3)}||"
    assert f'name="quand_meme" value="{key}"' in answer.content.decode()
    # What was changed meanwhile is asked anew.
    assert do("absence", ends_on=day(9), quand_meme=key).status_code == 422
    done = do("absence", ends_on=day(3), quand_meme=key)
    assert "Votre absence est notée" in text_of(done)
    assert "aucun téléphone ne sonne" in text_of(done)
    told = fresh()
    assert set(told) == {number(1), MAIL, anne.email}
    mail = told[anne.email]
    assert mail.startswith("Plus personne à appeler du ")
    for said in (
        "Delle : une absence (maire) vient d’être notée par le lien d’un texte",
        "Reste prévenu par courriel : 1er adjoint.",
        "http://127.0.0.1:1/organismes/commune/90033/calendrier",
    ):
        assert said in mail
    assert "Noyer" not in mail


def test_without_an_administrator_the_groupement_s_duty_hears_of_it(page, do, alone, fresh) -> None:
    do("absence", ends_on=day(3), quand_meme=f"|{day(3)}||")
    assert DUTY in fresh()


def test_a_stand_in_with_a_telephone_answers_it(page, do, alone, fresh) -> None:
    other = contact("adjoint", rank=2, mobile=number(3))
    assert do("absence", ends_on=day(3), stand_in=str(other.pk)).status_code == 200
    assert set(fresh()) == {number(1), MAIL}


ODD = [
    {"ends_on": "0001-01-01", "ends_at": "00:00"},
    {"ends_on": "9999-12-31"},
    {"starts_at": "0001-01-01T00:00", "ends_on": "2027-01-01"},
    {"starts_at": "9999-12-31T23:59", "ends_on": "9999-12-31"},
]


@pytest.mark.parametrize("values", ODD)
@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Martinique"])
def test_the_ends_of_the_calendar_are_refused(page, do, values: dict[str, str], zone: str) -> None:
    Organisation.objects.update(time_zone=zone)
    assert do("absence", **values).status_code == 422
    anne = logged_in(add_account(Role.GROUPEMENT, "90"))
    anne.raise_request_exception = False
    mandate = Mandate.objects.get(function="maire")
    assert anne.post(f"/mandats/{mandate.pk}/absence", values).status_code in (200, 302)


def test_an_administrator_is_asked_in_the_console_as_well(alone, fresh) -> None:
    anne = logged_in(add_account(Role.GROUPEMENT, "90"))
    mandate = Mandate.objects.get(function="maire")
    where = f"/mandats/{mandate.pk}/absence"

    def note(**values: str) -> Any:
        return anne.post(where, {"ends_on": day(90), **values})

    asked = note()
    assert asked.status_code == 200
    assert "aucun téléphone de Delle ne sonnerait" in text_of(asked)
    assert not Absence.objects.exists()
    assert note(quand_meme=f"|{day(90)}||").status_code == 302
    # Longer than by a link, and nobody is told: who administers it did it.
    assert Absence.objects.exists()
    assert fresh() == {}


def test_it_is_taken_back_from_the_history(page, do, alone) -> None:
    do("absence", ends_on=day(3), quand_meme=f"|{day(3)}||")
    ref = Organisation.objects.get(code="90033").ref
    assert not any(one.is_rung for one in active_people([ref], timezone.now())[ref])
    anne = logged_in(add_account(Role.GROUPEMENT, "90"))
    anne.post(f"/historique/{Change.objects.latest('pk').pk}/annuler")
    assert not Absence.objects.exists()
    assert Client().get(page).status_code == 200
