"""Which rules apply where and when, in one statement."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from notifier.directory.conventions.rules import AgreementRule, is_among, rules_for
from notifier.directory.models import ConventionNarrowing, OrganisationRef
from notifier.territory.resolve import communes_in
from tests.directory.conventions.territories import (
    AUBIERE,
    CEBAZAT,
    CLERMONT,
    DELLE,
    GRENOBLE,
    JONCHEREY,
    METROPOLE,
    commune_zone,
    convention,
    organisation,
    rule,
    site,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def communes_of(found: list[AgreementRule]) -> list[tuple[str, ...]]:
    return [agreement.communes for agreement in found]


def test_a_rule_says_all_that_a_text_and_a_journal_need() -> None:
    told = organisation("epci", METROPOLE, "Clermont Auvergne Métropole")
    commune_zone(told, CLERMONT)
    stored = rule(
        convention(),
        told,
        functions=["responsable_astreinte"],
        categories=["L01.10.00", "L02"],
        from_severity="moderate",
        lane="urgent",
        detail="sans_lieu",
        needs_release=True,
    )
    (found,) = rules_for([CLERMONT], NOON)
    assert found == AgreementRule(
        rule_id=stored.pk,
        convention_id=stored.convention_id,
        convention_reference="CAM-2026",
        convention_title="Convention de l’essai",
        organisation=OrganisationRef("epci", METROPOLE),
        organisation_name="Clermont Auvergne Métropole",
        functions=("responsable_astreinte",),
        categories=("L01.10.00", "L02"),
        from_severity="moderate",
        communes=(CLERMONT,),
        sites=(),
        lane="urgent",
        detail="sans_lieu",
        needs_release=True,
    )


def test_a_commune_counts_from_the_day_on_which_it_joins_until_the_day_on_which_it_leaves() -> None:
    council = organisation("partenaire", "cmspd63", time_zone="Europe/Paris")
    commune_zone(council, CLERMONT)
    commune_zone(council, AUBIERE, starts=date(2026, 6, 15))
    commune_zone(council, CEBAZAT, ends=date(2026, 6, 14))
    rule(convention(kind="conseil"), council)
    asked = [CEBAZAT, AUBIERE, CLERMONT]
    # Midnight in Paris is 22:00 UTC.
    before, after = datetime(2026, 6, 14, 21, 59, tzinfo=UTC), datetime(2026, 6, 14, 22, tzinfo=UTC)
    assert communes_of(rules_for(asked, before)) == [(CEBAZAT, CLERMONT)]
    assert communes_of(rules_for(asked, after)) == [(AUBIERE, CLERMONT)]
    assert rules_for([GRENOBLE], after) == []


def test_the_day_of_a_territory_is_its_organisation_s_own() -> None:
    overseas = organisation("epci", "249740101", time_zone="Indian/Reunion")
    commune_zone(overseas, "97411", starts=date(2026, 6, 15))
    rule(convention(), overseas)
    # Midnight on Réunion is 20:00 UTC.
    assert rules_for(["97411"], datetime(2026, 6, 14, 19, 59, tzinfo=UTC)) == []
    assert communes_of(rules_for(["97411"], datetime(2026, 6, 14, 20, tzinfo=UTC))) == [("97411",)]


def test_a_rule_is_in_force_from_its_first_moment_to_the_one_before_its_end() -> None:
    told = organisation("epci", METROPOLE)
    commune_zone(told, CLERMONT)
    ends = NOON + timedelta(hours=1)
    old = rule(convention(), told, starts_at=NOON, ends_at=ends)
    new = rule(old.convention, told, starts_at=ends)
    second = timedelta(seconds=1)

    def in_force(at: datetime) -> list[int]:
        return [found.rule_id for found in rules_for([CLERMONT], at)]

    assert in_force(NOON - second) == []
    assert in_force(NOON) == in_force(ends - second) == [old.pk]
    assert in_force(ends) == in_force(ends + timedelta(days=3650)) == [new.pk]


def test_a_commune_a_departement_and_a_prefecture_need_no_zones() -> None:
    signed = convention()
    police = organisation("police_municipale", "pm-delle")
    rule(signed, police, territory_of=organisation("commune", DELLE))
    rule(signed, organisation("departement", "90"))
    rule(signed, organisation("prefecture", "38"))
    found = {
        found.organisation.kind: found.communes
        for found in rules_for([DELLE, JONCHEREY, GRENOBLE], NOON)
    }
    assert found == {
        "police_municipale": (DELLE,),
        "departement": (DELLE, JONCHEREY),
        "prefecture": (GRENOBLE,),
    }


def test_the_departement_of_the_rhone_does_not_act_in_the_metropole_of_lyon() -> None:
    signed = convention()
    rule(signed, organisation("departement", "69"))
    rule(signed, organisation("prefecture", "69"))
    lyon, villefranche = "69123", "69264"
    found = {r.organisation.kind: r.communes for r in rules_for([lyon, villefranche], NOON)}
    assert found == {"departement": (villefranche,), "prefecture": (lyon, villefranche)}


def test_named_sites_alone_are_told_of_and_never_the_whole_commune() -> None:
    landlord = organisation("partenaire", "bailleur-90")
    commune_zone(landlord, DELLE)
    site(landlord, "Les Acacias", DELLE)
    site(landlord, "Le Verger", DELLE)
    rule(convention(kind="gpo"), landlord, sites=["Les Acacias"])
    (found,) = rules_for([DELLE], NOON)
    assert found.communes == ()
    assert [(place.name, place.communes) for place in found.sites] == [("Les Acacias", (DELLE,))]
    assert found.sites[0].shape.km2 == pytest.approx(0.1257, abs=0.001)


def test_a_rule_whose_sites_are_gone_tells_of_nothing_rather_than_of_everything() -> None:
    landlord = organisation("partenaire", "bailleur-90")
    commune_zone(landlord, DELLE)
    site(landlord, "Les Acacias", DELLE, ends_on=date(2026, 6, 14))
    rule(convention(kind="gpo"), landlord, sites=["Les Acacias"])
    assert rules_for([DELLE], NOON) == []
    assert len(rules_for([DELLE], NOON - timedelta(days=1))) == 1


def test_a_territory_of_communes_and_an_outline_is_both() -> None:
    police = organisation("police", "csp-belfort")
    commune_zone(police, JONCHEREY)
    outline = site(police, "faubourg", DELLE)
    rule(convention(), police)
    (found,) = rules_for([DELLE, JONCHEREY], NOON)
    assert found.communes == (JONCHEREY,)
    assert [place.name for place in found.sites] == [outline.name]


def test_a_commune_that_lies_in_an_outline_as_a_whole_needs_no_position() -> None:
    police = organisation("police", "csp-belfort")
    outline = site(police, "secteur", JONCHEREY)
    outline.communes.update(is_covered=True)
    outline.communes.create(commune=DELLE)
    rule(convention(), police)
    rule(convention("named"), police, sites=["secteur"])
    rule(convention("other"), police, sites=["another"])
    everywhere, named = rules_for([DELLE, JONCHEREY], NOON)
    for found in (everywhere, named):
        assert found.communes == (JONCHEREY,)
        assert [place.communes for place in found.sites] == [(DELLE,)]


@pytest.mark.parametrize(
    ("kept_back", "covered"),
    [
        (["C07"], {"C07.13.02": False, "L01.10.00": True}),
        (["C07.13"], {"C07.13.02": False, "L01.10.00": True}),
        (["C07.13.01"], {"C07.13.02": True, "L01.10.00": True}),
        ([], {"C07.13.02": False, "L01.10.00": False}),
    ],
)
def test_a_commune_keeps_back_what_it_said_and_its_neighbour_nothing(
    kept_back: list[str], covered: dict[str, bool]
) -> None:
    told = organisation("epci", METROPOLE)
    commune_zone(told, CLERMONT)
    commune_zone(told, AUBIERE)
    signed = convention()
    rule(signed, told, categories=["C07.13.02", "L01"])
    for commune, starts in ((CLERMONT, NOON), (AUBIERE, NOON + timedelta(seconds=1))):
        ConventionNarrowing.objects.create(
            convention=signed, commune=commune, categories=kept_back, starts_at=starts
        )
    (found,) = rules_for([CLERMONT, AUBIERE], NOON)
    assert found.communes == (CLERMONT, AUBIERE)
    assert {code: found.covers(code, CLERMONT) for code in covered} == covered
    assert all(found.covers(code, AUBIERE) for code in covered)


def test_what_is_below_a_code_is_among_it_and_nothing_beside_it() -> None:
    assert is_among("L01.01.02", ["L01.01"])
    assert is_among("L01.01.02", ["L01"])
    assert is_among("L01.01.02", ["L01.01.02"])
    assert not is_among("L01.01.02", ["L01.01.0", "L01.02", "L0", "L01.01.01"])
    assert not is_among("L01.01.02", [])


@pytest.mark.parametrize("count", [1, 40])
def test_one_statement_however_many_communes_and_organisations(
    count: int, django_assert_num_queries: Any
) -> None:
    signed = convention()
    for number in range(count):
        told = organisation("partenaire", f"p{number}")
        commune_zone(told, DELLE)
        rule(signed, told)
    asked = [commune.code for commune in communes_in("90")][: count * 2]
    with django_assert_num_queries(1):
        assert len(rules_for([DELLE, *asked], NOON)) == count
    with django_assert_num_queries(0):
        assert rules_for([], NOON) == []


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        rules_for([DELLE], datetime(2026, 6, 15, 12))  # noqa: DTZ001


# --- against the same rules told in plain words


def test_never_outside_a_territory_or_its_dates() -> None:
    """Many territories and rules at random: exactly what their rows say, at every edge of a day."""
    random = Random(10)  # noqa: S311 - nothing is secret
    communes = [commune.code for commune in communes_in("90")][:6]
    days = [date(2026, 6, day) for day in range(10, 20)]
    signed = convention()
    zones: list[tuple[int, str, date | None, date | None]] = []
    rules: list[tuple[int, int, datetime, datetime | None]] = []
    for number in range(12):
        told = organisation("partenaire", f"p{number}")
        for commune in random.sample(communes, 3):
            starts, ends = sorted(random.sample(days, 2))
            kept = (random.choice([starts, None]), random.choice([ends, None]))
            commune_zone(told, commune, *kept)
            zones.append((told.pk, commune, *kept))
        starts, ends = sorted(random.sample(days, 2))
        stored = rule(
            signed,
            told,
            starts_at=datetime.combine(starts, time(9), UTC),
            ends_at=random.choice([datetime.combine(ends, time(9), UTC), None]),
        )
        rules.append((stored.pk, told.pk, stored.starts_at, stored.ends_at))
    for day in days:
        for hour in (9, 21, 22):
            at = datetime.combine(day, time(hour), UTC)
            today = at.astimezone(ZoneInfo("Europe/Paris")).date()
            expected = {
                pk: {
                    commune
                    for owner, commune, first, last in zones
                    if owner == told and (first or today) <= today <= (last or today)
                }
                for pk, told, starts_at, ends_at in rules
                if starts_at <= at and (ends_at is None or at < ends_at)
            }
            found = {found.rule_id: {*found.communes} for found in rules_for(communes, at)}
            assert found == {pk: there for pk, there in expected.items() if there}


def test_of_one_convention_the_same_rules_are_read_as_of_all(
    django_assert_num_queries: Any,
) -> None:
    told = organisation("epci", METROPOLE)
    for code in (CLERMONT, AUBIERE):
        commune_zone(told, code)
    council = organisation("departement", "63")
    one, other = convention("A-2026"), convention("B-2026")
    rule(one, told)
    rule(one, told, territory_of=council)
    rule(other, told)
    ConventionNarrowing.objects.create(
        convention=one, commune=AUBIERE, categories=[], starts_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    asked = [AUBIERE, CLERMONT, DELLE]
    with django_assert_num_queries(1):
        found = rules_for(asked, NOON, one.pk)
    assert len(found) == 2
    assert found == [each for each in rules_for(asked, NOON) if each.convention_id == one.pk]
