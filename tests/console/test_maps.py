"""What maps draw: kept to where somebody works, light, and asked for once."""

import json

import pytest
from django.template import Context, Template
from django.test import Client

from notifier.accounts.roles import Role
from notifier.directory.models import Organisation, OrganisationRef
from notifier.directory.organisations import add_organisation, organisation
from notifier.directory.zones.store import add_zones
from tests.directory.test_zones import site
from tests.harness.accounts import add_account, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what is drawn is no matter of SQL"),
]


@pytest.fixture
def client() -> Client:
    return logged_in(add_account(Role.GROUPEMENT, "90"))


def test_a_departement_is_drawn_and_kept_by_the_browser(client: Client) -> None:
    answer = client.get("/cartes/departement/90.json", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "application/geo+json"
    assert answer.headers["Cache-Control"] == "private, max-age=86400"
    tag = answer.headers["ETag"]
    again = client.get("/cartes/departement/90.json", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.content == b""


def test_a_commune_comes_with_its_neighbours(client: Client) -> None:
    found = json.loads(client.get("/cartes/commune/90033.json").content)
    assert found["features"][0]["properties"] == {"code": "90033", "name": "Delle"}


@pytest.mark.parametrize("what", ["departement/70", "commune/70550", "organismes/commune/70550"])
def test_nothing_is_drawn_of_where_one_does_not_work(client: Client, what: str) -> None:
    organisation(OrganisationRef("commune", "70550"))
    assert client.get(f"/cartes/{what}.json").status_code == 404


def test_an_organisation_s_administrator_sees_its_departement_and_its_territory() -> None:
    landlord = add_organisation(OrganisationRef("partenaire", "habitat"), "Habitat Exemple")
    add_zones([(landlord, site())], "essai")
    client = logged_in(add_account(Role.ORGANISATION, Organisation.objects.get()))
    assert client.get("/cartes/departement/63.json").status_code == 200
    assert client.get("/cartes/departement/90.json").status_code == 404
    (drawn,) = json.loads(client.get("/cartes/organismes/partenaire/habitat.json").content)[
        "features"
    ]
    assert drawn["properties"]["name"] == "Résidence d’exemple"


def test_the_component_says_what_it_draws_and_where_it_stands_in_words() -> None:
    page = Template(
        '{% load map %}{% map "Carte de Delle" commune="90033" point=point radius_m=300 '
        'table="liste" %}{% map "Autre" departement="90" %}'
    ).render(Context({"point": (47.5077, 6.9992)}))
    assert 'data-outlines="/cartes/commune/90033.json?v=' in page
    assert 'data-point="47.507700,6.999200"' in page
    assert 'data-radius="300"' in page
    assert 'data-highlight="90033"' in page
    assert 'href="#liste"' in page
    assert 'aria-label="Carte de Delle"' in page
    assert "La carte a besoin de JavaScript." in page
    assert page.count("leaflet.js") == 1
