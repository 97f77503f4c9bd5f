"""Pages besides the administration: the root, and every refusal, in French."""

import pytest
from django.test import Client


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def test_the_root_says_what_this_is_and_where_to_go(client: Client) -> None:
    answer = client.get("/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'lang="fr"' in page
    assert 'href="/admin/"' in page
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
