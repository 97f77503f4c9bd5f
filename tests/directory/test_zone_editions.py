"""A new version packages the lists of another year: what is stored follows, or is reported."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifier.directory.models import Organisation, OrganisationRef, Zone, ZoneCommune, ZoneKind
from notifier.directory.organisations import add_organisation, organisation
from notifier.directory.zones.editions import update_zones
from notifier.directory.zones.store import NewZone, add_zones, commune_zones, replace_zones
from notifier.intake.models import Source
from notifier.ops.doctor.content import check_sources_and_contacts
from notifier.territory.zones import epci

pytestmark = pytest.mark.django_db

METROPOLE = OrganisationRef("epci", "246300701")
OF_LAST_YEAR = f"{epci.LIST} au 1er janvier {epci.EDITION.year - 1}"
BLANZAT, ISSOIRE = "63042", "63178"
EVE = date(epci.EDITION.year - 1, 12, 31)


@pytest.fixture
def of_last_year() -> Organisation:
    """The métropole as if a year ago Issoire had been a member, and Blanzat none."""
    stored = organisation(METROPOLE)
    ZoneCommune.objects.filter(commune=BLANZAT).update(commune=ISSOIRE)
    Zone.objects.update(origin=OF_LAST_YEAR)
    return stored


def members(day: date) -> set[str]:
    rows = ZoneCommune.objects.select_related("zone")
    return {row.commune for row in rows if row.zone.is_active(day)}


def test_an_epci_gets_the_members_of_the_new_list_from_its_day_on(
    of_last_year: Organisation,
) -> None:
    (changed,) = update_zones().changes
    assert changed[0] == of_last_year
    assert (changed[1].added, changed[1].ended, changed[1].unchanged) == ([BLANZAT], [ISSOIRE], 20)
    packaged = epci.epci_by_siren(METROPOLE.code)
    assert packaged is not None
    assert members(epci.EDITION) == set(packaged.communes)
    assert members(EVE) == {*packaged.communes, ISSOIRE} - {BLANZAT}
    again = update_zones()
    assert (again.changes, again.placed, again.remarks) == ([], 0, [])


def test_what_an_operator_has_said_of_an_epci_stays(of_last_year: Organisation) -> None:
    zones = commune_zones(["63113", ISSOIRE])
    replace_zones(
        of_last_year, zones, [ZoneKind.COMMUNE], origin="f.csv", from_day=date(2026, 11, 1)
    )
    assert update_zones().changes == []
    assert members(date(2027, 1, 1)) == {"63113", ISSOIRE}


def test_an_epci_that_is_no_more_ends(of_last_year: Organisation) -> None:
    Organisation.objects.update(code="246300000", name="Ancienne communauté")
    done = update_zones()
    assert done.remarks == [
        "Ancienne communauté (epci:246300000) n’est plus parmi les intercommunalités du 01/01/2026"
    ]
    assert members(EVE)
    assert not members(epci.EDITION)
    assert update_zones().remarks == []


def test_a_site_of_a_commune_that_has_merged_is_found_in_the_new_one() -> None:
    """As of 2024: 93059 Pierrefitte-sur-Seine, which joined Saint-Denis in 2025."""
    landlord = add_organisation(OrganisationRef("partenaire", "x"), "Habitat Exemple")
    estate = {"type": "Point", "coordinates": [2.3610, 48.9650], "radius_m": 100}
    add_zones([(landlord, NewZone(ZoneKind.SITE, "Résidence", estate))], "f")
    ZoneCommune.objects.update(commune="93059")
    Zone.objects.update(vintage="COG 2024")
    assert update_zones().placed == 1
    assert [row.commune for row in ZoneCommune.objects.all()] == ["93066"]
    assert update_zones().placed == 0


def test_a_commune_that_a_person_named_and_that_is_no_more_is_reported() -> None:
    """The one that took its place is larger: nobody is told of the rest of it by himself."""
    council = add_organisation(OrganisationRef("partenaire", "x"), "Conseil d’exemple")
    add_zones([(council, zone) for zone in commune_zones(["93066"])], "f.csv")
    ZoneCommune.objects.update(commune="93059")
    (remark,) = update_zones().remarks
    assert remark.startswith("93059 n’est plus une commune, et est au territoire de partenaire:x")
    Source.objects.create(name="CORG 93", departements=["93"])
    assert remark in "\n".join(str(finding) for finding in check_sources_and_contacts())


def test_migrate_does_it_and_says_so(of_last_year: Organisation) -> None:
    printed = StringIO()
    call_command("migrate", stdout=printed)
    assert "Clermont Auvergne Métropole (epci:246300701)" in printed.getvalue()
    assert "ajouté : 1 (Blanzat (63042))" in printed.getvalue()
    assert BLANZAT in members(epci.EDITION)


def test_where_there_is_nothing_to_do_it_takes_three_statements() -> None:
    organisation(METROPOLE)
    with CaptureQueriesContext(connection) as captured:
        update_zones()
    asked = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    assert len(asked) == 3
