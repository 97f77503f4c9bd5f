"""Territories: packaged, replaced, dated, and what an incident touches, in one statement."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifier.directory.models import (
    Convention,
    ConventionRule,
    Organisation,
    OrganisationRef,
    Zone,
    ZoneCommune,
    ZoneKind,
)
from notifier.directory.organisations import (
    OrganisationError,
    add_organisation,
    make_ref,
    organisation,
    organisations,
    read_ref,
)
from notifier.directory.zones.lookup import ZonesAt, zones_at
from notifier.directory.zones.outlines import zone_outlines
from notifier.directory.zones.store import (
    NewZone,
    ZoneInUseError,
    add_zones,
    commune_zones,
    replace_zones,
)
from notifier.territory.resolve import communes_in
from notifier.territory.zones.containment import Position
from notifier.territory.zones.epci import epci_by_siren
from notifier.territory.zones.shapes import ShapeError

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 11, 28, 12, tzinfo=PARIS)
CLERMONT_METROPOLE = OrganisationRef("epci", "246300701")
CINOR = "Communauté d’agglomération Intercommunale du Nord de la Réunion (CINOR)"
LANDLORD = OrganisationRef("partenaire", "habitat-exemple")
CLERMONT, BLANZAT, ISSOIRE = "63113", "63042", "63178"
JAUDE = (45.7766, 3.0826)
ESTATE = {"type": "Point", "coordinates": [JAUDE[1], JAUDE[0]], "radius_m": 300}


def inside(found: ZonesAt) -> set[str]:
    return {str(one.organisation.ref) for one in found.inside}


def site(
    name: str = "Résidence d’exemple", shape: dict[str, Any] = ESTATE, **dates: date
) -> NewZone:
    return NewZone(ZoneKind.SITE, name, shape, **dates)


def members(of: Organisation, day: date) -> set[str]:
    rows = ZoneCommune.objects.filter(zone__organisation=of).select_related("zone")
    return {row.commune for row in rows if row.zone.is_active(day)}


def landlord(*zones: NewZone) -> Organisation:
    new = add_organisation(LANDLORD, "Habitat Exemple")
    add_zones([(new, zone) for zone in zones], "test")
    return new


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("epci:246300701", "epci:246300701"),
        ("epci:246 300 701", "epci:246300701"),
        ("commune:1033", "commune:01033"),
        ("commune:2a004", "commune:2A004"),
        ("departement:1", "departement:01"),
        ("prefecture:2b", "prefecture:2B"),
        ("partenaire:Habitat-Exemple", "partenaire:habitat-exemple"),
    ],
)
def test_a_reference_is_read_as_it_is_stored(text: str, stored: str) -> None:
    assert str(read_ref(text)) == stored


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("246300701", "ne désigne pas un organisme"),
        ("métropole:246300701", "ne désigne pas un organisme"),
        ("epci:", "ne désigne pas un organisme"),
        ("epci:2463", "neuf chiffres"),
        ("commune:99999", "aucune commune actuelle"),
        ("departement:20", "n’est pas un département"),
        ("partenaire:habitat exemple", "lettres sans accent"),
        ("partenaire:été", "lettres sans accent"),
    ],
)
def test_a_reference_of_nobody_is_refused_in_french(text: str, says: str) -> None:
    with pytest.raises(OrganisationError, match=says):
        read_ref(text)


def test_an_epci_is_stored_with_its_packaged_members_when_first_used() -> None:
    first = organisation(CLERMONT_METROPOLE)
    packaged = epci_by_siren("246300701")
    assert packaged is not None
    assert (first.name, first.nature) == ("Clermont Auvergne Métropole", "métropole")
    assert members(first, date(2026, 11, 28)) == set(packaged.communes)
    assert {zone.origin for zone in Zone.objects.all()} == {
        "DGCL, liste des EPCI au 1er janvier 2026"
    }
    again = organisation(CLERMONT_METROPOLE)
    assert again == first
    assert Zone.objects.count() == 21


def test_what_is_known_by_itself_has_its_name_and_its_time() -> None:
    refs = [
        make_ref("commune", "97411"),
        make_ref("departement", "38"),
        make_ref("prefecture", "974"),
        make_ref("epci", "249740119"),
    ]
    found = organisations(refs)
    assert [(found[ref].name, found[ref].time_zone) for ref in refs] == [
        ("Saint-Denis", "Indian/Reunion"),
        ("Département de l’Isère", "Europe/Paris"),
        ("Préfecture de La Réunion", "Indian/Reunion"),
        (
            "Communauté d’agglomération Intercommunale du Nord de la Réunion (CINOR)",
            "Indian/Reunion",
        ),
    ]


def test_whoever_is_not_known_by_himself_has_to_be_added_first() -> None:
    with pytest.raises(OrganisationError, match="notifier organisation add"):
        organisations([LANDLORD])
    with pytest.raises(OrganisationError, match="nom est nécessaire"):
        add_organisation(LANDLORD)
    assert not Organisation.objects.exists()


def test_a_hundred_organisations_take_no_more_statements_than_two() -> None:
    few = [make_ref("commune", code) for code in ("90010", "90033")]
    many = [make_ref("commune", one.code) for one in communes_in("63")[:100]]
    with CaptureQueriesContext(
        connection,
    ) as of_few:
        organisations(few)
    with CaptureQueriesContext(connection) as of_many:
        assert len(organisations(many)) == len(many)
    assert len(of_many) == len(of_few)


def test_an_event_in_a_member_touches_the_epci_and_elsewhere_does_not() -> None:
    organisations(
        [
            CLERMONT_METROPOLE,
            make_ref("commune", CLERMONT),
            make_ref("prefecture", "63"),
            make_ref("departement", "63"),
            make_ref("departement", "38"),
        ]
    )
    assert inside(zones_at([CLERMONT], NOON, None)) == {
        "epci:246300701",
        "commune:63113",
        "prefecture:63",
        "departement:63",
    }
    assert inside(zones_at([ISSOIRE], NOON, None)) == {"prefecture:63", "departement:63"}
    assert zones_at([], NOON, None) == ZonesAt()


def test_the_rhone_is_not_told_of_lyon_but_its_prefecture_is() -> None:
    organisations([make_ref("departement", "69"), make_ref("prefecture", "69")])
    assert inside(zones_at(["69123"], NOON, None)) == {"prefecture:69"}
    assert inside(zones_at(["69264"], NOON, None)) == {"prefecture:69", "departement:69"}


def test_the_day_before_an_enlargement_and_the_day_after_tell_others() -> None:
    council = add_organisation(OrganisationRef("partenaire", "cmspd"), "Conseil d’exemple")
    add_zones([(council, zone) for zone in commune_zones([CLERMONT])], "test")
    enlarged = date(2026, 12, 1)
    changes = replace_zones(
        council,
        commune_zones([CLERMONT, BLANZAT]),
        [ZoneKind.COMMUNE],
        origin="test",
        from_day=enlarged,
    )
    assert (changes.added, changes.ended, changes.unchanged) == ([BLANZAT], [], 1)
    before = datetime(2026, 11, 30, 23, 59, tzinfo=PARIS)
    after = datetime(2026, 12, 1, 0, 0, tzinfo=PARIS)
    assert inside(zones_at([BLANZAT], before, None)) == set()
    assert inside(zones_at([BLANZAT], after, None)) == {"partenaire:cmspd"}
    for at in (before, after):
        assert inside(zones_at([CLERMONT], at, None)) == {"partenaire:cmspd"}


def test_days_are_those_of_the_organisation_overseas() -> None:
    """Réunion is four hours ahead of UTC: its 1 December begins at 20:00 on 30 November."""
    council = add_organisation(
        OrganisationRef("partenaire", "reunion"), "Exemple", {"time_zone": "Indian/Reunion"}
    )
    new = NewZone(ZoneKind.COMMUNE, "97411", starts_on=date(2026, 12, 1))
    add_zones([(council, new)], "test")
    utc = ZoneInfo("UTC")
    assert inside(zones_at(["97411"], datetime(2026, 11, 30, 19, 59, tzinfo=utc), None)) == set()
    assert inside(zones_at(["97411"], datetime(2026, 11, 30, 20, 0, tzinfo=utc), None)) == {
        "partenaire:reunion"
    }


def test_a_site_is_touched_by_what_happens_in_it_and_never_by_the_commune_alone() -> None:
    landlord(site())
    assert inside(zones_at([CLERMONT], NOON, Position(*JAUDE))) == {"partenaire:habitat-exemple"}
    assert zones_at([CLERMONT], NOON, Position(JAUDE[0] + 0.01, JAUDE[1])) == ZonesAt()
    alone = zones_at([CLERMONT], NOON, None)
    assert alone.inside == ()
    assert [one.zone and one.zone.name for one in alone.unknown] == ["Résidence d’exemple"]
    street = zones_at([CLERMONT], NOON, Position(*JAUDE, uncertainty_m=500))
    assert street.inside == ()


def test_a_site_is_found_from_the_commune_across_the_border() -> None:
    """35 m from Thiancourt: dispatch may name either commune."""
    landlord(site(shape={"type": "Point", "coordinates": [6.99, 47.5167], "radius_m": 30}))
    for code in ("90033", "90096"):
        assert inside(zones_at([code], NOON, Position(47.5167, 6.99)))


def test_a_contour_holds_the_communes_that_lie_in_it_and_the_points_of_others() -> None:
    station = add_organisation(OrganisationRef("police", "exemple"), "Circonscription d’exemple")
    shape = {"type": "Point", "coordinates": [6.999, 47.508], "radius_m": 9_000}
    add_zones([(station, NewZone(ZoneKind.POLYGON, "Secteur", shape))], "test")
    assert inside(zones_at(["90033"], NOON, None)) == {"police:exemple"}
    partly = ZoneCommune.objects.filter(is_covered=False).values_list("commune", flat=True).first()
    assert partly is not None
    assert zones_at([partly], NOON, None).inside == ()
    assert inside(zones_at([partly], NOON, Position(47.508, 6.999))) == {"police:exemple"}


def test_forty_organisations_take_no_more_statements_than_one() -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            zones_at([CLERMONT, BLANZAT], NOON, Position(*JAUDE))
        return len(captured)

    landlord(site())
    alone = statements()
    for number in range(40):
        new = add_organisation(OrganisationRef("partenaire", f"p{number}"), f"Partenaire {number}")
        add_zones(
            [(new, site(f"Lieu {number}")), *((new, z) for z in commune_zones([CLERMONT]))], ""
        )
    assert statements() == alone
    assert len(inside(zones_at([CLERMONT], NOON, Position(*JAUDE)))) == 41


def replaced(of: Organisation, wanted: Iterable[NewZone], **options: Any) -> Any:
    kinds = [ZoneKind.SITE, ZoneKind.POLYGON]
    return replace_zones(of, list(wanted), kinds, origin="fichier", **options)


def test_the_whole_list_replaces_what_there_was() -> None:
    owner = landlord(site("A"), site("B"), site("C"))
    moved = {**ESTATE, "coordinates": [3.1632, 45.8300]}
    dated = site("C", ends_on=date(2026, 12, 31))
    changes = replaced(owner, [site("A", moved), dated, site("D")])
    assert (changes.added, changes.changed, changes.removed) == (["D"], ["A", "C"], ["B"])
    stored = {zone.name: zone for zone in Zone.objects.all()}
    assert stored.keys() == {"A", "C", "D"}
    assert stored["A"].shape == moved
    assert stored["C"].ends_on == date(2026, 12, 31)
    assert {one.commune for one in stored["A"].communes.all()} == set(
        ZoneCommune.objects.filter(zone=stored["A"]).values_list("commune", flat=True)
    )
    # Pont-du-Château's neighbour, no more Clermont.
    assert CLERMONT not in {one.commune for one in stored["A"].communes.all()}
    assert not replaced(owner, [site("A", moved), dated, site("D")])


def test_commune_zones_and_sites_are_replaced_apart() -> None:
    owner = landlord(site("A"), *commune_zones([CLERMONT]))
    replaced(owner, [])
    assert members(owner, date(2026, 1, 1)) == {CLERMONT}


def test_from_a_day_on_the_past_stays() -> None:
    owner = landlord(site("A"), site("B"), site("future", starts_on=date(2027, 6, 1)))
    day = date(2027, 1, 1)
    moved = {**ESTATE, "radius_m": 500}
    changes = replaced(owner, [site("A", moved), site("C")], from_day=day)
    assert (changes.added, changes.ended, changes.removed) == (["A", "C"], ["A", "B"], ["future"])
    assert {
        (zone.name, zone.starts_on, zone.ends_on, zone.shape["radius_m"])
        for zone in Zone.objects.all()
    } == {
        ("A", None, date(2026, 12, 31), 300),
        ("A", day, None, 500),
        ("B", None, date(2026, 12, 31), 300),
        ("C", day, None, 300),
    }


def test_a_site_that_a_rule_names_cannot_be_removed_and_can_be_ended() -> None:
    owner = landlord(site("A"), site("B"))
    agreement = Convention.objects.create(
        reference="exemple", kind="gpo", title="Convention", starts_on=date(2026, 1, 1)
    )
    ConventionRule.objects.create(
        convention=agreement,
        organisation=owner,
        territory_of=owner,
        categories=["L01"],
        sites=["A"],
        starts_at=NOON,
    )
    with pytest.raises(ZoneInUseError, match=r"« A » .*exemple"):
        replaced(owner, [site("B")])
    assert Zone.objects.count() == 2
    replaced(owner, [site("B")], from_day=date(2027, 1, 1))
    assert Zone.objects.get(name="A").ends_on == date(2026, 12, 31)
    # Dated anew it is not removed.
    changes = replaced(owner, [site("A", starts_on=date(2026, 2, 1)), site("B")])
    assert (changes.added, changes.changed, changes.removed) == ([], ["A"], [])
    assert Zone.objects.get(name="A").starts_on == date(2026, 2, 1)


def test_a_shape_outside_france_writes_nothing() -> None:
    owner = landlord(site("A"))
    munich = {"type": "Point", "coordinates": [11.575, 48.137], "radius_m": 300}
    with pytest.raises(ShapeError):
        replaced(owner, [site("B", munich)])
    assert [zone.name for zone in Zone.objects.all()] == ["A"]


def test_a_territory_is_drawn_as_it_is_on_a_day() -> None:
    landlord = add_organisation(LANDLORD, "Habitat Exemple")
    ended = site("Ancienne résidence", ends_on=date(2026, 11, 27))
    add_zones([(landlord, site()), (landlord, ended), *_communes(landlord, "63042")], "essai")
    commune, estate = zone_outlines(landlord, NOON.date())
    assert commune["properties"]["code"] == "63042"
    assert estate["properties"] == {"name": "Résidence d’exemple", "kind": "site", "radius_m": 300}
    assert estate["geometry"]["coordinates"] == ESTATE["coordinates"]
    assert len(zone_outlines(landlord, date(2026, 11, 27))) == 3


def test_what_is_known_by_its_code_is_drawn_without_zones() -> None:
    council = organisation(make_ref("departement", "69"))
    drawn = {one["id"] for one in zone_outlines(council, NOON.date())}
    assert "69010" in drawn
    assert "69123" not in drawn
    (lyon,) = zone_outlines(organisation(make_ref("commune", "69123")), NOON.date())
    assert lyon["properties"]["name"] == "Lyon"


def _communes(owner: Organisation, *codes: str) -> list[tuple[Organisation, NewZone]]:
    return [(owner, zone) for zone in commune_zones(codes)]
