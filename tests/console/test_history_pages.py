"""The history of a département: what is in it, what is said of it, what can be taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.directory.absences import add_absence
from notifier.directory.change_words import effects
from notifier.directory.changes import changing
from notifier.directory.models import Absence, Address, Change, ChangeKind, Zone
from notifier.directory.organisation_changes import record_organisation
from notifier.directory.undoing.undo import undo
from notifier.directory.zones.edits import add_zone, end_zone
from notifier.directory.zones.store import commune_zones
from tests.directory.people import organisation, somebody
from tests.harness.accounts import add_account, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("pages over the room's functions, which both databases run"),
]


@pytest.fixture
def client() -> Client:
    return logged_in(add_account(Role.GROUPEMENT, "90", name="anne"))


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    page: str = answer.content.decode()
    return page.replace("\u00a0", " ").replace("\u202f", " ")


def test_an_absence_is_taken_back_from_the_history(client: Client) -> None:
    mandate = somebody(organisation(code="90033"), "Noyer", "maire")
    now = timezone.now()
    with changing(ChangeKind.HAND, "anne") as change:
        add_absence(mandate, now, now + timedelta(days=2), None, now)
    undo = f"/historique/{change.pk}/annuler"
    assert undo in text(client, f"/historique/{change.pk}")
    assert "Voir ou annuler" in text(client, "/organismes/commune/90033/historique")
    assert "Noyer, absence : retiré" in text(client, undo)
    client.post(undo)
    assert not Absence.objects.exists()
    assert undo not in text(client, f"/historique/{change.pk}")
    assert "absence : changé depuis" not in text(client, f"/historique/{change.pk + 1}")


def test_no_button_where_nothing_can_be_taken_back(client: Client) -> None:
    record_organisation(organisation(code="90033"), {"name": ("A", "B")}, author="a", is_new=False)
    change = Change.objects.get()
    assert f"/historique/{change.pk}/annuler" not in text(client, f"/historique/{change.pk}")


def test_a_zone_entered_by_hand_is_in_the_history_of_its_departement(client: Client) -> None:
    landlord = organisation("partenaire", "habitat-essai")
    landlord.departement = "90"
    landlord.save()
    elsewhere = logged_in(add_account(Role.GROUPEMENT, "25", name="bob"))
    add_zone(landlord, commune_zones(["90033"])[0], "anne")
    zone = Zone.objects.get(organisation=landlord)
    end_zone(zone, timezone.localdate(), "anne")
    for change in Change.objects.filter(kind=ChangeKind.TERRITORY):
        for path in ("/historique", "/historique?organisme=habitat-essai"):
            assert f"N° {change.pk}, territoire" in text(client, path)
            assert f"N° {change.pk}," not in text(elsewhere, path)
        shown = text(client, f"/historique/{change.pk}")
        assert "Habitat Exemple (partenaire:habitat-essai)" in shown
        assert elsewhere.get(f"/historique/{change.pk}").status_code == 404


def test_what_a_form_did_is_said(client: Client) -> None:
    mandate = somebody(organisation(code="90033"), "Noyer", "maire", mobile="+33639980001")
    now = timezone.now()
    with changing(ChangeKind.HAND, "anne") as change:
        add_absence(mandate, now, now + timedelta(days=2), None, now)
        Address.objects.create(person=mandate.person, kind="email", value="a@b.example")
        Address.objects.create(person=mandate.person, kind="mobile", value="+33639980002")
        mandate.rank = 2
        mandate.save()
    assert effects([change]) == {
        change.pk: "ajouts : 2 adresses, 1 absence ; modification : 1 mandat"
    }
    for path in ("/historique", f"/historique/{change.pk}"):
        shown = text(client, path)
        assert "saisie dans la console" in shown
        assert "modification : 1 mandat" in shown
    undoing = undo(change.pk, "anne").change
    assert f"changement n° {change.pk}" in text(client, f"/historique/{undoing}")


@pytest.mark.parametrize("count", [1, 20])
def test_the_history_takes_as_many_statements_for_all(
    client: Client, count: int, django_assert_max_num_queries
) -> None:
    mandate = somebody(organisation(code="90033"), "Noyer", "maire", mobile="+33639980001")
    for rank in range(2, count + 2):
        with changing(ChangeKind.HAND, "anne"):
            mandate.rank = rank
            mandate.save()
    with django_assert_max_num_queries(20):
        assert "1 mandat" in text(client, "/historique")


def test_whoever_sees_people_has_the_history_in_the_menu(client: Client) -> None:
    link = '<a href="/historique"'
    for role, has_it in ((Role.DISPATCHER, True), (Role.AUDITOR, False)):
        reader = logged_in(add_account(role, "90", name=f"reader-{role}"))
        menu = text(reader, "/aide").partition("<main")[0]
        assert (link in menu) == has_it, role
        assert reader.get("/historique").status_code == (200 if has_it else 403)
    current = 'href="/historique" accesskey="h" aria-current="page"'
    assert text(client, "/historique").count(current) == 1
