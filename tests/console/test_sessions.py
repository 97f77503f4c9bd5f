"""Forgotten passwords, and sessions: how they begin and end, and what a stranger learns."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from notifier import settings as shipped
from notifier.accounts.log_in import forms
from notifier.accounts.log_in.sessions import forget_ended
from notifier.accounts.models import User
from notifier.accounts.roles import Role
from notifier.delivery.models import EXEMPT, Lane, Message
from notifier.journal.models import Entry
from tests.harness.accounts import add_account, logged_in
from tests.harness.log_in import set_up_totp

pytestmark = [pytest.mark.django_db, pytest.mark.one_database("no statement of its own")]

LINK = re.compile(r"http://127\.0\.0\.1:1(/connexion/oubli/\S+)")
NEW = "cheval-agrafe-pile-correcte"


@pytest.fixture(autouse=True)
def _mail(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMAIL_BACKEND = shipped.EMAIL_BACKEND
    monkeypatch.setattr(forms, "_ANSWER_S", 0.0)


@pytest.fixture
def account() -> User:
    return add_account(Role.GROUPEMENT, "90", name="chef")


def _link(user: User) -> str:
    Client().post("/connexion/oubli", {"email": user.email})
    (path,) = LINK.findall(Message.objects.latest("pk").body)
    return str(path)


def _set(client: Client, link: str) -> Any:
    form = client.get(link, follow=True)
    typed = {"password1": NEW, "password2": NEW}
    return client.post(form.redirect_chain[-1][0] if form.redirect_chain else link, typed)


def test_a_link_sets_a_new_password_once_and_closes_other_sessions(account: User) -> None:
    before = logged_in(account)
    link = _link(account)
    client = Client()
    assert _set(client, link).url == "/connexion/oubli/fait"
    account.refresh_from_db()
    assert account.check_password(NEW)
    assert before.get("/compte").status_code == 302
    assert "Lien sans effet" in Client().get(link).content.decode()
    assert "réinitialisé par courriel" in Entry.objects.latest("pk").text


def test_it_does_not_log_in_and_the_second_factor_stays(account: User) -> None:
    set_up_totp(logged_in(account))
    client = Client()
    _set(client, _link(account))
    assert client.get("/compte").status_code == 302
    answer = client.post("/connexion", {"login": account.email, "password": NEW})
    assert answer.url == "/connexion/code"


def test_a_link_ends_after_an_hour(account: User) -> None:
    link = _link(account)
    # As a number of seconds: a moment in UTC would change the local time zone as well.
    with time_machine.travel(time.time() + 3605):
        assert "Lien sans effet" in Client().get(link).content.decode()


def test_nobody_learns_who_has_an_account(account: User) -> None:
    known = Client().post("/connexion/oubli", {"email": account.email})
    unknown = Client().post("/connexion/oubli", {"email": "personne@exemple.fr"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert Message.objects.count() == 1
    User.objects.filter(pk=account.pk).update(is_active=False)
    Client().post("/connexion/oubli", {"email": account.email})
    assert Message.objects.count() == 1


def test_the_log_in_says_the_same_of_a_wrong_name_and_a_wrong_password(account: User) -> None:
    pages = [
        Client().post("/connexion", {"login": name, "password": "faux"}).content.decode()
        for name in ("chef", "personne", account.email, "personne@exemple.fr")
    ]
    said = {tuple(re.findall(r"<li>(.*?)</li>", page)) for page in pages}
    assert len(said) == 1
    assert "inexact" in str(said)


def test_mails_wait_behind_no_pause_and_are_no_alert(account: User) -> None:
    _link(account)
    mail = Message.objects.get()
    assert (mail.pause_key, mail.lane, mail.incident_id) == (EXEMPT, Lane.ROUTINE, None)


def test_mails_are_not_asked_for_without_end(account: User) -> None:
    codes = [
        Client().post("/connexion/oubli", {"email": account.email}).status_code for _ in range(6)
    ]
    assert codes == [302] * 5 + [429]


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_log_in_leads_to_no_other_place(account: User, to: str) -> None:
    account.set_password(NEW)
    account.save()
    answer = Client().post("/connexion", {"login": "chef", "password": NEW, "next": to})
    assert answer.url == "/"


def test_a_session_known_before_the_log_in_is_not_the_one_after(account: User) -> None:
    """Session fixation: whoever planted a cookie does not share what follows."""
    account.set_password(NEW)
    account.save()
    client = Client()
    client.get("/connexion/code")
    session = client.session
    session["planted"] = 1
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    client.post("/connexion", {"login": "chef", "password": NEW})
    assert client.cookies["sessionid"].value != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get("/compte").url.startswith("/connexion")


def test_forged_forms_are_refused(account: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(account)
    for path in ("/connexion", "/connexion/fin", "/comptes/inviter", "/adresses/1/reveler"):
        assert client.post(path, {}).status_code == 403


@pytest.mark.parametrize(("passed", "is_open"), [(59, True), (61, False)])
def test_a_session_ends_an_hour_after_its_last_request(
    account: User, passed: int, is_open: bool
) -> None:
    client = logged_in(account)
    with time_machine.travel(timezone.now() + timedelta(minutes=passed), tick=False):
        assert (client.get("/compte").status_code == 200) is is_open


def test_a_session_in_use_ends_after_eight_hours(account: User) -> None:
    client, begun = logged_in(account), timezone.now()
    for minutes in range(50, 8 * 60, 50):
        with time_machine.travel(begun + timedelta(minutes=minutes), tick=False):
            assert client.get("/compte").status_code == 200
    with time_machine.travel(begun + timedelta(hours=8, minutes=1), tick=False):
        answer = client.get("/compte")
        assert answer.url == "/connexion?next=/compte"
        assert "Votre session a pris fin" in client.get(answer.url).content.decode()


def test_what_is_left_of_ended_sessions_is_forgotten(account: User) -> None:
    client = logged_in(account)
    Client().post("/connexion", {"login": "chef", "password": "faux"})
    forget_ended()
    assert client.get("/compte").status_code == 200
    assert AccessAttempt.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(hours=17), tick=False):
        forget_ended()
    assert not Session.objects.exists()
    assert not UserSession.objects.exists()
    assert not AccessAttempt.objects.exists()


def test_a_network_address_that_is_none_does_not_stop_a_log_in(account: User) -> None:
    """Whatever a proxy on this machine writes."""
    account.set_password(NEW)
    account.save()
    client = Client(headers={"X-Forwarded-For": "unknown"})
    typed = {"login": "chef", "password": NEW}
    assert client.post("/connexion", typed).status_code == 302
