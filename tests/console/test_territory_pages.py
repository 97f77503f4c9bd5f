"""Territoire and Organismes: what is shown, found, added, changed and ended, and to whom."""

from __future__ import annotations

import json
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from notifier.accounts.models import User
from notifier.accounts.roles import Role
from notifier.directory.models import Address, Change, Mandate, Organisation, OrganisationRef, Zone
from notifier.directory.organisations import add_organisation
from notifier.directory.zones.store import add_zones
from notifier.journal.models import Entry, Step
from tests.directory.test_zones import site
from tests.harness.accounts import add_account, logged_in
from tests.harness.people import add_contact

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("its statements are tried on both by the rooms"),
]
BELFORT_SITE = {
    "what": "site",
    "lieu-name": "Collège d’exemple",
    "lieu-latitude": "47,5077",
    "lieu-longitude": "6,9992",
    "lieu-radius": "150",
    "lieu-starts_on": "",
    "lieu-ends_on": "",
}


@pytest.fixture
def user() -> User:
    return add_account(Role.GROUPEMENT, "90", name="Jeanne Aubry")


@pytest.fixture
def client(user: User) -> Client:
    return logged_in(user)


@pytest.fixture
def landlord() -> Organisation:
    ref = OrganisationRef("partenaire", "habitat")
    return add_organisation(ref, "Habitat Exemple", {"departement": "90"})


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


# --- Territoire


def test_who_cannot_be_rung_tonight_is_one_step_away(client: Client) -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    add_contact("90010", "maire", last_name="Sorbier", email="m@belfort.example")
    page = text_of(client, "/territoire")
    link = "?departement=90&amp;a_corriger=silent"
    assert link in page
    assert "communes où aucun téléphone ne sonne" in page
    found = text_of(client, "/territoire?departement=90&a_corriger=silent")
    assert "100 communes" in found
    assert "Belfort" in found
    assert "90033" not in found


def test_what_is_worst_comes_first_and_each_page_follows_the_last(client: Client) -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    first = client.get("/territoire")
    assert "90033" not in [one.commune.code for one, _ in first.context["rows"]]
    key = first.context["next_key"]
    second = client.get(f"/territoire?departement=90&apres={key}")
    codes = [one.commune.code for page in (first, second) for one, _ in page.context["rows"]]
    assert len(codes) == len(set(codes)) == 101
    assert codes[-1] == "90033"
    assert second.context["next_key"] == ""


@pytest.mark.parametrize("text", ["delle", "DELLE", "90033", "9003"])
def test_a_commune_is_found_by_its_name_or_code(client: Client, text: str) -> None:
    found = client.get("/territoire", {"departement": "90", "q": text}).context["rows"]
    assert "90033" in [one.commune.code for one, _ in found]
    assert len(found) < 15


def test_what_is_to_be_mended_is_said_and_filtered(client: Client) -> None:
    mayor = add_contact("90033", "maire", last_name="N", mobile="+33639980001", email="a@x.example")
    Address.objects.filter(kind="courriel").update(failures=2)
    Mandate.objects.filter(pk=mayor.pk).update(is_confirmed=False)
    for what in ("failing", "unconfirmed", "single"):
        page = client.get("/territoire", {"departement": "90", "a_corriger": what})
        assert [one.commune.code for one, _ in page.context["rows"]] == ["90033"]
    shown = page.content.decode()
    assert "1 adresse en échec" in shown
    assert "1 mandat à confirmer" in shown
    assert "Noyer" not in shown


def test_the_map_has_the_state_of_each_commune(client: Client) -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    states = json.loads(text_of(client, "/territoire/90.json"))
    assert states["90033"] == {"state": "single", "label": "une seule personne"}
    assert len(states) == 101


def test_an_administrator_of_a_commune_sees_that_one_alone() -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    delle = Organisation.objects.get(code="90033")
    client = logged_in(add_account(Role.ORGANISATION, delle))
    rows = client.get("/territoire").context["rows"]
    assert [one.commune.code for one, _ in rows] == ["90033"]
    assert list(json.loads(text_of(client, "/territoire/90.json"))) == ["90033"]
    text_of(client, "/territoire?departement=70", status=404)


def test_who_has_many_departements_chooses_one() -> None:
    client = logged_in(User.objects.create_superuser("exploitant", email="e@exemple.fr"))
    page = text_of(client, "/territoire")
    assert "?departement=2A" in page
    assert "Territoire : Haute-Saône" in text_of(client, "/territoire?departement=70")
    text_of(client, "/territoire?departement=99", status=404)


@pytest.mark.parametrize("count", [1, 30])
def test_a_whole_departement_takes_a_few_statements(
    client: Client, count: int, django_assert_max_num_queries
) -> None:
    for number in range(count):
        add_contact(f"90{number + 1:03d}", last_name=f"N{number}", mobile=f"+336399800{number:02d}")
    with django_assert_max_num_queries(8):
        client.get("/territoire")


def test_an_export_names_nobody_and_is_in_the_journal(client: Client, user: User) -> None:
    add_contact("90033", "maire", last_name="Noyer", mobile="+33639980001")
    given = {"a_corriger": "single", "format": "csv"}
    answer = client.post("/territoire/90/exporter", given)
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("code_commune;commune;cette_nuit;par_sms")
    assert lines[1:] == ["90033;Delle;une seule personne;1;0;0;0;0"]
    entry = Entry.objects.filter(step=Step.ACCESS).latest("id")
    assert entry.data["account"] == user.pk
    assert entry.data["rows"] == 1
    assert client.post("/territoire/70/exporter", given).status_code == 404


def test_an_export_asks_again_who_is_there(client: Client) -> None:
    session = client.session
    for proof in session["account_authentication_methods"]:
        proof["at"] -= 3600
    session.save()
    answer = client.post("/territoire/90/exporter", {"format": "csv"})
    assert answer.status_code in (302, 403)
    assert not Entry.objects.filter(step=Step.ACCESS, data__rows=101).exists()


# --- Organismes


def test_organisations_are_listed_without_communes_and_filtered(
    client: Client, landlord: Organisation
) -> None:
    add_contact("90033", last_name="Noyer", mobile="+33639980001")
    add_organisation(OrganisationRef("partenaire", "vesoul"), "Ailleurs", {"departement": "70"})
    page = text_of(client, "/organismes")
    assert "Habitat Exemple" in page
    assert "Delle" not in page
    assert "Ailleurs" not in page
    assert "Delle" in text_of(client, "/organismes?kind=commune")
    assert "Habitat" in text_of(client, "/organismes?q=habitat")
    assert "Aucun organisme" in text_of(client, "/organismes?q=nulle-part")


def test_organisations_follow_each_other_page_by_page(client: Client) -> None:
    Organisation.objects.bulk_create(
        Organisation(kind="partenaire", code=f"p{n}", name=f"Partenaire {n % 3}", departement="90")
        for n in range(120)
    )
    codes, key = [], ""
    while key is not None:
        page = client.get("/organismes", {"apres": key} if key else {})
        codes += [one.code for one in page.context["rows"]]
        key = page.context["next_key"]
    assert len(codes) == len(set(codes)) == 120


def test_an_organisation_is_added_and_gets_its_territory_next(client: Client) -> None:
    answer = client.post(
        "/organismes/nouveau",
        {
            "kind": "partenaire",
            "code": "habitat",
            "name": "Habitat Exemple",
            "nature": "bailleur",
            "phone": "03 84 00 00 00",
            "departement": "90",
            "parent": "",
        },
    )
    assert answer.status_code == 302, answer.context["form"].errors
    assert answer.headers["Location"] == "/organismes/partenaire/habitat/territoire"
    new = Organisation.objects.get()
    assert (new.name, new.departement, new.nature) == ("Habitat Exemple", "90", "bailleur")
    assert Change.objects.get().author == "Jeanne Aubry"


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "partenaire", "code": "x", "name": "X", "departement": "70"},
        {"kind": "epci", "code": "246300701", "departement": "90"},
        {"kind": "commune", "code": "70550", "departement": "90"},
        {"kind": "prefecture", "code": "70", "departement": "90"},
        {"kind": "partenaire", "code": "à b", "name": "X", "departement": "90"},
        {"kind": "partenaire", "code": "x", "departement": "90"},
        {"kind": "partenaire", "code": "x", "name": "X", "departement": "90", "phone": "12"},
    ],
)
def test_nothing_is_added_elsewhere_or_at_fault(client: Client, given: dict[str, str]) -> None:
    answer = client.post("/organismes/nouveau", given)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not Organisation.objects.exists()


def test_a_parent_out_of_scope_is_refused(client: Client, landlord: Organisation) -> None:
    other = OrganisationRef("gendarmerie", "cie-vesoul")
    parent = add_organisation(other, "Compagnie", {"departement": "70"})
    answer = client.post(
        "/organismes/partenaire/habitat/modifier", {"name": "Autre", "parent": str(parent.ref)}
    )
    assert "parent" in answer.context["form"].errors
    assert Organisation.objects.get(pk=landlord.pk).name == "Habitat Exemple"


@pytest.mark.parametrize("text", ["commune:90033", "Compagnie d’exemple"])
def test_a_parent_is_found_by_its_name_or_its_code(
    client: Client, landlord: Organisation, text: str
) -> None:
    ref = OrganisationRef("gendarmerie", "cie")
    add_organisation(ref, "Compagnie d’exemple", {"departement": "90"})
    given = {"name": "Habitat Exemple", "departement": "90", "parent": text}
    assert client.post("/organismes/partenaire/habitat/modifier", given).status_code == 302
    parent = Organisation.objects.get(pk=landlord.pk).parent
    assert parent is not None
    assert text in (str(parent.ref), parent.name)


def test_nothing_is_above_itself(client: Client, landlord: Organisation) -> None:
    below = add_organisation(
        OrganisationRef("partenaire", "agence"), "Agence", {"parent": landlord}
    )
    given = {"name": "Habitat Exemple", "departement": "90", "parent": str(below.ref)}
    answer = client.post("/organismes/partenaire/habitat/modifier", given)
    assert "parent" in answer.context["form"].errors


def test_what_is_known_of_an_organisation_is_changed(
    client: Client, landlord: Organisation
) -> None:
    assert "Habitat Exemple" in text_of(client, "/organismes/partenaire/habitat/modifier")
    given = {"name": "Habitat d’Exemple", "nature": "", "phone": "", "departement": "90"}
    answer = client.post("/organismes/partenaire/habitat/modifier", given)
    assert answer.status_code == 302
    assert Organisation.objects.get().name == "Habitat d’Exemple"
    assert "Jeanne Aubry" in Entry.objects.filter(step=Step.DIRECTORY).latest("id").text


def test_an_organisation_ends_with_its_people_and_its_zones(
    client: Client, landlord: Organisation
) -> None:
    add_zones([(landlord, site())], "essai")
    mandate = add_contact("90033", last_name="Noyer", mobile="+33639980001")
    Mandate.objects.filter(pk=mandate.pk).update(organisation=landlord)
    today = timezone.localdate()
    text_of(client, "/organismes/partenaire/habitat/fin")
    answer = client.post("/organismes/partenaire/habitat/fin", {"last_day": today.isoformat()})
    assert answer.status_code == 302
    assert Mandate.objects.get().ends_on == today
    assert Zone.objects.get().ends_on == today


def test_a_commune_is_not_ended(client: Client) -> None:
    add_contact("90033", last_name="Noyer", mobile="+33639980001")
    day = timezone.localdate().isoformat()
    answer = client.post("/organismes/commune/90033/fin", {"last_day": day})
    assert "code officiel" in str(answer.context["form"].errors)
    assert Mandate.objects.get().ends_on is None


# --- Zones


def test_a_site_is_added_by_a_point_and_a_radius(client: Client, landlord: Organisation) -> None:
    answer = client.post("/organismes/partenaire/habitat/territoire", BELFORT_SITE)
    assert answer.status_code == 302
    zone = Zone.objects.get()
    assert (zone.name, zone.kind) == ("Collège d’exemple", "site")
    assert zone.shape == {"type": "Point", "coordinates": [6.9992, 47.5077], "radius_m": 150.0}
    assert Change.objects.latest("id").author == "Jeanne Aubry"
    again = client.post("/organismes/partenaire/habitat/territoire", BELFORT_SITE)
    assert again.status_code == 422
    assert "déjà à cet organisme" in again.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"lieu-latitude": "48,8566", "lieu-longitude": "2,3522"},  # Paris
        {"lieu-latitude": "6,9992", "lieu-longitude": "47,5077"},
        {"lieu-latitude": "nan"},
        {"lieu-latitude": "ici"},
        {"lieu-radius": "5"},
        {"lieu-starts_on": "2026-12-02", "lieu-ends_on": "2026-12-01"},
    ],
)
def test_a_site_elsewhere_or_at_fault_is_refused(
    client: Client, landlord: Organisation, wrong: dict[str, str]
) -> None:
    answer = client.post("/organismes/partenaire/habitat/territoire", BELFORT_SITE | wrong)
    assert answer.status_code == 422
    assert not Zone.objects.exists()


def test_a_commune_of_another_departement_is_no_part_of_a_territory(
    client: Client, landlord: Organisation
) -> None:
    address = "/organismes/partenaire/habitat/territoire"
    given = {"what": "commune", "commune-commune": "70550", "commune-starts_on": ""}
    answer = client.post(address, given)
    assert "hors de votre territoire" in answer.content.decode().lower()
    assert not Zone.objects.exists()
    assert client.post(address, given | {"commune-commune": "90033"}).status_code == 302


def test_a_zone_ends_and_is_not_deleted(client: Client, landlord: Organisation) -> None:
    client.post("/organismes/partenaire/habitat/territoire", BELFORT_SITE)
    zone = Zone.objects.get()
    address = f"/organismes/partenaire/habitat/territoire/{zone.pk}/fin"
    assert "Collège d’exemple" in text_of(client, address)
    assert client.post(address, {"last_day": "2026-12-31"}).status_code == 302
    assert Zone.objects.get().ends_on == date(2026, 12, 31)
    assert "jusqu’au 31 décembre 2026" in text_of(
        client, "/organismes/partenaire/habitat/territoire"
    )


def _file(content: bytes, name: str = "communes.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_a_file_is_shown_before_it_is_written(client: Client, landlord: Organisation) -> None:
    address = "/organismes/partenaire/habitat/territoire/fichier"
    text_of(client, address)
    shown = client.post(address, {"file": _file(b"commune\n90033\n90010\n"), "from_day": ""})
    assert shown.context["changes"].added == ["90033", "90010"]
    assert not Zone.objects.exists()
    fields = {name: shown.context[name] or "" for name in ("content", "name", "from_day")}
    assert client.post(f"{address}/enregistrer", fields).status_code == 302
    assert Zone.objects.count() == 2
    assert Zone.objects.first().origin == "communes.csv"


@pytest.mark.parametrize(
    "content",
    [
        b"commune\n70550\n",
        b"commune\n99999\n",
        b"organisation;commune\nepci:246300701;90033\n",
        b'{"type": "FeatureCollection", "features": 3}',
        b"",
        b"\xff\xfe\x00",
    ],
)
def test_a_file_about_others_or_at_fault_changes_nothing(
    client: Client, landlord: Organisation, content: bytes
) -> None:
    from base64 import b64encode

    address = "/organismes/partenaire/habitat/territoire/fichier"
    shown = client.post(address, {"file": _file(content), "from_day": ""})
    assert shown.context["form"].errors["file"]
    # Who sends it past the preview gets no further.
    fields = {"content": b64encode(content).decode(), "name": "x.csv", "from_day": ""}
    assert client.post(f"{address}/enregistrer", fields).status_code == 302
    assert client.post(f"{address}/enregistrer", fields | {"content": "é"}).status_code == 302
    assert not Zone.objects.exists()


def test_a_dispatcher_sees_and_changes_nothing(landlord: Organisation) -> None:
    client = logged_in(add_account(Role.DISPATCHER, "90"))
    page = text_of(client, "/organismes/partenaire/habitat/territoire")
    assert "Ajouter" not in page
    client.post("/organismes/partenaire/habitat/territoire", BELFORT_SITE)
    assert not Zone.objects.exists()
    text_of(client, "/organismes/nouveau", status=403)
