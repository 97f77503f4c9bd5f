"""To which département an organisation belongs: by its code, its parent or its first zone."""

import pytest
from django.core.exceptions import ValidationError

from notifier.directory.models import Organisation, OrganisationRef, ZoneKind
from notifier.directory.models.organisations import known_departement
from notifier.directory.organisations import (
    add_organisation,
    change_organisation,
    organisation,
    organisations,
)
from notifier.directory.zones.store import add_zones, commune_zones, replace_zones
from tests.directory.test_zones import site

LANDLORD = OrganisationRef("partenaire", "habitat-exemple")


@pytest.mark.parametrize(
    ("kind", "code", "departement"),
    [
        ("commune", "90033", "90"),
        ("commune", "2A004", "2A"),
        ("commune", "97411", "974"),
        ("departement", "67", "67"),
        ("prefecture", "2B", "2B"),
        ("epci", "246300701", "63"),
        # Redon Agglomération lies in three départements, with most communes in Ille-et-Vilaine.
        ("epci", "243500741", "35"),
        ("epci", "999999999", ""),
        ("partenaire", "90033", ""),
    ],
)
def test_the_code_tells_the_departement(kind: str, code: str, departement: str) -> None:
    assert known_departement(kind, code) == departement


@pytest.mark.django_db
def test_those_that_are_known_by_themselves_are_stored_with_theirs() -> None:
    refs = ("commune:90033", "epci:246300701", "prefecture:974")
    organisations(map(OrganisationRef.parse, refs))
    assert dict(Organisation.objects.values_list("code", "departement")) == {
        "90033": "90",
        "246300701": "63",
        "974": "974",
    }


@pytest.mark.django_db
def test_the_code_counts_more_than_what_is_given() -> None:
    delle = add_organisation(OrganisationRef("commune", "90033"), fields={"departement": "38"})
    assert delle.departement == "90"
    change_organisation(delle, {"departement": "38"})
    assert Organisation.objects.get().departement == "90"


@pytest.mark.django_db
def test_a_unit_belongs_where_its_parent_does_unless_given() -> None:
    company = add_organisation(
        OrganisationRef("gendarmerie", "cie"), "Compagnie d’exemple", {"departement": "90"}
    )
    brigade = OrganisationRef("gendarmerie", "bta")
    assert add_organisation(brigade, "Brigade", {"parent": company}).departement == "90"
    other = OrganisationRef("gendarmerie", "autre")
    given = add_organisation(other, "Autre", {"parent": company, "departement": "70"})
    assert given.departement == "70"


@pytest.mark.django_db
def test_a_parent_that_is_given_later_tells_it_too() -> None:
    company = add_organisation(
        OrganisationRef("gendarmerie", "cie"), "Compagnie d’exemple", {"departement": "90"}
    )
    brigade = add_organisation(OrganisationRef("gendarmerie", "bta"), "Brigade d’exemple")
    changed = change_organisation(brigade, {"parent": company})
    assert Organisation.objects.get(code="bta").departement == "90"
    assert changed["departement"] == ("", "90")


@pytest.mark.django_db
def test_the_first_zone_tells_the_departement_of_who_has_none() -> None:
    by_site = add_organisation(LANDLORD, "Habitat Exemple")
    replace_zones(by_site, [site()], [ZoneKind.SITE], origin="essai")
    by_commune = add_organisation(OrganisationRef("police", "csp"), "Commissariat d’exemple")
    add_zones([(by_commune, zone) for zone in commune_zones(["90033", "70550"])], "essai")
    assert dict(Organisation.objects.values_list("code", "departement")) == {
        "habitat-exemple": "63",
        "csp": "90",
    }


@pytest.mark.django_db
def test_a_later_zone_moves_nobody() -> None:
    landlord = add_organisation(LANDLORD, "Habitat Exemple", {"departement": "38"})
    replace_zones(landlord, [site()], [ZoneKind.SITE], origin="essai")
    assert Organisation.objects.get().departement == "38"


@pytest.mark.django_db
def test_what_is_no_departement_is_refused() -> None:
    with pytest.raises(ValidationError) as refusal:
        add_organisation(LANDLORD, "Habitat Exemple", {"departement": "99"})
    assert "département" in refusal.value.message_dict["departement"][0]
    assert organisation(OrganisationRef("commune", "90033")).departement == "90"
