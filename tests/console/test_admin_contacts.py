"""Contacts in the administration: found however one writes."""

from __future__ import annotations

import pytest
from django.test import Client

from notifier.directory.models import Mandate
from tests.harness.people import add_contact, change_contact

pytestmark = pytest.mark.django_db

CONTACTS = "/admin/directory/mandate/"


@pytest.fixture(autouse=True)
def fiction(settings):
    """Sample numbers are accepted, as with the simulator."""
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"SIMULATOR": True})


@pytest.fixture
def people() -> None:
    """Belfort's mayor, called like another town; Delle's mayor; a deputy with accents."""
    for commune, function, last_name, first_name, mobile, email in (
        ("90010", "maire", "Hirondelle", "Anne", "+33639980001", "maire@belfort.example"),
        ("90033", "maire", "Lérot-d’Août", "Hélène", "+33639980002", "mairie@delle.example"),
        ("90033", "adjoint", "ŒILLET", "Noël", "+33639980003", "noel.o@mail.example"),
        ("97105", "maire", "Flamboyant", "José", "+590690301234", "m@basse-terre.example"),
        ("90052", "maire", "Delle", "Luc", "", "luc@a_c.example"),
    ):
        add_contact(
            commune, function, last_name=last_name, first_name=first_name, mobile=mobile,
            email=email,
        )  # fmt: skip


def found(client: Client, term: str, **more: str) -> list[str]:
    answer = client.get(CONTACTS, {"q": term, **more})
    assert answer.status_code == 200
    return [mandate.person.last_name for mandate in answer.context["cl"].result_list]


def test_the_commune_of_that_name_stands_before_people_whose_name_holds_it(
    admin_client: Client, people: None
) -> None:
    of_commune = ["Lérot-d’Août", "ŒILLET"]
    for term in ("Delle", "delle", " DELLE ", "90033"):
        assert found(admin_client, term)[:2] == of_commune, term
    assert found(admin_client, "Delle")[2:] == ["Hirondelle", "Delle"]
    # Whoever chooses a column has that order.
    assert found(admin_client, "Delle", o="2")[0] == "Delle"


@pytest.mark.parametrize(
    ("term", "last_names"),
    [
        ("lerot", ["Lérot-d’Août"]),
        ("LÉROT", ["Lérot-d’Août"]),
        ("Le\u0301rot", ["Lérot-d’Août"]),
        ("Lérot d'Août", ["Lérot-d’Août"]),
        ("helene lerot", ["Lérot-d’Août"]),
        ("oeillet", ["ŒILLET"]),
        ("œillet noel", ["ŒILLET"]),
        ("jose", ["Flamboyant"]),
        ("06 39 98 00 02", ["Lérot-d’Août"]),
        ("0639980002", ["Lérot-d’Août"]),
        ("06.39.98.00.02", ["Lérot-d’Août"]),
        ("\u202a+33 6 39 98 00 02\u202c", ["Lérot-d’Août"]),
        ("+33 (0)6 39 98 00 02", ["Lérot-d’Août"]),
        ("0033639980002", ["Lérot-d’Août"]),
        ("98 00 02", ["Lérot-d’Août"]),
        ("0690 30 12 34", ["Flamboyant"]),
        ("mairie@delle.example", ["Lérot-d’Août"]),
        ("Noel.O@Mail.Example", ["ŒILLET"]),
        ("@mail", ["ŒILLET"]),
        ("a_c.example", ["Delle"]),
        ("06 39 98 99 99", []),
        ("lerot flamboyant", []),
        ("%", []),
        ("'", []),
        ("a%c", []),
        ("²", []),
    ],
)
def test_people_are_found_by_what_one_has_of_them(
    admin_client: Client, people: None, term: str, last_names: list[str]
) -> None:
    assert found(admin_client, term) == last_names


def test_a_changed_name_is_found_under_the_new_one(admin_client: Client, people: None) -> None:
    change_contact(Mandate.objects.get(person__last_name="Flamboyant"), last_name="Pélican")
    assert found(admin_client, "flamboyant") == []
    assert found(admin_client, "pelican") == ["Pélican"]


def test_addresses_are_masked_on_its_list_and_on_its_page(
    admin_client: Client, people: None
) -> None:
    mandate = Mandate.objects.get(person__last_name="Lérot-d’Août")
    for address in (CONTACTS, f"{CONTACTS}{mandate.pk}/change/"):
        page = admin_client.get(address).content.decode()
        assert "•• 02" in page
        assert "39980002" not in page
        assert "mairie@delle" not in page
