"""Conventions: read, given by a file, narrowed, ended, and what they change."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.directory.models import Convention, ConventionNarrowing, Organisation
from notifier.directory.organisations import organisation, read_ref
from notifier.journal.models import Entry, Step
from tests.alerting.house import dispatch_centre, push
from tests.alerting.organisations import member, resident, told_by_convention
from tests.harness.accounts import add_account, logged_in
from tests.harness.people import add_contact

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("its statements are tried on both by the rooms"),
]
TOML = """
reference = "belfort-essai"
kind = "metropole"
title = "Convention d’essai"
from = 2026-01-01
until = 2030-12-31
parties = ["epci:200069052", "gendarmerie:cie"]

[[owners]]
organisation = "epci:200069052"
functions = ["president"]

[[rules]]
organisation = "epci:200069052"
categories = ["C01"]
territory = "epci:200069052"
"""


@pytest.fixture
def client() -> Client:
    return logged_in(add_account(Role.GROUPEMENT, "90", name="Jeanne Aubry"))


@pytest.fixture
def told() -> Organisation:
    return told_by_convention(categories=["C01", "L01.01"])


@pytest.fixture
def reference(told: Organisation) -> str:
    return Convention.objects.get().reference


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def test_a_convention_is_listed_and_read_in_words(client: Client, reference: str) -> None:
    assert "Convention métropolitaine" in text_of(client, "/conventions")
    assert "Aucune convention" in text_of(client, "/conventions?q=nulle")
    page = text_of(client, f"/conventions/{reference}")
    for said in (
        "Grand Belfort",
        "est prévenu de",
        "sans échéance",
        "Aucune commune ne garde rien",
    ):
        assert said in page


def test_a_party_that_the_reader_may_not_see_is_no_link(client: Client, reference: str) -> None:
    convention = Convention.objects.get()
    theirs = Organisation.objects.create(
        kind="partenaire", code="vesoul-habitat", name="Vesoul Habitat", departement="70"
    )
    own = Organisation.objects.get(name__startswith="Grand Belfort")
    convention.parties.add(theirs, own)
    page = text_of(client, f"/conventions/{reference}")
    assert "Vesoul Habitat" in page
    assert "/organismes/partenaire/vesoul-habitat" not in page
    assert f"/organismes/{own.kind}/{own.code}" in page


def test_another_departement_s_convention_is_no_convention_here(client: Client) -> None:
    told_by_convention(code="200000001", name="Vesoul", communes=("70550",), title="Ailleurs")
    Organisation.objects.filter(code="200000001").update(departement="70")
    reference = Convention.objects.get().reference
    assert "Ailleurs" not in text_of(client, "/conventions")
    for page in ("", "/effet", "/fin", "/garder", "/garder/90033/lever"):
        text_of(client, f"/conventions/{reference}{page}", status=404)


@pytest.mark.parametrize("count", [1, 30])
def test_the_pages_take_a_few_statements(
    client: Client, count: int, django_assert_max_num_queries
) -> None:
    for number in range(count):
        told_by_convention("partenaire", f"p{number}", f"P{number}", title=f"Convention {number}")
    Organisation.objects.update(departement="90")
    with django_assert_max_num_queries(6):
        client.get("/conventions")
    with django_assert_max_num_queries(16):
        client.get(f"/conventions/{Convention.objects.first().reference}")


def test_consents_are_counted(client: Client) -> None:
    quarter = told_by_convention("quartier", "tilleuls", "Quartier des Tilleuls")
    Organisation.objects.update(departement="90")
    resident(quarter, 1)
    resident(quarter, 2)
    page = text_of(client, f"/conventions/{Convention.objects.get().reference}")
    assert "2 en cours, 0 retiré" in page


def test_a_relay_that_waits_leads_to_its_intervention(client: Client) -> None:
    quarter = told_by_convention("quartier", "tilleuls", "Quartier des Tilleuls")
    Organisation.objects.update(departement="90")
    resident(quarter, 1)
    report = push(dispatch_centre())
    page = text_of(client, f"/conventions/{Convention.objects.get().reference}")
    assert "attend votre relais" in page
    assert f"/interventions/{report.incident_id}" in page


def test_a_commune_keeps_something_and_gives_it_back(client: Client, reference: str) -> None:
    address = f"/conventions/{reference}/garder"
    assert "accident de la circulation (C01)" in text_of(client, address)
    answer = client.post(address, {"commune": "delle", "categories": ["C01"]})
    assert answer.status_code == 302
    narrowing = ConventionNarrowing.objects.get()
    assert (narrowing.commune, narrowing.categories) == ("90033", ["C01"])
    assert "par Jeanne Aubry" in Entry.objects.filter(step=Step.AGREEMENT).latest("id").text
    assert "Ne plus garder" in text_of(client, f"/conventions/{reference}")
    assert client.post(f"{address}/90033/lever").status_code == 302
    assert ConventionNarrowing.objects.get().ends_at is not None


@pytest.mark.parametrize(
    "given",
    [
        {"commune": "90033"},
        {"commune": "90033", "everything": "on", "categories": ["C01"]},
        {"commune": "70550", "everything": "on"},
        # Not in the convention's territory, nor among its categories.
        {"commune": "90052", "everything": "on"},
        {"commune": "90033", "categories": ["C02"]},
    ],
)
def test_what_no_commune_can_keep_is_refused(
    client: Client, reference: str, given: dict[str, object]
) -> None:
    answer = client.post(f"/conventions/{reference}/garder", given)
    assert answer.context["form"].errors
    assert not ConventionNarrowing.objects.exists()


def test_a_commune_s_own_administrator_narrows_for_it_alone(reference: str) -> None:
    add_contact("90033", last_name="Noyer", mobile="+33639980001")
    delle = Organisation.objects.get(kind="commune", code="90033")
    convention = Convention.objects.get()
    convention.parties.add(delle)
    client = logged_in(add_account(Role.ORGANISATION, delle))
    page = text_of(client, f"/conventions/{reference}")
    assert "Mettre fin" not in page
    address = f"/conventions/{reference}/garder"
    client.post(address, {"commune": "90056", "everything": "on"})
    assert not ConventionNarrowing.objects.exists()
    client.post(address, {"commune": "90033", "everything": "on"})
    assert ConventionNarrowing.objects.get().commune == "90033"
    assert client.post(f"{address}/90056/lever").status_code == 404
    assert client.post(f"/conventions/{reference}/fin", {}).status_code == 403


def test_a_convention_ends(client: Client, reference: str) -> None:
    address = f"/conventions/{reference}/fin"
    past = (timezone.localdate() - timedelta(days=1)).isoformat()
    assert client.post(address, {"last_day": past}).context["form"].errors
    text_of(client, address)
    assert client.post(address, {"last_day": ""}).status_code == 302
    assert "Aucune règle n’est en vigueur" in text_of(client, f"/conventions/{reference}")


# --- By its file


@pytest.fixture
def company() -> Organisation:
    return Organisation.objects.create(
        kind="gendarmerie", code="cie", name="Compagnie", departement="90"
    )


def _give(client: Client, text: str) -> object:
    file = SimpleUploadedFile("essai.toml", text.encode())
    return client.post("/conventions/donner", {"file": file})


def test_a_file_is_shown_before_it_is_written(client: Client, company: Organisation) -> None:
    text_of(client, "/conventions/donner")
    shown = _give(client, TOML)
    page = shown.content.decode()
    assert "Règles nouvelles" in page
    assert "personne n’y est joignable" in page
    assert not Convention.objects.exists()
    given = {name: shown.context[name] for name in ("content", "name")}
    answer = client.post("/conventions/donner/enregistrer", given)
    assert answer.headers["Location"] == "/conventions/belfort-essai"
    assert Convention.objects.get().ends_on == date(2030, 12, 31)
    again = _give(client, TOML.replace("C01", "C03"))
    assert "Règles closes" in again.content.decode()
    assert "il n’y a rien à faire" in _give(client, TOML).content.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('territory = "epci:200069052"', 'territory = "prefecture:70"'),
        (
            '[[rules]]\norganisation = "epci:200069052"',
            '[[rules]]\norganisation = "epci:246300701"',
        ),
        ("C01", "Z99"),
        ('title = "Convention d’essai"', ""),
        ("reference", "référence = ["),
    ],
)
def test_a_file_about_others_or_at_fault_changes_nothing(
    client: Client, company: Organisation, before: str, after: str
) -> None:
    text = TOML.replace(before, after)
    assert text != TOML
    shown = _give(client, text)
    assert shown.context["form"].errors["file"]
    client.post("/conventions/donner/enregistrer", {"content": text, "name": "essai.toml"})
    assert not Convention.objects.exists()


def test_nobody_takes_over_another_s_reference(client: Client, company: Organisation) -> None:
    other = organisation(read_ref("prefecture:70"))
    taken = Convention.objects.create(
        reference="belfort-essai", kind="metropole", title="Ailleurs", starts_on=date(2020, 1, 1)
    )
    taken.parties.add(other)
    shown = _give(client, TOML)
    assert "n’administrez pas" in str(shown.context["form"].errors)
    client.post("/conventions/donner/enregistrer", {"content": TOML, "name": "essai.toml"})
    assert Convention.objects.get().title == "Ailleurs"


# --- What it changes


def test_what_it_changes_of_a_week_is_shown(client: Client, reference: str, told) -> None:
    member(told, mobile=9)
    page = text_of(client, f"/conventions/{reference}/effet")
    assert "n’aurait rien changé" in page
    monday = timezone.localdate() - timedelta(days=timezone.localdate().weekday() + 14)
    chosen = client.get(f"/conventions/{reference}/effet", {"semaine": monday.isoformat()})
    assert chosen.context["effect"].monday == monday
    wrong = client.get(f"/conventions/{reference}/effet", {"semaine": "2020-01-01"})
    assert wrong.context["effect"].monday == monday + timedelta(days=7)
