"""The packaged EPCI and départements: their counts, and facts that anyone can check."""

from collections import Counter
from datetime import date

import pytest

from notifier.territory.resolve import all_communes, commune_by_code, communes_in
from notifier.territory.zones import epci
from notifier.territory.zones.departements import (
    all_departements,
    council_communes,
    council_of,
    departement_by_code,
)
from notifier.territory.zones.epci import Nature, all_epci, epci_by_siren, epci_of

LICENCE = epci.FILE.with_name("LICENCE.md")


def test_the_list_is_whole_and_every_member_is_a_commune_of_today() -> None:
    """The DGCL counted 21 métropoles, 14 communautés urbaines, and Lyon on 1 January 2026."""
    groupings = all_epci()
    assert Counter(one.nature for one in groupings) == {
        Nature.COMMUNAUTE_DE_COMMUNES: 989,
        Nature.COMMUNAUTE_D_AGGLOMERATION: 230,
        Nature.COMMUNAUTE_URBAINE: 14,
        Nature.METROPOLE: 22,
    }
    members = [code for one in groupings for code in one.communes]
    assert len(members) == len(set(members)) == 34_871
    assert set(members) <= {commune.code for commune in all_communes()}


def test_its_edition_and_licence_are_said_beside_it() -> None:
    assert date(2026, 1, 1) == epci.EDITION
    text = LICENCE.read_text(encoding="utf-8")
    assert "epci.csv" in text
    assert "departements.csv" in text
    assert "DGCL" in text


@pytest.mark.parametrize(
    ("siren", "name", "nature", "count", "member"),
    [
        ("200040715", "Grenoble-Alpes-Métropole", Nature.METROPOLE, 49, "38185"),
        ("246300701", "Clermont Auvergne Métropole", Nature.METROPOLE, 21, "63113"),
        ("200046977", "Métropole de Lyon", Nature.METROPOLE, 58, "69123"),
        (
            "200069052",
            "Communauté d’agglomération Grand Belfort",
            Nature.COMMUNAUTE_D_AGGLOMERATION,
            52,
            "90010",
        ),
        (
            "200000172",
            "Communauté de communes Faucigny - Glières",
            Nature.COMMUNAUTE_DE_COMMUNES,
            7,
            "74042",
        ),
    ],
)
def test_an_epci_and_its_members(
    siren: str, name: str, nature: Nature, count: int, member: str
) -> None:
    found = epci_by_siren(siren)
    assert found is not None
    assert (found.name, found.nature, len(found.communes)) == (name, nature, count)
    assert member in found.communes
    assert epci_of(member) == found


@pytest.mark.parametrize(
    ("commune", "why"),
    [
        ("22016", "Île-de-Bréhat"),
        ("29083", "Île-de-Sein"),
        ("29155", "Ouessant"),
        ("85113", "L’Île-d’Yeu"),
        ("97502", "Saint-Pierre, overseas"),
        ("98735", "Papeete, overseas"),
        ("99999", "no commune"),
        ("38000", "a postal code"),
    ],
)
def test_who_is_in_no_epci(commune: str, why: str) -> None:
    assert epci_of(commune) is None, why


def test_an_unknown_siren_is_nobody() -> None:
    assert epci_by_siren("123456789") is None


def test_every_commune_lies_in_a_departement_that_has_a_name() -> None:
    named = {one.code for one in all_departements()}
    assert len(named) == 109
    assert {commune.departement for commune in all_communes()} <= named


@pytest.mark.parametrize(
    ("code", "prefecture", "council"),
    [
        ("38", "Préfecture de l’Isère", "Département de l’Isère"),
        ("63", "Préfecture du Puy-de-Dôme", "Département du Puy-de-Dôme"),
        ("90", "Préfecture du Territoire de Belfort", "Département du Territoire de Belfort"),
        ("06", "Préfecture des Alpes-Maritimes", "Département des Alpes-Maritimes"),
        ("21", "Préfecture de la Côte-d’Or", "Département de la Côte-d’Or"),
        ("49", "Préfecture de Maine-et-Loire", "Département de Maine-et-Loire"),
        ("67", "Préfecture du Bas-Rhin", "Collectivité européenne d’Alsace"),
        ("2A", "Préfecture de la Corse-du-Sud", "Collectivité de Corse"),
        ("75", "Préfecture de Paris", "Ville de Paris"),
        ("974", "Préfecture de La Réunion", "Département de La Réunion"),
    ],
)
def test_the_names_of_a_departements_offices(code: str, prefecture: str, council: str) -> None:
    found = departement_by_code(code)
    assert found is not None
    assert (found.prefecture_name, found.council_name) == (prefecture, council)


def test_the_council_of_the_rhone_does_not_act_in_lyon() -> None:
    """CGCT art. L3611-3: on its land the métropole has the département's powers."""
    villefranche, lyon = "69264", "69123"
    assert commune_by_code(villefranche) is not None
    assert council_of(villefranche) == "69"
    assert council_of(lyon) is None
    outside = council_communes("69")
    assert villefranche in outside
    assert lyon not in outside
    assert len(outside) + 58 == len(communes_in("69"))


@pytest.mark.parametrize(("commune", "departement"), [("38185", "38"), ("2B033", "2B")])
def test_elsewhere_the_council_acts_in_the_whole_departement(
    commune: str, departement: str
) -> None:
    assert council_of(commune) == departement
    assert council_communes(departement) == [one.code for one in communes_in(departement)]
