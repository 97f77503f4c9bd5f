"""One's own account, and the help: what is shown, and what one changes of it."""

import re

import pytest
from django.test import Client

from notifier.accounts.models import User
from notifier.accounts.roles import Role
from notifier.console.navigation import ENTRIES, KEYS
from notifier.console.pages.account import device
from notifier.console.pages.help import PURPOSES
from notifier.delivery.models import Message
from notifier.journal.models import Entry
from tests.harness.accounts import add_account, logged_in
from tests.harness.log_in import prove

pytestmark = pytest.mark.one_database("no statement of its own")

LINK = re.compile(r"http://127\.0\.0\.1:1(/compte/adresse/\S+)")


@pytest.fixture
def user(db: None) -> User:
    return add_account(Role.DISPATCHER, "90", name="aubry")


def _link_to(client: Client, email: str) -> str:
    client.post("/compte/adresse", {"email": email})
    return str(LINK.findall(Message.objects.get(address=email).body)[0])


def test_it_shows_roles_sessions_and_accesses(user: User) -> None:
    client = logged_in(user)
    page = client.get("/compte").content.decode()
    assert "opérateur, Territoire de Belfort (90)" in page
    assert "Celle-ci" in page
    assert f"Compte n° {user.pk} : session ouverte." in page


def test_a_name_is_changed(user: User) -> None:
    client = logged_in(user)
    client.post("/compte/nom", {"first_name": "Jeanne", "last_name": "Aubry"})
    user.refresh_from_db()
    assert str(user) == "Jeanne Aubry"


def test_other_sessions_are_closed_and_this_one_stays(user: User) -> None:
    here, there = logged_in(user), logged_in(user)
    assert "Fermer les autres" in here.get("/compte").content.decode()
    here.post("/compte/sessions/fermer")
    assert there.get("/compte").status_code == 302
    assert here.get("/compte").status_code == 200
    assert "autres sessions fermées (1)" in Entry.objects.latest("pk").text


def test_an_address_is_taken_once_its_mailbox_confirmed_it(user: User) -> None:
    client = logged_in(user)
    before = user.email
    link = _link_to(client, "jeanne@gendarmerie.example")
    assert Message.objects.filter(address=before).exists()
    client.get(link)
    user.refresh_from_db()
    assert user.email == before
    client.post(link)
    user.refresh_from_db()
    assert user.email == "jeanne@gendarmerie.example"
    client.post(link)
    assert "déjà servi" in client.get("/compte").content.decode()


def test_nobody_takes_the_address_of_another_nor_by_anothers_link(user: User) -> None:
    other = add_account(Role.AUDITOR, "90")
    client = logged_in(user)
    link = _link_to(client, other.email)
    client.post(link)
    assert "Un autre compte a cette adresse" in client.get("/compte").content.decode()
    mine = _link_to(client, "jeanne@gendarmerie.example")
    logged_in(other).post(mine)
    assert not User.objects.filter(email="jeanne@gendarmerie.example").exists()


def test_an_address_is_not_changed_from_a_session_left_open(user: User) -> None:
    user.set_password("cheval-agrafe-pile-correcte")
    user.save()
    client = logged_in(user)
    prove(client, age_s=601)
    asked = client.post("/compte/adresse", {"email": "x@gendarmerie.example"})
    assert asked.url.startswith("/connexion/confirmer")
    assert not Message.objects.exists()


def test_the_help_has_a_sentence_and_a_key_for_each_page_of_the_menu() -> None:
    assert {entry.url_name for entry in ENTRIES} <= set(PURPOSES) == set(KEYS)
    assert len(set(KEYS.values())) == len(KEYS)


def test_the_help_shows_the_pages_of_the_reader_alone(user: User) -> None:
    page = logged_in(user).get("/aide").content.decode()
    assert "Mon compte" in page
    assert "clés, plafonds" not in page


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0", "Firefox, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Linux"),
        ("", "appareil inconnu"),
    ],
)  # fmt: skip
def test_a_device_is_named_roughly(sent: str, read: str) -> None:
    assert device(sent) == read
