"""Pages besides the administration: the root, and every refusal, in French."""

import pytest
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from notifier.accounts.models import User
from notifier.console import navigation


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def test_the_root_says_what_this_is_and_where_to_go(client: Client) -> None:
    answer = client.get("/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'lang="fr"' in page
    assert "Se connecter" in page
    assert 'href="/api/v1/docs"' in page


@pytest.mark.parametrize("path", ["/nulle-part", "/favicon.ico", "/admin.php"])
def test_a_page_that_is_none_is_refused_in_french(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Page introuvable" in answer.content.decode()
    assert "Not Found" not in answer.content.decode()


def test_a_wrong_host_is_refused_in_french(client: Client) -> None:
    answer = client.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "Demande refusée" in answer.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused_in_french() -> None:
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    assert answer.status_code == 403
    assert "le formulaire a expiré" in answer.content.decode()


@pytest.mark.django_db
def test_an_error_of_ours_is_said_in_french(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page is known to fail: this one is made to."""
    monkeypatch.setattr("notifier.console.pages.home.render", lambda *_: 1 / 0)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Les alertes partent comme avant" in answer.content.decode()


@pytest.mark.django_db
def test_each_finds_in_the_menu_what_the_role_permits(admin_client: Client) -> None:
    page = admin_client.get("/aide/composants").content.decode()
    for entry in navigation.ENTRIES:
        leads = navigation.url_or_none(entry.url_name)
        assert (f'href="{leads}"' in page) == (leads is not None), entry.label


@pytest.mark.django_db
def test_the_components_are_shown_to_the_platform_alone(
    client: Client, admin_client: Client, django_user_model: type[User]
) -> None:
    assert client.get("/aide/composants").status_code == 302
    page = admin_client.get("/aide/composants").content.decode()
    assert "Composants des pages" in page
    someone = Client()
    someone.force_login(django_user_model.objects.create_user("quidam"))
    assert someone.get("/aide/composants").status_code == 403


def test_each_browser_chooses_light_or_dark(client: Client) -> None:
    assert "data-theme" not in client.get("/nulle-part").content.decode()
    answer = client.post("/apparence", {"theme": "dark", "back": "/nulle-part?x=1"})
    assert (answer.status_code, answer.url) == (302, "/nulle-part?x=1")
    assert '<html lang="fr" data-theme="dark">' in client.get("/nulle-part").content.decode()
    client.post("/apparence", {"theme": "system", "back": "/"})
    assert "data-theme" not in client.get("/nulle-part").content.decode()
    client.cookies["apparence"] = '"><script>'
    assert "<script>" not in client.get("/nulle-part").content.decode()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:x", ""])
def test_the_choice_leads_nowhere_else(client: Client, back: str) -> None:
    assert client.post("/apparence", {"theme": "dark", "back": back}).url == "/"


def test_an_error_of_ours_needs_no_database() -> None:
    """Without the mark django_db, a statement would fail the test."""
    answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Erreur du service" in answer.content.decode()
