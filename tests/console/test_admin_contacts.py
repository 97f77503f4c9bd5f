"""Contacts in the administration: found however one writes, and named where one confirms."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from notifier.directory.models import Mandate
from tests.harness.people import add_contact, change_contact, stored_contacts

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
    assert found(admin_client, "Delle", o="3")[0] == "Delle"


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


def test_what_one_confirms_says_commune_and_name_and_the_history_no_name(
    admin_client: Client, people: None
) -> None:
    contact = Mandate.objects.get(person__last_name="ŒILLET")
    page = f"{CONTACTS}{contact.pk}/"
    said = re.compile(r"Delle \(90033\) · adjoint au maire · rang 1 · Noël ŒILLET")
    typed = {
        "commune": "90033", "function": "adjoint", "rank": "1", "last_name": "ŒILLET",
        "first_name": "Noël", "mobile": "06 39 98 00 04", "email": "",
    }  # fmt: skip
    assert said.search(admin_client.post(page + "change/", typed, follow=True).content.decode())
    assert said.search(admin_client.get(page + "delete/").content.decode())
    chosen = {"action": "delete_selected", "_selected_action": [contact.pk]}
    assert said.search(admin_client.post(CONTACTS, chosen).content.decode())
    deleted = admin_client.post(page + "delete/", {"post": "yes"}, follow=True)
    assert said.search(deleted.content.decode())
    added = admin_client.post(CONTACTS + "add/", typed, follow=True)
    assert said.search(added.content.decode())
    everybody = {"action": "delete_selected", "_selected_action": [Mandate.objects.latest("pk").pk]}
    admin_client.post(CONTACTS, everybody | {"post": "yes"})
    lines = list(LogEntry.objects.values_list("object_repr", flat=True))
    assert lines == ["Delle (90033) · adjoint au maire · rang 1"] * 4


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"last_name": "LŽrot"}, "last_name"),
        ({"first_name": "HÃ©lène"}, "first_name"),
        ({"email": "a\u0085b@delle.example"}, "email"),
        ({"mobile": "+33 690 30 12 34"}, "mobile"),
    ],
)
def test_a_form_refuses_what_a_list_may_not_hold(
    admin_client: Client, wrong: dict[str, str], field: str
) -> None:
    typed = {
        "commune": "90033", "function": "maire", "rank": "1", "last_name": "Lérot",
        "first_name": "", "mobile": "06 39 98 00 01", "email": "",
    }  # fmt: skip
    answer = admin_client.post(CONTACTS + "add/", typed | wrong)
    assert list(answer.context["adminform"].form.errors) == [field]
    assert not stored_contacts()
