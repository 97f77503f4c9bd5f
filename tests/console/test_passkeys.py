"""Passkeys: what a real one answers opens, and what no key answers is refused in French."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from notifier.accounts.models import User
from tests.harness.log_in import prove, set_up_totp
from tests.harness.passkey import Passkey, encoded

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("refused before it reaches a statement"),
]
PASSWORD = "cheval-agrafe-pile-correcte"
REFUSED = "La réponse de la clé d’accès n’est pas valable : recommencez."
HUGE = "9" * 5000  # more than Python reads as a number


def answered(client_data: bytes, attestation: bytes, **more: object) -> str:
    """What a browser posts, with both ceremonies' parts, and these within."""
    response = {
        "clientDataJSON": encoded(client_data),
        "attestationObject": encoded(attestation),
        "authenticatorData": encoded(attestation),
        "signature": encoded(b"x"),
        "userHandle": encoded(b"1"),
    }
    whole = {"id": "AA", "rawId": "AA", "type": "public-key", "response": response}
    return json.dumps({**whole, **more})


DATA = b'{"type": "webauthn.create", "challenge": "AA", "origin": "http://localhost"}'
ODD = {
    "nothing": "",
    "a number without end": f'{{"a": {HUGE}}}',
    "only that number": HUGE,
    "no end of brackets": "[" * 100_000,
    "no JSON": "{",
    "null": "null",
    "a list": "[1]",
    "a text": '"a"',
    "an empty object": "{}",
    "an empty answer": '{"id": "AA", "rawId": "AA", "response": {}}',
    "parts of another kind": '{"id": 1, "rawId": [], "response": {"clientDataJSON": 1}}',
    "no base 64": answered(b"{}", b"").replace("AA", "é"),
    "an account without end": answered(DATA, b"", response={"userHandle": encoded(b"z" * 5000)}),
    "that number inside": answered(f'{{"type": {HUGE}}}'.encode(), b"\xa0"),
    "a list inside": answered(b"[]", b"\xa0"),
    "no text inside": answered(b"\xff", b"\xa0"),
    "a map that ends early": answered(DATA, b"\xa3\x63fmt"),
    "a map without parts": answered(DATA, b"\xa0"),
    "no map": answered(DATA, b"\x01"),
    "too short": answered(DATA, b"\x00" * 37),
    "nested without end": answered(DATA, b"\x81" * 100_000),
    "NUL": json.dumps({"id": "\0", "response": {}}),
    "half a character": '{"id": "\\ud800", "response": {}}',
}
odd_answers = pytest.mark.parametrize("credential", ODD.values(), ids=ODD.keys())


@pytest.fixture
def user() -> User:
    return User.objects.create_user("lerot", "lerot@gendarmerie.example", PASSWORD)


@pytest.fixture
def client(user: User) -> Client:
    """A browser of that account, which learns of errors as browsers do."""
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    return browser


def options_on(page: str) -> dict[str, Any]:
    """What a page asks of a key."""
    found = re.search(r'<script id="js_data"[^>]*>(.+?)</script>', page)
    assert found
    ((_, asked),) = json.loads(found[1]).items()
    return dict(asked)


def test_a_key_is_added_opens_alone_as_second_factor_and_confirms(
    client: Client, user: User
) -> None:
    key, add = Passkey(), "/compte/second-facteur/cle"
    answer = key.register(options_on(client.get(add).content.decode()))
    assert client.post(add, {"name": "Clé", "credential": answer}).status_code == 302
    assert Authenticator.objects.get(user=user, type=Authenticator.Type.WEBAUTHN)
    alone = Client()
    asked = alone.get("/connexion/cle", headers={"X-Requested-With": "XMLHttpRequest"}).json()
    answer = key.prove(asked["request_options"])
    assert alone.post("/connexion/cle", {"credential": answer}).status_code == 302
    assert alone.get("/compte").status_code == 200
    second = Client()
    second.post("/connexion", {"login": "lerot", "password": PASSWORD})
    answer = key.prove(options_on(second.get("/connexion/code").content.decode()))
    assert second.post("/connexion/code", {"credential": answer}).status_code == 302
    assert second.get("/compte").status_code == 200
    prove(second, "password", "mfa", age_s=601)
    confirm = second.get(add).url
    assert confirm.startswith("/connexion/confirmer")
    page = second.get("/connexion/confirmer/cle").content.decode()
    answer = key.prove(options_on(page))
    second.post("/connexion/confirmer/cle", {"credential": answer})
    assert second.get(add).status_code == 200


@odd_answers
def test_no_key_is_added_by_it(client: Client, user: User, credential: str) -> None:
    client.get("/compte/second-facteur/cle")
    answer = client.post("/compte/second-facteur/cle", {"name": "Clé", "credential": credential})
    assert answer.status_code == 200
    assert REFUSED in answer.content.decode()
    assert not Authenticator.objects.filter(user=user).exists()


@odd_answers
def test_nobody_logs_in_with_it(user: User, credential: str) -> None:
    client = Client(raise_request_exception=False)
    client.get("/connexion/cle", headers={"Accept": "application/json"})
    answer = client.post("/connexion/cle", {"credential": credential}, follow=True)
    assert answer.status_code == 200
    assert REFUSED in answer.content.decode()
    assert client.get("/compte").status_code == 302


@odd_answers
def test_it_is_no_second_factor(client: Client, user: User, credential: str) -> None:
    set_up_totp(client)
    stranger = Client(raise_request_exception=False)
    stranger.post("/connexion", {"login": "lerot", "password": PASSWORD})
    answer = stranger.post("/connexion/code", {"credential": credential})
    assert answer.status_code == 200
    assert REFUSED in answer.content.decode()
    assert stranger.get("/compte").status_code == 302


@odd_answers
def test_it_confirms_nobody(client: Client, user: User, credential: str) -> None:
    set_up_totp(client)
    prove(client, "password", age_s=601)
    answer = client.post("/connexion/confirmer/cle", {"credential": credential}, follow=True)
    assert answer.status_code == 200
    assert client.get("/compte/second-facteur/cle").status_code == 302
