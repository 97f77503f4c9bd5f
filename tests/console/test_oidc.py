"""Log-in by an OpenID Connect provider, a real one on loopback, which signs userinfo."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import jwt
import oidc_provider_mock
import pytest
import requests
from django.test import Client
from werkzeug.serving import make_server

from notifier.accounts.log_in import oidc
from notifier.accounts.models import User
from notifier.accounts.roles import Role
from notifier.journal.models import Entry
from tests.harness.accounts import add_account
from tests.harness.log_in import set_up_totp

pytestmark = [pytest.mark.django_db, pytest.mark.one_database("no statement of its own")]

CLIENT = "alerte-maires"
ACR = "eidas2"


class RunningProvider:
    """The provider, and what it says of people."""

    def __init__(self) -> None:
        self.signs_userinfo = True
        self.changed: dict[str, Any] = {}
        app = oidc_provider_mock.app()
        app.after_request(self._sign_userinfo)
        self._server = make_server("localhost", 0, app, threaded=True)
        self.issuer = f"http://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def knows(self, subject: str, **claims: Any) -> None:
        """Add a person."""
        requests.put(f"{self.issuer}/users/{subject}", json=claims, timeout=5).raise_for_status()

    def log_in(self, address: str, subject: str) -> str:
        """Log in there as this person; return where the browser is sent back to."""
        answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=5)
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"

    def _sign_userinfo(self, answer: flask.Response) -> flask.Response:
        if flask.request.path != "/userinfo" or not self.signs_userinfo:
            return answer
        key = flask.g.oidc_provider_mock_storage.jwk
        said = answer.get_json() | {"iss": self.issuer, "aud": CLIENT} | self.changed
        signed = jwt.encode(
            said, key.get_private_key(), algorithm="RS256", headers={"kid": key.thumbprint()}
        )
        return flask.Response(signed, content_type="application/jwt")


@pytest.fixture(scope="module")
def running() -> Iterator[RunningProvider]:
    patch = pytest.MonkeyPatch()
    patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    found = RunningProvider()
    yield found
    found.stop()
    patch.undo()


@pytest.fixture
def provider(running: RunningProvider, settings: Any) -> RunningProvider:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(
        update={
            "OIDC_ISSUER": running.issuer,
            "OIDC_CLIENT_ID": CLIENT,
            "OIDC_CLIENT_SECRET": type(settings.ENVIRONMENT.SECRET_KEY)("a secret of the tests"),
            "OIDC_SECOND_FACTOR_ACR": f"{ACR}, eidas3",
        }
    )
    settings.AUTHENTICATION_BACKENDS = [
        *settings.AUTHENTICATION_BACKENDS,
        "notifier.accounts.log_in.oidc.OidcBackend",
    ]
    running.signs_userinfo, running.changed = True, {}
    return running


@pytest.fixture
def account() -> User:
    return add_account(Role.DISPATCHER, "90", name="aubry")


def _enter(client: Client, provider: RunningProvider, subject: str, **headers: str) -> str:
    """Log in by the provider; return where that leads."""
    away = client.get("/connexion/fournisseur?next=/compte", headers=headers).url
    return str(client.get(provider.log_in(away, subject)).url)


def _is_in(client: Client) -> bool:
    return client.get("/compte").status_code == 200


@pytest.mark.parametrize("signs", [True, False])
def test_an_account_is_recognised_by_its_verified_address_and_linked(
    provider: RunningProvider, account: User, signs: bool
) -> None:
    provider.signs_userinfo = signs
    provider.knows("u1", email=account.email.upper(), email_verified=True)
    client = Client()
    assert "ProConnect" in client.get("/connexion").content.decode()
    assert _enter(client, provider, "u1") == "/compte"
    assert _is_in(client)
    account.refresh_from_db()
    assert account.oidc_subject == "u1"
    texts = Entry.objects.values_list("text", flat=True)
    assert f"Compte n° {account.pk} : compte lié au fournisseur d’identité." in texts
    provider.knows("u1", email="changed@gendarmerie.example", email_verified=True)
    assert _enter(Client(), provider, "u1") == "/compte"


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "personne@exemple.fr", "email_verified": True},
        {"email": "AUBRY", "email_verified": False},
        {"email": "AUBRY"},
        {"email_verified": True},
        {"is_superuser": True, "groups": ["admin"]},
    ],
)
def test_nobody_without_an_invitation_gets_in(
    provider: RunningProvider, account: User, claims: dict[str, Any]
) -> None:
    typed = claims | ({"email": account.email} if claims.get("email") == "AUBRY" else {})
    provider.knows("u2", **typed)
    client = Client()
    assert _enter(client, provider, "u2") == "/connexion"
    assert "demandez une invitation" in client.get("/connexion").content.decode()
    assert not _is_in(client)
    assert User.objects.count() == 1


def test_a_linked_account_is_nobody_else_s(provider: RunningProvider, account: User) -> None:
    User.objects.filter(pk=account.pk).update(oidc_subject="u1")
    provider.knows("u3", email=account.email, email_verified=True)
    assert _enter(Client(), provider, "u3") == "/connexion"


def test_a_deactivated_account_stays_closed(provider: RunningProvider, account: User) -> None:
    User.objects.filter(pk=account.pk).update(oidc_subject="u1", is_active=False)
    provider.knows("u1", email=account.email, email_verified=True)
    assert _enter(Client(), provider, "u1") == "/connexion"


@pytest.mark.parametrize(
    "changed", [{"sub": "another"}, {"iss": "https://evil.example"}, {"aud": "another"}, {"exp": 1}]
)
def test_userinfo_for_somebody_else_or_too_old_is_refused(
    provider: RunningProvider, account: User, changed: dict[str, Any]
) -> None:
    provider.knows("u1", email=account.email, email_verified=True)
    provider.changed = changed
    assert _enter(Client(), provider, "u1") == "/connexion"


def test_userinfo_signed_by_another_key_is_refused(
    provider: RunningProvider, account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.knows("u1", email=account.email, email_verified=True)
    encode = jwt.encode
    forged = lambda said, _key, **_: encode(said, "x" * 32, algorithm="HS256")  # noqa: E731
    monkeypatch.setattr(jwt, "encode", forged)
    assert _enter(Client(), provider, "u1") == "/connexion"


def test_an_answer_that_nobody_asked_for_opens_nothing(
    provider: RunningProvider, account: User
) -> None:
    """Log-in forgery: the attacker's own answer in the victim's browser, or one used twice."""
    provider.knows("u1", email=account.email, email_verified=True)
    away = Client().get("/connexion/fournisseur").url
    back = provider.log_in(away, "u1")
    victim = Client(raise_request_exception=False)
    victim.get("/connexion/fournisseur")
    assert victim.get(back).status_code in (302, 400)
    assert not _is_in(victim)


@pytest.mark.parametrize(("acr", "asks"), [(ACR, False), ("eidas1", True), ("", True)])
def test_two_factors_there_spare_ours_and_one_does_not(
    provider: RunningProvider, acr: str, asks: bool
) -> None:
    user = add_account(Role.GROUPEMENT, "90", name="chef")
    provider.knows("u4", email=user.email, email_verified=True, acr=acr)
    client = Client()
    assert _enter(client, provider, "u4") == "/compte"
    assert client.get("/compte").status_code == (302 if asks else 200)
    if asks:
        set_up_totp(client)
        assert _enter(Client(), provider, "u4") == "/connexion/code"


def test_the_way_back_is_by_the_public_url(provider: RunningProvider, settings: Any) -> None:
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "autre.example"]
    away = Client().get("/connexion/fournisseur", headers={"Host": "autre.example"}).url
    asked = parse_qs(urlsplit(away).query)
    assert asked["redirect_uri"] == ["http://127.0.0.1:1/connexion/fournisseur/retour"]
    assert asked["acr_values"] == [f"{ACR} eidas3"]
    assert asked["code_challenge_method"] == ["S256"]


def test_the_log_out_offers_to_leave_the_provider_too(
    provider: RunningProvider, account: User
) -> None:
    provider.knows("u1", email=account.email, email_verified=True)
    client = Client()
    _enter(client, provider, "u1")
    client.post("/connexion/fin")
    assert not _is_in(client)
    assert "Fermer aussi la session" in client.get("/connexion").content.decode()
    assert client.get("/connexion/fournisseur/fin").url.startswith(
        f"{provider.issuer}/oauth2/end_session?id_token_hint="
    )


def test_without_configuration_there_is_no_such_page() -> None:
    for path in ("", "/retour", "/fin"):
        assert Client().get(f"/connexion/fournisseur{path}").status_code == 404
    assert not re.search("ProConnect", Client().get("/connexion").content.decode())


def test_a_provider_that_does_not_answer_is_said(provider: RunningProvider, settings: Any) -> None:
    oidc._discover.cache_clear()
    nowhere = {"OIDC_ISSUER": "http://localhost:1"}
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update=nowhere)
    client = Client()
    assert client.get("/connexion/fournisseur").url == "/connexion"
    assert "ne répond pas" in client.get("/connexion").content.decode()
