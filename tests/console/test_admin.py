"""The administration: who may enter, its accounts, the lists of sources and contacts."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from notifier.accounts.models import User
from notifier.directory.models import Mandate
from notifier.intake.access import api_keys as keys
from tests.harness.log_in import set_up_totp
from tests.harness.people import add_contact

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database(
        "what a form takes is no matter of SQL; its lists are tried by test_admin_queries.py"
    ),
]

SOURCES = "/admin/intake/source/"
CONTACTS = "/admin/directory/mandate/"
ACCOUNTS = "/admin/accounts/user/"
WORD = "une phrase assez longue"
INLINE_SCRIPT = re.compile(
    r"<script(?![^>]*(?:src=|application/json))|\son\w+=|javascript:", re.IGNORECASE
)


@pytest.fixture(autouse=True)
def fiction(settings):
    """Sample numbers are accepted, as with the simulator."""
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"SIMULATOR": True})


@pytest.fixture
def source() -> keys.NewSource:
    return keys.add_source(
        "CORG 90", ["90"], service="Gendarmerie", duty_email="corg90@example.example", signed=False
    )


def mayor(**changes: object) -> dict[str, object]:
    """The mayor of Delle."""
    usual = {
        "commune": "90033", "function": "maire", "rank": 1, "last_name": "Merisier",
        "first_name": "Camille", "mobile": "06 39 98 00 01", "email": "maire@delle.example",
    }  # fmt: skip
    return usual | changes


def add(fields: dict[str, object]) -> Mandate:
    return add_contact(**fields)


def new_account() -> dict[str, str]:
    """What a person types for one more of the platform's people."""
    return {"username": "adjoint", "password1": WORD, "password2": WORD, "is_superuser": "on"}


def test_a_superuser_enters_once_a_second_factor_is_set_up() -> None:
    User.objects.create_superuser("chef", password="une phrase assez longue")
    client = Client()
    typed = {"login": "chef", "password": "une phrase assez longue", "next": "/admin/"}
    assert client.post("/connexion", typed).url == "/admin/"
    assert client.get("/admin/").url == "/compte/second-facteur?next=%2Fadmin%2F"
    set_up_totp(client)
    page = client.get("/admin/").content.decode()
    assert "Alerte Maires" in page
    for name in ("Sources", "Mandats", "Interventions", "Alertes", "Messages", "Journal"):
        assert f">{name}</a>" in page


def test_strangers_are_led_to_the_one_log_in() -> None:
    log_in = Client().get("/admin/", follow=True)
    assert log_in.redirect_chain[-1][0] == "/connexion?next=%2Fadmin%2F"


def test_staff_with_every_right_but_not_superuser_gets_nothing() -> None:
    staff = User.objects.create_user("agent", password="une phrase assez longue", is_staff=True)
    staff.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(staff)
    for page in ("/admin/", CONTACTS, SOURCES, ACCOUNTS + "add/", "/admin/delivery/message/"):
        assert client.get(page, follow=True).status_code == 403
    client.post(ACCOUNTS + "add/", new_account())
    assert User.objects.count() == 1


def test_a_superuser_who_was_deactivated_gets_nothing(admin_client: Client, admin_user) -> None:
    User.objects.filter(pk=admin_user.pk).update(is_active=False)
    assert admin_client.get("/admin/").status_code == 302


def test_the_history_outlives_its_accounts(admin_client: Client, admin_user) -> None:
    admin_client.post(ACCOUNTS + "add/", new_account())
    assert (
        admin_client.post(f"{ACCOUNTS}{admin_user.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    everybody = {"action": "delete_selected", "_selected_action": [admin_user.pk], "post": "yes"}
    admin_client.post(ACCOUNTS, everybody)
    assert User.objects.filter(pk=admin_user.pk).exists()
    line = LogEntry.objects.get()
    history = "/admin/admin/logentry/"
    shown = admin_client.get(history).content.decode()
    assert "adjoint" in shown
    assert admin_client.post(f"{history}{line.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.post(f"{history}{line.pk}/change/", {"object_repr": "x"}).status_code == 403


def test_an_account_is_made_in_the_administration_and_enters(admin_client: Client) -> None:
    assert admin_client.post(ACCOUNTS + "add/", new_account()).status_code == 302
    typed = {"login": "adjoint", "password": WORD}
    assert Client().post("/connexion", typed).status_code == 302


def test_a_source_is_shown_without_key_or_secret(admin_client: Client) -> None:
    added = keys.add_source("CORG 2A", ["2A"], service="G", duty_email="", signed=True)
    source = added.source
    keys.rotate(source, timedelta(hours=24), "tests")
    source.refresh_from_db()
    listed = admin_client.get(SOURCES).content.decode()
    assert "active, la précédente jusqu’au" in listed
    own = f"{SOURCES}{source.pk}/"
    pages = [admin_client.get(own + end).content.decode() for end in ("change/", "history/")]
    secrets = (
        *(source.signing_secret, source.sealed_secret),
        *(source.key_hash, source.previous_key_hash),
    )
    for secret in secrets:
        assert secret
        assert not any(secret in shown for shown in (listed, *pages))
    assert "CORG90-2026-004217" in pages[0]


def found(client: Client, query: str) -> list[str]:
    return [str(contact) for contact in client.get(CONTACTS + query).context["cl"].result_list]


def test_contacts_are_found_and_stand_in_the_order_of_escalation(admin_client: Client) -> None:
    for typed in (
        mayor(function="adjoint", mobile="06 39 98 00 02"),
        mayor(),
        mayor(
            commune="97105", last_name="Flamboyant", mobile="0690 00 00 01", email="m@bt.example"
        ),
    ):
        add(typed)
    mayor_of_delle = "Delle (90033) · maire · rang 1 · Camille Merisier"
    deputy = "Delle (90033) · adjoint au maire · rang 1 · Camille Merisier"
    other = "Basse-Terre (97105) · maire · rang 1 · Camille Flamboyant"
    assert found(admin_client, "") == [mayor_of_delle, deputy, other]
    assert found(admin_client, "?q=flamboyant") == [other]
    assert found(admin_client, "?q=basse+terre") == [other]
    assert found(admin_client, "?q=DELLE") == [mayor_of_delle, deputy]
    assert found(admin_client, "?q=90033") == [mayor_of_delle, deputy]
    assert found(admin_client, "?q=personne") == []
    assert found(admin_client, "?function__exact=adjoint") == [deputy]
    assert found(admin_client, "?departement=971") == [other]
    choices = admin_client.get(CONTACTS).context["cl"].filter_specs[1].lookup_choices
    assert choices == [("90", "90"), ("971", "971")]


def test_the_list_of_contacts_asks_as_much_for_many_as_for_one(
    admin_client: Client, django_assert_num_queries, django_assert_max_num_queries
) -> None:
    with django_assert_max_num_queries(8) as few:
        admin_client.get(CONTACTS)
    for rank in range(1, 21):
        add(mayor(rank=rank))
    with django_assert_num_queries(len(few)):
        assert len(found(admin_client, "")) == 20


def test_no_page_needs_an_inline_script(admin_client: Client, source: keys.NewSource) -> None:
    of_source, of_contact = source.source.pk, add(mayor()).pk
    for page in (
        "/admin/", SOURCES, f"{SOURCES}{of_source}/change/", CONTACTS,
        f"{CONTACTS}{of_contact}/change/",
        ACCOUNTS, ACCOUNTS + "add/", "/admin/password_change/",
    ):  # fmt: skip
        answer = admin_client.get(page)
        assert answer.status_code == 200, page
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert not INLINE_SCRIPT.search(answer.content.decode()), page
