"""The second factor: who must have one, nothing is done before it, and nobody guesses it."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from notifier.accounts.log_in.resealing import reseal_factors
from notifier.accounts.models import RoleAssignment, User
from notifier.accounts.roles import Role
from notifier.journal.models import Entry, Step
from tests.harness.log_in import prove, set_up_totp, totp_code

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("no statement of its own"),
]

PASSWORD = "cheval-agrafe-pile-correcte"
SET_UP = "/compte/second-facteur"


def _account(role: Role | None, name: str = "lerot") -> User:
    user = User.objects.create_user(name, f"{name}@gendarmerie.example", PASSWORD)
    if role is not None:
        RoleAssignment.objects.create(
            user=user, role=role, departement="90", granted_by="test", granted_at=timezone.now()
        )
    return user


def _log_in(client: Client, name: str = "lerot") -> str:
    """Log in by password; return where that leads."""
    answer = client.post("/connexion", {"login": name, "password": PASSWORD, "next": "/compte"})
    return str(answer.url)


def _with_totp(role: Role = Role.GROUPEMENT) -> str:
    """An account with an application of codes; return its secret."""
    _account(role)
    client = Client()
    _log_in(client)
    return set_up_totp(client)


def _journal() -> list[str]:
    texts = Entry.objects.filter(step=Step.ACCESS).order_by("id").values_list("text", flat=True)
    return [text.partition(" : ")[2] for text in texts]


@pytest.mark.parametrize("role", [Role.GROUPEMENT, None])
def test_whoever_may_see_addresses_sets_one_up_before_anything_else(role: Role | None) -> None:
    user = _account(role)
    User.objects.filter(pk=user.pk).update(is_superuser=role is None)
    client = Client()
    assert _log_in(client) == "/compte"
    for page in ("/", "/compte", "/admin/"):
        assert client.get(page).url.startswith(SET_UP)
    assert client.post("/compte", {}).url == SET_UP
    part = client.get("/compte", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"]) == (401, f"{SET_UP}?next=%2Fcompte")
    assert client.get(SET_UP).status_code == 200
    set_up_totp(client)
    assert client.get("/compte").status_code == 200


@pytest.mark.parametrize("role", [Role.DISPATCHER, Role.AUDITOR])
def test_whoever_may_not_see_addresses_needs_none(role: Role) -> None:
    _account(role)
    client = Client()
    _log_in(client)
    assert client.get("/compte").status_code == 200


def test_a_password_alone_opens_nothing_and_the_code_does() -> None:
    secret = _with_totp()
    client = Client()
    assert _log_in(client) == "/connexion/code"
    assert client.get("/compte").url.startswith("/connexion")
    answer = client.post("/connexion/code", {"code": totp_code(secret, steps=1)})
    assert answer.url == "/compte"
    assert client.get("/compte").status_code == 200


def test_a_code_is_taken_once() -> None:
    """Whoever reads it over a shoulder comes too late."""
    secret = _with_totp()
    code = totp_code(secret, steps=1)
    for expected in (302, 200):
        client = Client()
        _log_in(client)
        assert client.post("/connexion/code", {"code": code}).status_code == expected


def test_codes_are_not_guessed_not_even_from_many_addresses() -> None:
    secret = _with_totp()
    for number in range(5):
        client = Client(headers={"X-Forwarded-For": f"198.51.100.{number}"})
        _log_in(client)
        client.post("/connexion/code", {"code": "000000"})
    client = Client(headers={"X-Forwarded-For": "198.51.100.9"})
    _log_in(client)
    refused = client.post("/connexion/code", {"code": totp_code(secret, steps=1)})
    assert "attendez un quart d’heure" in refused.content.decode()
    assert client.get("/compte").status_code == 302
    assert _journal().count("second facteur refusé.") == 5
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        client = Client()
        _log_in(client)
        assert client.post("/connexion/code", {"code": totp_code(secret)}).url == "/compte"


def test_a_recovery_code_opens_once() -> None:
    _account(Role.GROUPEMENT)
    client = Client()
    _log_in(client)
    set_up_totp(client)
    page = client.get("/compte/second-facteur/secours").content.decode()
    codes = re.findall(r"<code>(\d{8})</code>", page)
    assert len(set(codes)) == 10
    assert not re.search(r"\d{8}", client.get("/compte/second-facteur/secours").content.decode())
    for expected in (302, 200):
        other = Client()
        _log_in(other)
        assert other.post("/connexion/code", {"code": codes[0]}).status_code == expected


def test_another_session_without_the_factor_must_give_it_and_cannot_add_its_own() -> None:
    _account(Role.GROUPEMENT)
    thief, owner = Client(), Client()
    _log_in(thief)
    _log_in(owner)
    set_up_totp(owner)
    assert thief.get("/compte").url.startswith("/connexion/confirmer/code")
    for added in ("/application", "/cle", "/secours/nouveaux", ""):
        assert thief.get(SET_UP + added).url.startswith("/connexion/confirmer/code")


def test_the_only_device_of_whoever_must_have_one_stays() -> None:
    user = _account(Role.GROUPEMENT)
    client = Client()
    _log_in(client)
    set_up_totp(client)
    client.post("/compte/second-facteur/application/retirer")
    assert Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def test_secrets_are_not_stored_in_the_clear() -> None:
    secret = _with_totp()
    assert secret not in str(list(Authenticator.objects.values("data")))


def test_what_happened_is_in_the_journal_without_a_secret() -> None:
    secret = _with_totp()
    client = Client()
    _log_in(client)
    client.post("/connexion/code", {"code": "000000"})
    client.post("/connexion/code", {"code": totp_code(secret, steps=1)})
    client.post("/connexion/fin")
    assert _journal() == [
        "session ouverte.",
        "second facteur ajouté (application de codes).",
        "second facteur ajouté (codes de secours).",
        "second facteur refusé.",
        "second facteur accepté (application de codes).",
        "session ouverte.",
        "session fermée.",
    ]
    assert secret not in str(list(Entry.objects.values("text", "data")))


@pytest.mark.parametrize(("age_s", "is_asked"), [(599, False), (601, True)])
def test_a_proof_is_asked_again_after_ten_minutes(age_s: float, is_asked: bool) -> None:
    client = Client()
    client.force_login(_account(Role.GROUPEMENT))
    prove(client, "password", "mfa", age_s=age_s)
    answer = client.get("/compte/second-facteur/cle")
    assert answer.status_code == (302 if is_asked else 200)
    if is_asked:
        confirm = answer.url
        assert confirm == "/connexion/confirmer?next=%2Fcompte%2Fsecond-facteur%2Fcle"
        assert client.post(confirm, {"password": "faux"}).status_code == 200
        assert _journal()[-1] == "mot de passe refusé à une confirmation."
        assert client.post(confirm, {"password": PASSWORD}).url == "/compte/second-facteur/cle"
        assert client.get("/compte/second-facteur/cle").status_code == 200


def test_a_change_of_the_secret_key_keeps_second_factors(settings: Any) -> None:
    secret = _with_totp()
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "k" * 50
    assert reseal_factors() == 2
    settings.SECRET_KEY_FALLBACKS = []
    client = Client()
    _log_in(client)
    assert client.post("/connexion/code", {"code": totp_code(secret, steps=1)}).url == "/compte"


def test_a_password_is_not_guessed_at_a_session_left_open() -> None:
    client = Client()
    client.force_login(_account(Role.DISPATCHER))
    prove(client, age_s=601)
    confirm = client.get("/compte/adresse").url
    codes = [client.post(confirm, {"password": "faux"}).status_code for _ in range(5)]
    assert codes == [200] * 4 + [429]
    assert client.post(confirm, {"password": PASSWORD}).status_code == 429
    assert client.get("/compte/adresse").status_code == 302


def test_the_only_passkey_of_whoever_must_have_one_stays() -> None:
    user = _account(Role.GROUPEMENT)
    key = {"name": "Portable", "credential": {}}
    passkey = Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=key)
    client = Client()
    client.force_login(user)
    client.post(f"/compte/second-facteur/cles/{passkey.pk}/retirer")
    assert Authenticator.objects.filter(pk=passkey.pk).exists()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    client.post(f"/compte/second-facteur/cles/{passkey.pk}/retirer")
    assert not Authenticator.objects.filter(pk=passkey.pk).exists()


def test_a_passkey_is_nobody_else_s_to_touch() -> None:
    owner = _account(Role.DISPATCHER)
    key = {"name": "Portable", "credential": {}}
    passkey = Authenticator.objects.create(user=owner, type=Authenticator.Type.WEBAUTHN, data=key)
    client = Client()
    client.force_login(_account(Role.GROUPEMENT, "autre"))
    for act in ("retirer", "nom"):
        assert client.post(f"/compte/second-facteur/cles/{passkey.pk}/{act}").status_code == 404


@pytest.mark.parametrize("credential", ["", "{}", "[]", "1", '{"response": {"userHandle": "eA"}}'])
def test_a_made_up_passkey_opens_nothing(credential: str) -> None:
    _account(Role.DISPATCHER)
    client = Client()
    client.get("/connexion/cle", headers={"Accept": "application/json"})
    assert client.post("/connexion/cle", {"credential": credential}).status_code in (200, 302)
    assert client.get("/compte").url.startswith("/connexion")
