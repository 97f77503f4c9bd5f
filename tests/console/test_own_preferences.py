"""What a person changes of their own behind the link of a text, and what nobody else may."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.alerting.answer_link import answer_secret
from notifier.alerting.models import Alert, Notification
from notifier.delivery.models import Message
from notifier.directory.models import Absence, Address, Change, Preferences
from notifier.directory.recipients import active_people
from notifier.journal.models import Entry
from tests.alerting.house import FIRE, contact, number, push
from tests.console.test_answer_pages import text_of
from tests.console.world import stored
from tests.harness.accounts import add_account, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what a page shows and takes is no matter of SQL"),
]
AUTHOR = "maire, Delle (par son lien)"


@pytest.fixture
def now() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def page(now, asking) -> str:
    """The preferences of the mayor of Delle, who was told of a fire; a deputy is next."""
    cache.clear()
    contact("maire", mobile=number(1), email="maire@delle.example", last_name="Noyer")
    contact("adjoint", mobile=number(2), last_name="Tilleul")
    push(asking, category=FIRE)
    alert = Alert.objects.get()
    told = Notification.objects.get(alert=alert, address=number(1))
    return f"/r/{answer_secret(alert.incident_id, alert.ref, told.recipient)}/preferences"


@pytest.fixture
def do(now, page) -> Callable[..., Any]:
    """Read the page, and some seconds later send one of its forms."""

    def send(what: str, **values: str) -> Any:
        found = re.search(r'name="lu" value="([^"]+)"', Client().get(page).content.decode())
        assert found
        now.shift(5)
        client = Client(enforce_csrf_checks=True)
        return client.post(page, {"lu": found[1], "faire": what, **values}, follow=True)

    return send


def own(value: str) -> Address:
    return Address.objects.get(value=value)


def last_change() -> Change:
    return Change.objects.latest("pk")


def code_sent_to(value: str) -> str:
    body = Message.objects.filter(address=value).latest("pk").body.replace("\xa0", " ")
    found = re.search(r"code : (\d{3} \d{3})", body)
    assert found, body
    return found[1]


def test_it_shows_one_s_own_masked_and_says_that_what_is_urgent_never_waits(page) -> None:
    shown = text_of(Client().get(page))
    for said in (
        *("n’attend jamais", "+33 6 •• •• •• 01", "1er adjoint", "CNIL"),
        *("art. L132-3", "qui administre l’annuaire", "STOP"),
    ):
        assert said.lower() in shown.lower(), said
    for unsaid in ("Noyer", "Tilleul", "639980001", "maire@delle", "639980002"):
        assert unsaid not in shown


def test_quiet_hours_and_channels_are_chosen_under_a_change(page, do) -> None:
    assert "heures calmes sont notées" in text_of(
        do("calme", quiet_from="22:00", quiet_until="7:00")
    )
    assert "vous sera dit ainsi" in text_of(do("canaux", channels="email"))
    chosen = Preferences.objects.get()
    assert (chosen.quiet_from, chosen.quiet_until) == (time(22), time(7))
    assert chosen.routine_channels == ["email"]
    assert last_change().author == AUTHOR
    assert [str(one.ref) for one in last_change().organisations.all()] == ["commune:90033"]
    entry = Entry.objects.filter(step="directory").latest("pk")
    assert "préférences changées" in entry.text
    assert "Noyer" not in entry.text
    # Taken back as well.
    do("calme", quiet_from="", quiet_until="")
    do("canaux", channels="")
    chosen.refresh_from_db()
    assert (chosen.quiet_from, chosen.routine_channels) == (None, [])


def test_the_administrator_sees_them_before_and_after_and_takes_them_back(page, do) -> None:
    do("calme", quiet_from="22:00", quiet_until="7:00")
    do("canaux", channels="email")
    number = last_change().pk
    anne = logged_in(add_account(Role.GROUPEMENT, "90"))
    page_of_change = anne.get(f"/historique/{number}")
    assert f"/historique/{number}/annuler" in page_of_change.content.decode()
    shown = text_of(page_of_change)
    assert "canaux du courant" in shown
    assert "courriel" in shown
    told = text_of(anne.get("/organismes/commune/90033/historique"))
    assert "préférences de réception" in told
    assert anne.post(f"/historique/{number}/annuler").status_code == 302
    chosen = Preferences.objects.get()
    assert (chosen.quiet_from, chosen.routine_channels) == (time(22), [])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"quiet_from": "22:00", "quiet_until": ""}, "Indiquez les deux heures"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "Les deux heures sont les mêmes"),
        ({"quiet_from": "25:00", "quiet_until": "7:00"}, "heure valide"),
    ],
)
def test_hours_that_are_none_are_refused(page, do, values: dict[str, str], said: str) -> None:
    answer = do("calme", **values)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert not Preferences.objects.exists()


def test_an_absence_lets_the_stand_in_be_told_until_one_is_back(page, do) -> None:
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    deputy = contact("adjoint", rank=2, mobile=number(3), last_name="Orme")
    answer = do("absence", ends_on=tomorrow, stand_in=str(deputy.pk))
    assert "Votre absence est notée" in text_of(answer)
    assert "remplacé par : 2e adjoint" in text_of(answer)
    absence = Absence.objects.get()
    assert absence.stand_in == deputy
    ref = Alert.objects.get().ref
    assert active_people([ref], timezone.now())[ref][0].title == "2e adjoint"
    assert last_change().author == AUTHOR
    assert "de nouveau prévenu" in text_of(do("retour", absence=str(absence.pk)))
    assert active_people([ref], timezone.now())[ref][0].title == "maire"


def test_a_new_number_is_told_of_nothing_before_its_code_is_read(page, do) -> None:
    answer = do("ajouter", kind="mobile", value="06 39 98 00 09")
    assert "attend votre code" in text_of(answer)
    new = own(number(9))
    assert not new.is_usable
    assert "Saisissez-le sur la page" in Message.objects.get(address=number(9)).body
    wrong = do("code", adresse=str(new.pk), code="000 000")
    assert wrong.status_code == 422
    assert not own(number(9)).is_usable
    right = do("code", adresse=str(new.pk), code=code_sent_to(number(9)))
    assert "C’est le bon code" in text_of(right)
    assert own(number(9)).is_usable
    assert own(number(9)).confirmed_on is not None


def test_no_way_round_the_code_leads_to_a_number(page, do) -> None:
    do("ajouter", kind="mobile", value="06 39 98 00 09")
    new = own(number(9))
    do("stop", adresse=str(new.pk))
    do("reprendre", adresse=str(new.pk))
    assert not own(number(9)).is_usable
    assert do("ajouter", kind="fixe", value="03 84 00 00 00").status_code == 422
    for last in (10, 11, 12):
        do("ajouter", kind="mobile", value=f"06 39 98 00 {last}")
    assert Address.objects.filter(confirmed_on=None, failures__gt=0).count() == 3


def test_a_stop_is_taken_back(page, do) -> None:
    mine = own(number(1))
    assert "plus rien n’est envoyé" in text_of(do("stop", adresse=str(mine.pk)))
    assert not own(number(1)).is_usable
    assert last_change().author == AUTHOR
    assert "de nouveau prévenu" in text_of(do("reprendre", adresse=str(mine.pk)))
    assert own(number(1)).is_usable


def test_the_last_address_in_service_stays(page, do) -> None:
    do("ajouter", kind="mobile", value="06 39 98 00 09")
    assert "L’adresse est retirée" in text_of(do("retirer", adresse=str(own(number(1)).pk)))
    last = do("retirer", adresse=str(own("maire@delle.example").pk))
    assert last.status_code == 422
    assert "plus que cette adresse" in text_of(last)
    assert own("maire@delle.example")


@pytest.mark.parametrize("what", ["stop", "retirer", "reprendre", "essai", "code"])
def test_nobody_else_s_address_is_touched(page, do, what: str) -> None:
    before = stored()
    assert do(what, adresse=str(own(number(2)).pk), code="1").status_code == 404
    assert do(what, adresse="x").status_code == 404
    assert stored() == before


def test_nobody_else_s_absence_is_ended_nor_a_stranger_named_as_stand_in(page, do) -> None:
    deputy = contact("adjoint", rank=3, mobile=number(4))
    stranger = contact("maire", commune="90052", mobile=number(5))
    absence = Absence.objects.create(
        mandate=deputy, starts_at=timezone.now(), ends_at=timezone.now() + timedelta(days=1)
    )
    assert do("retour", absence=str(absence.pk)).status_code == 404
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    assert do("absence", ends_on=tomorrow, stand_in=str(stranger.pk)).status_code == 422
    assert Absence.objects.count() == 1


def test_a_form_that_nobody_read_changes_nothing(page, now) -> None:
    before = stored()
    for body in ({"faire": "stop"}, {"faire": "calme", "quiet_from": "1:00", "lu": "x"}, {}):
        assert Client().post(page, body).status_code == 422
    assert stored() == before
