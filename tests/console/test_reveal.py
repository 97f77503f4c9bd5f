"""An address is revealed one by one, to whoever may, and the journal says so."""

from typing import Any

import pytest

from notifier.accounts.reveal import MAX_PER_HOUR
from notifier.accounts.roles import Role
from notifier.directory.models import Address
from notifier.journal.models import Entry
from tests.harness.accounts import add_account, logged_in
from tests.harness.people import add_contact

pytestmark = [pytest.mark.django_db, pytest.mark.one_database("no statement of its own")]


@pytest.fixture(autouse=True)
def _fiction(settings: Any) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"SIMULATOR": True})


@pytest.fixture
def address() -> Address:
    add_contact("90033", mobile="+33639980001", email="maire@delle.example")
    return Address.objects.get(kind="mobile")


def test_a_look_is_written_down_without_the_address(address: Address) -> None:
    user = add_account(Role.GROUPEMENT, "90")
    page = logged_in(user).post(f"/adresses/{address.pk}/reveler")
    assert "06 39 98 00 01" in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    entry = Entry.objects.latest("pk")
    assert entry.text == f"Compte n° {user.pk} : adresse n° {address.pk} révélée."
    assert entry.data == {"account": user.pk, "address": address.pk}


def test_a_part_of_a_page_is_answered_alone(address: Address) -> None:
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    part = client.post(f"/adresses/{address.pk}/reveler", headers={"HX-Request": "true"})
    assert part.content.decode().strip().startswith('<span class="address">')
    assert "06 39 98 00 01" in part.content.decode()


@pytest.mark.parametrize(
    ("role", "where", "code"),
    [
        (Role.GROUPEMENT, "70", 404),
        (Role.DISPATCHER, "90", 403),
        (Role.AUDITOR, "90", 403),
    ],
)
def test_others_see_nothing(address: Address, role: Role, where: str, code: int) -> None:
    client = logged_in(add_account(role, where))
    assert client.post(f"/adresses/{address.pk}/reveler").status_code == code
    assert not Entry.objects.filter(text__contains="révélée").exists()


def test_a_whole_list_is_not_read_this_way(address: Address, settings: Any) -> None:
    assert settings.ACCOUNT_RATE_LIMITS["reveal"] == f"{MAX_PER_HOUR}/h/user"
    settings.ACCOUNT_RATE_LIMITS = {"reveal": "2/h/user"}
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    for _ in range(2):
        page = client.post(f"/adresses/{address.pk}/reveler").content.decode()
    assert "06 39 98 00 01" in page
    refused = client.post(f"/adresses/{address.pk}/reveler").content.decode()
    assert "06 39 98 00 01" not in refused
    assert "60 adresses révélées en une heure" in refused
