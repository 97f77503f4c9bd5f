"""The page of a commune, as administrators use it: through forms, without scripts."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from notifier.accounts.roles import Role
from notifier.alerting.policy.current import label_of
from notifier.delivery.models import Message
from notifier.directory.models import (
    Absence,
    Address,
    Change,
    Mandate,
    OnCallShift,
    Organisation,
    Person,
)
from notifier.directory.recipients import active_people
from tests.directory.people import organisation, somebody
from tests.harness.accounts import add_account, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("pages: their statements are tried in the rooms' tests"),
]
DELLE = "/organismes/commune/90033"
MOBILE = "+33639980001"


@pytest.fixture
def delle() -> Organisation:
    return organisation()


@pytest.fixture
def mayor(delle: Organisation) -> Mandate:
    return somebody(delle, "Aubry", "maire", first_name="Jeanne", mobile=MOBILE)


@pytest.fixture
def administrator() -> Client:
    return logged_in(add_account(Role.GROUPEMENT, "90", name="camille"))


def _page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def _told(where: Organisation) -> list[str]:
    now = timezone.now()
    return [next(iter(p.addresses.values())) for p in active_people([where.ref], now)[where.ref]]


def test_a_commune_that_nobody_has_entered_yet_gets_its_first_mayor(administrator: Client) -> None:
    assert "Personne n’est inscrit ici" in _page(administrator, DELLE)
    assert not Organisation.objects.exists()
    for part in ("/calendrier", "/alertes", "/historique", "/qui", "/ajouter"):
        _page(administrator, DELLE + part)
    typed = {"function": "maire", "last_name": "Aubry", "mobile": "06 39 98 00 01"}
    answer = administrator.post(f"{DELLE}/ajouter", typed)
    assert (answer.status_code, answer.headers["Location"]) == (302, DELLE)
    assert _told(Organisation.objects.get()) == [MOBILE]
    assert "Inscription faite" in _page(administrator, DELLE)


def test_a_new_mayor_in_delle(administrator: Client, delle: Organisation, mayor: Mandate) -> None:
    """Four steps: search, « Nouveau maire », fill in, save."""
    assert administrator.get("/communes?q=delle").headers["Location"] == DELLE
    form = _page(administrator, f"{DELLE}/ajouter?fonction=maire")
    assert re.search(rf'<option value="{mayor.pk}" selected>Jeanne Aubry, maire', form)
    typed = {
        "function": "maire", "replaced": mayor.pk, "civility": "m", "first_name": "Paul",
        "last_name": "Tilleul", "mobile": "0639980002", "email": "maire@delle.example",
    }  # fmt: skip
    assert administrator.post(f"{DELLE}/ajouter", typed).status_code == 302
    assert _told(delle) == ["+33639980002"]
    assert Change.objects.get().author == "camille"


def test_what_is_refused_is_said_at_its_field(
    administrator: Client, delle: Organisation, mayor: Mandate
) -> None:
    typed = {"function": "maire", "last_name": "Tilleul", "mobile": "12"}
    page = administrator.post(f"{DELLE}/ajouter", typed).content.decode()
    assert re.search(r'id="id_mobile_error".*?numéro « 12 »', page, re.DOTALL)
    page = administrator.post(f"{DELLE}/ajouter", typed | {"mobile": "0639980002"})
    assert "Jeanne Aubry est déjà maire" in page.content.decode()
    assert Mandate.objects.count() == 1


def test_away_until_sunday_with_a_stand_in(
    administrator: Client, delle: Organisation, mayor: Mandate
) -> None:
    """Four steps: search, « Absence » on the row, fill in, save."""
    deputy = somebody(delle, "Tilleul", mobile="+33639980002")
    sunday = timezone.localdate() + timedelta(days=3)
    answer = administrator.post(
        f"/mandats/{mayor.pk}/absence", {"ends_on": sunday.isoformat(), "stand_in": deputy.pk}
    )
    assert answer.status_code == 302
    assert _told(delle) == ["+33639980002"]
    away = Absence.objects.get()
    assert timezone.localtime(away.ends_at).strftime("%H:%M") == "23:59"
    page = _page(administrator, DELLE)
    assert "En absence" in page
    assert "remplaçant : Tilleul" in page
    watch = somebody(organisation(code="90039"), "", "astreinte")
    absence = _page(administrator, f"/mandats/{watch.pk}/absence")
    assert "Absence d’Élu d’astreinte" in absence
    assert "personne n°" not in absence
    assert "Absence : Jeanne Aubry" in _page(administrator, f"{DELLE}/calendrier")
    assert administrator.post(f"/absences/{away.pk}/fin").status_code == 302
    assert MOBILE in _told(delle)


def test_hours_are_those_of_the_organisation() -> None:
    saint_denis = organisation(code="97411")
    away = somebody(saint_denis, "Payet", "maire", mobile="+262692000001")
    somebody(saint_denis, "Hoarau", mobile="+262692000002")
    client = logged_in(add_account(Role.GROUPEMENT, "974"))
    typed = {"ends_on": "2027-01-10", "starts_at": "2027-01-08T18:00"}
    assert client.post(f"/mandats/{away.pk}/absence", typed).status_code == 302
    found = Absence.objects.get()
    assert found.starts_at.isoformat() == "2027-01-08T14:00:00+00:00"
    assert found.ends_at.isoformat() == "2027-01-10T19:59:00+00:00"


def test_a_number_is_corrected(administrator: Client, delle: Organisation, mayor: Mandate) -> None:
    """Four steps: search, « Corriger » beside the number, type it, save."""
    address = Address.objects.get()
    link = f"/adresses/{address.pk}"
    assert f'href="{link}"' in _page(administrator, DELLE)
    assert "Enregistrer la nouvelle adresse" in _page(administrator, link)
    administrator.post(f"{link}/corriger", {"value": "06 39 98 00 12"})
    assert _told(delle) == ["+33639980012"]
    history = _page(administrator, f"{DELLE}/historique")
    assert "<del>+33 6 •• •• •• 01</del>" in history
    assert "<ins>+33 6 •• •• •• 12</ins>" in history
    assert "639980012" not in history.replace(" ", "")


def test_a_test_text_is_sent_and_its_code_confirms(administrator: Client, mayor: Mandate) -> None:
    """Six steps: search, the number, « Envoyer un essai », call, type the code, check it."""
    address = f"/adresses/{Address.objects.get().pk}"
    administrator.post(f"{address}/essai")
    text = Message.objects.get().body
    page = _page(administrator, address)
    code = re.search(r"\d{3} \d{3}", text)
    assert code
    assert "Vérifier le code" in page
    assert code[0] not in page
    assert (
        "Ce n’est pas ce code"
        in administrator.post(f"{address}/code", {"code": "1"}, follow=True).content.decode()
    )
    administrator.post(f"{address}/code", {"code": code[0]})
    assert "Code confirmé" in _page(administrator, address)
    assert Address.objects.get().confirmed_on == timezone.localdate()


def test_an_address_is_masked_until_it_is_revealed(administrator: Client, mayor: Mandate) -> None:
    address = Address.objects.get()
    for page in (DELLE, f"/mandats/{mayor.pk}", f"/adresses/{address.pk}", "/communes?q=aubry"):
        shown = re.sub(r"\s", "", _page(administrator, page))
        assert "39980001" not in shown, page
    assert f'action="/adresses/{address.pk}/reveler"' in _page(administrator, DELLE)


def test_a_dispatcher_reads_tries_and_changes_nothing(mayor: Mandate) -> None:
    client = logged_in(add_account(Role.DISPATCHER, "90"))
    address = Address.objects.get()
    page = _page(client, DELLE)
    assert "Révéler" not in page
    assert "Fin de mandat" not in page
    for refused in (
        f"/adresses/{address.pk}/reveler",
        f"/adresses/{address.pk}/corriger",
        f"/mandats/{mayor.pk}/fin",
        f"/mandats/{mayor.pk}/supprimer",
        f"{DELLE}/ajouter",
        f"{DELLE}/ordre",
    ):
        assert client.post(refused).status_code == 403, refused
    client.post(f"/adresses/{address.pk}/essai")
    assert Message.objects.count() == 1


def test_who_is_also_told_elsewhere_is_not_changed_from_here(mayor: Mandate) -> None:
    elsewhere = Mandate.objects.create(
        person=mayor.person, organisation=organisation(code="70550"), function="autre"
    )
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    address = Address.objects.get()
    tried = [
        (f"/adresses/{address.pk}/corriger", {"value": "0639980012"}),
        (f"/adresses/{address.pk}/retirer", {}),
        (f"/adresses/{address.pk}/premiere", {}),
        (f"/adresses/{address.pk}/confirmer", {"accepted": "yes"}),
        (f"/mandats/{mayor.pk}/adresse", {"kind": "mobile", "value": "0639980012"}),
        (f"/mandats/{mayor.pk}/modifier", {"function": "maire", "last_name": "Autre"}),
        (
            f"/mandats/{mayor.pk}/modifier",
            {
                "function": "maire",
                "last_name": "Aubry",
                "first_name": "Jeanne",
                "civility": "m",
            },
        ),
    ]
    for path, typed in tried:
        page = client.post(path, typed, follow=True).content.decode()
        assert "n’est pas de votre ressort" in page, path
    assert [a.value for a in Address.objects.all()] == [MOBILE]
    assert not Change.objects.exists()
    assert client.get(f"/mandats/{elsewhere.pk}").status_code == 404


def test_whoever_left_is_not_taken_back_from_where_they_are_now(mayor: Mandate) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    Mandate.objects.update(ends_on=yesterday, is_confirmed=False)
    Mandate.objects.create(
        person=mayor.person, organisation=organisation(code="70550"), function="autre"
    )
    Address.objects.update(failures=3)
    client = logged_in(add_account(Role.GROUPEMENT, "90"))
    next_year = (timezone.localdate() + timedelta(days=365)).isoformat()
    same = {"function": "maire", "last_name": "Aubry", "first_name": "Jeanne"}
    tried = [
        (f"/mandats/{mayor.pk}/modifier", same),
        (f"/mandats/{mayor.pk}/fin", {"last_day": next_year}),
        (f"/mandats/{mayor.pk}/confirmer", {}),
    ]
    for path, typed in tried:
        page = client.post(path, typed, follow=True).content.decode()
        assert "n’est pas de votre ressort" in page, path
    assert not Change.objects.exists()
    assert client.post(f"/adresses/{Address.objects.get().pk}/reveler").status_code == 404


def test_order_is_changed_by_buttons_and_by_dragging(
    administrator: Client, delle: Organisation, mayor: Mandate
) -> None:
    first, second = (
        somebody(delle, name, rank=n, mobile=f"+3363998001{n}") for n, name in ((1, "A"), (2, "B"))
    )
    administrator.post(f"/mandats/{second.pk}/place", {"to": "up"})
    assert _told(delle) == [MOBILE, "+33639980012", "+33639980011"]
    ids = f"{mayor.pk},{first.pk},{second.pk}"
    administrator.post(f"{DELLE}/ordre", {"order": ids})
    assert _told(delle) == [MOBILE, "+33639980011", "+33639980012"]
    answer = administrator.post(f"{DELLE}/ordre", {"order": f"{first.pk},x"}, follow=True)
    assert "La liste a changé" in answer.content.decode()


def test_a_mandate_ends_and_is_confirmed(
    administrator: Client, delle: Organisation, mayor: Mandate
) -> None:
    Mandate.objects.update(is_confirmed=False)
    assert "À confirmer" in _page(administrator, DELLE)
    administrator.post(f"/mandats/{mayor.pk}/confirmer")
    assert Mandate.objects.get().is_confirmed
    assert "Dernier jour" in _page(administrator, f"/mandats/{mayor.pk}/fin")
    yesterday = timezone.localdate() - timedelta(days=1)
    administrator.post(f"/mandats/{mayor.pk}/fin", {"last_day": yesterday.isoformat()})
    assert _told(delle) == []
    assert "a pris fin" in _page(administrator, f"/mandats/{mayor.pk}")


def test_whoever_should_never_have_been_there_is_deleted_with_addresses_and_absences(
    administrator: Client, delle: Organisation, mayor: Mandate
) -> None:
    page = f"/mandats/{mayor.pk}/supprimer"
    assert page in _page(administrator, f"/mandats/{mayor.pk}")
    assert "Jeanne Aubry" in _page(administrator, page)
    sunday = timezone.localdate() + timedelta(days=3)
    administrator.post(f"/mandats/{mayor.pk}/absence", {"ends_on": sunday.isoformat()})
    assert administrator.post(page).headers["Location"] == DELLE
    assert not Person.objects.exists()
    assert not Address.objects.exists()
    assert not Absence.objects.exists()
    assert Change.objects.latest("id").author == "camille"
    assert administrator.post(page).status_code == 404


def test_who_is_also_told_elsewhere_stays_there(administrator: Client, mayor: Mandate) -> None:
    there = organisation(code="70550")
    Mandate.objects.create(person=mayor.person, organisation=there, function="autre")
    administrator.post(f"/mandats/{mayor.pk}/supprimer")
    assert _told(there) == [MOBILE]


def test_on_call_is_given_planned_and_stopped(
    administrator: Client, delle: Organisation, mayor: Mandate
) -> None:
    deputy = somebody(delle, "Tilleul", mobile="+33639980002")
    tomorrow = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT18:00")
    later = (timezone.localtime() + timedelta(days=3)).strftime("%Y-%m-%dT08:00")
    typed = {"mandate": deputy.pk, "starts_at": tomorrow, "ends_at": later}
    assert administrator.post(f"{DELLE}/astreinte/tour", typed).status_code == 302
    assert "Tilleul" in _page(administrator, f"{DELLE}/calendrier")
    planned = {"members": [mayor.pk, deputy.pk], "first_start": later, "shift_days": 7}
    assert administrator.post(f"{DELLE}/astreinte/roulement", planned).status_code == 302
    assert OnCallShift.objects.count() > 50
    administrator.post(f"{DELLE}/astreinte/arret", {"at": tomorrow})
    assert not OnCallShift.objects.filter(ends_at__gt=timezone.now() + timedelta(days=2)).exists()


def test_who_would_be_told_is_the_plans_answer(administrator: Client, mayor: Mandate) -> None:
    page = _page(administrator, f"{DELLE}/qui?category=C01.01.01&severity=severe&at=")
    assert "SMS +33 6 •• •• •• 01" in page
    assert not Message.objects.exists()


def test_a_nature_is_found_by_its_words(administrator: Client, mayor: Mandate) -> None:
    code = "C01.01.01"
    name = f"{label_of(code)} ({code})"
    query = urlencode({"category": name, "severity": "severe"})
    named = _page(administrator, f"{DELLE}/qui?{query}")
    assert "SMS +33 6 •• •• •• 01" in named
    assert f'<option value="{escape(name)}">' in named
    several = _page(administrator, f"{DELLE}/qui?category=accident&severity=severe")
    assert "Plusieurs natures vont avec ces mots" in several
    nothing = _page(administrator, f"{DELLE}/qui?category=licorne&severity=severe")
    assert "Aucune nature ne va avec ces mots" in nothing


def test_the_search_finds_people_numbers_and_communes_of_the_scope_alone(
    administrator: Client, mayor: Mandate
) -> None:
    somebody(organisation(code="70550"), "Aubry", "maire", mobile="+33639980055")
    page = _page(administrator, "/communes?q=aubry")
    assert f'href="/mandats/{mayor.pk}"' in page
    assert "Vesoul" not in page
    assert "Jeanne Aubry" in _page(administrator, "/communes?q=06 39 98 00 01")
    assert "Rien de ce nom" in _page(administrator, "/communes?q=06 39 98 00 55")
    assert "Rien de ce nom" in _page(administrator, "/communes?q=vesoul")
    assert administrator.get("/communes?q=90033").headers["Location"] == DELLE
    belfort = administrator.get("/communes?q=belf").headers["Location"]
    assert belfort == "/organismes/commune/90010"


@pytest.mark.parametrize("part", ["", "/calendrier", "/alertes", "/historique", "/qui"])
def test_as_many_statements_for_one_person_as_for_thirty(
    administrator: Client,
    delle: Organisation,
    mayor: Mandate,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    part: str,
) -> None:
    with django_assert_max_num_queries(24) as one:
        _page(administrator, DELLE + part)
    for number in range(1, 31):
        somebody(delle, f"N{number}", rank=number, mobile=f"+336399801{number:02}")
    with django_assert_max_num_queries(len(one.captured_queries)):
        _page(administrator, DELLE + part)
