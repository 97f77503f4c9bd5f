"""Chiffres: of which territory and period, for whom, and as a file."""

from __future__ import annotations

import pytest
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.directory.models import Organisation
from notifier.intake.models import Source
from notifier.journal.models import Entry
from tests.alerting.house import contact, dispatch_centre, number, push
from tests.harness.accounts import add_account, add_superuser, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database(reason="its SQL is tried by tests/alerting/test_territory_figures.py"),
]


@pytest.fixture
def source(db) -> Source:
    return dispatch_centre()


@pytest.fixture
def year(source) -> int:
    """Six interventions in Delle and one in Giromagny, this year."""
    contact(mobile=number(1))
    contact(commune="90052", mobile=number(2))
    for n in range(6):
        push(source, f"D{n}")
    push(source, "G1", location={"insee": "90052"})
    return timezone.localdate().year


def test_a_groupement_reads_exact_counts_of_any_of_its_communes(
    year, django_assert_max_num_queries
) -> None:
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    with django_assert_max_num_queries(12):
        answer = client.get("/chiffres")
    figures = answer.context["figures"]
    assert (figures.incidents.value, figures.alerts.value) == (7, 7)
    assert [line.label for line in figures.communes] == ["Delle (90033)", "Giromagny (90052)"]
    of_delle = client.get("/chiffres", {"annee": year, "organisme": "Delle"})
    assert of_delle.context["figures"].alerts.value == 6
    before = client.get("/chiffres", {"annee": year - 1})
    assert "Aucune alerte sur cette période" in before.content.decode()


def test_an_auditor_reads_rounded_ones_and_no_small_one(year) -> None:
    client = logged_in(add_account(Role.AUDITOR, "90"))
    answer = client.get("/chiffres")
    labels = [line.label for line in answer.context["figures"].communes]
    assert labels == ["Delle (90033)", "Autres, moins de cinq alertes chacune"]
    assert "Giromagny" not in answer.content.decode()
    assert answer.context["figures"].families[0].reached is None
    # Neither by asking for the small one alone, nor as a file.
    alone = client.get("/chiffres", {"annee": year, "organisme": "90052"})
    assert str(alone.context["figures"].alerts) == "moins de 5"
    file = client.post("/chiffres/export", {"annee": year}).content.decode("utf-8-sig")
    assert "moins de 5" in file
    assert "Giromagny" not in file


def test_a_commune_reads_its_own_and_no_others(year) -> None:
    delle = Organisation.objects.get(kind="commune", code="90033")
    user = add_account(Role.ORGANISATION, delle)
    client = logged_in(user)
    answer = client.get("/chiffres")
    assert answer.context["figures"].alerts.value == 6
    foreign = client.get("/chiffres", {"annee": year, "organisme": "90052"})
    assert "figures" not in foreign.context
    assert client.get("/chiffres", {"annee": year, "departement": "25"}).context["form"].errors
    file = client.post("/chiffres/export", {"annee": year, "format": "csv"})
    assert "ensemble;alertes;;6;" in file.content.decode("utf-8-sig")
    assert Entry.objects.filter(step="access", data__account=user.pk).last() is not None
    dispatcher = logged_in(add_account(Role.DISPATCHER, "90"))
    assert dispatcher.post("/chiffres/export", {"annee": year}).status_code == 403


def test_the_platform_chooses_a_departement(year) -> None:
    client = logged_in(add_superuser())
    assert client.get("/chiffres").context["form"]["departement"].value() == "01"
    answer = client.get("/chiffres", {"annee": year, "departement": "90"})
    assert answer.context["figures"].alerts.value == 7
