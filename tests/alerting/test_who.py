"""`notifier who`: who was or would be told, by which rule, in which order, who is passed over."""

from __future__ import annotations

from datetime import date, datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from notifier.alerting.models import Alert
from notifier.directory.models import Absence, ConventionRule, Zone, ZoneCommune
from tests.alerting.house import (
    ACCIDENT,
    FIRE,
    SECRET,
    contact,
    hand_over,
    number,
    push,
    refusing,
)
from tests.alerting.organisations import landlord, member, resident, told_by_convention

PARIS = ZoneInfo("Europe/Paris")
SUNDAY = "dimanche 6 décembre 2026 à 20 h 00"


def who(*args: str) -> list[str]:
    out = StringIO()
    call_command("who", *args, stdout=out)
    return [line.strip() for line in out.getvalue().splitlines()]


def would(category: str = ACCIDENT, *args: str) -> list[str]:
    return who("--commune", "90033", "--categorie", category, *args)


@pytest.fixture
def council(source):
    """A mayor who is away until Sunday, his first deputy, who stands in, and a second one."""
    mayor = contact(mobile=number(1))
    deputy = contact("adjoint", mobile=number(2))
    contact("adjoint", rank=2, mobile=number(3))
    Absence.objects.create(
        mandate=mayor,
        stand_in=deputy,
        starts_at=datetime(2026, 12, 1, 8, tzinfo=PARIS),
        ends_at=datetime(2026, 12, 6, 20, tzinfo=PARIS),
    )


def test_who_would_be_told_at_a_moment_and_who_is_passed_over(council) -> None:
    away = would(ACCIDENT, "--a", "2026-12-05 03:00")
    assert away[0] == "accident de la route, Delle (90033), 05/12/2026 à 03:00"
    assert away[2:] == [
        "1. 1er adjoint (SMS +33 6 •• •• •• 02)",
        "à défaut : 2e adjoint",
        f"pas prévenu : maire, absent jusqu’au {SUNDAY}, remplacé par 1er adjoint",
    ]
    back = would(ACCIDENT, "--a", "2026-12-07 03:00")
    assert back[2:] == [
        "1. maire (SMS +33 6 •• •• •• 01)",
        "à défaut : 1er adjoint, 2e adjoint",
    ]
    assert not Alert.objects.exists()


def test_by_which_rule_and_of_whom_it_is_kept(source) -> None:
    contact(mobile=number(1))
    partner = told_by_convention()
    member(partner, mobile=2)
    rule = ConventionRule.objects.get().pk
    lines = would()
    assert "Delle (commune:90033) : « accident de la route » est à annoncer" in lines[1]
    assert lines[3].startswith("Grand Belfort (epci:200069052) : « accident de la route »")
    assert lines[3].endswith(f"convention « Convention métropolitaine » (règle {rule})")
    (_, secret) = would(SECRET)
    assert "n’est pas communiqué" in secret


def test_the_rules_are_those_of_the_moment(source) -> None:
    contact(mobile=number(1))
    partner = told_by_convention()
    member(partner, mobile=2)
    ConventionRule.objects.update(starts_at=datetime(2026, 12, 5, tzinfo=PARIS))
    for moment, is_told in (("2026-12-04 23:59", False), ("2026-12-05 00:00", True)):
        assert any("Grand Belfort" in line for line in would(ACCIDENT, "--a", moment)) is is_told


def test_a_site_needs_a_point(source) -> None:
    contact(mobile=number(1))
    partner = landlord()
    member(partner, "directeur", mobile=2)
    (unsure,) = [line for line in would() if line.startswith("Habitat")]
    assert "le lieu n’est pas connu assez bien" in unsure
    inside = would(ACCIDENT, "--point", "47.509,6.998")
    assert "1. directeur (SMS +33 6 •• •• •• 02)" in inside
    assert not any("Habitat" in line for line in would(ACCIDENT, "--point", "47.500,6.998"))


def test_a_code_that_is_a_postal_code_too_is_the_communes(source) -> None:
    """63113 is Clermont-Ferrand, and the postal code of Picherande."""
    contact(commune="63113", mobile=number(1))
    lines = who("--commune", "63113", "--categorie", ACCIDENT)
    assert "1. maire (SMS +33 6 •• •• •• 01)" in lines


def test_a_point_in_another_commune_is_not_passed_over_in_silence(source) -> None:
    contact(mobile=number(1))
    (said,) = would(ACCIDENT, "--point", "47.638,6.862")[1:]
    assert said == "Delle (90033) : le point est ailleurs : une personne trancherait d’abord"


def test_who_was_told_and_what_became_of_it(source, council) -> None:
    partner = told_by_convention()
    member(partner, mobile=7)
    Absence.objects.all().delete()
    push(source)
    hand_over(refusing(number(1)))
    lines = who("R1")
    assert lines[0] == "R1 (CORG 90)"
    assert lines[1].startswith("Delle (commune:90033) : article L132-3")
    assert lines[2].startswith("1. maire (SMS +33 6 •• •• •• 01) : n° 1, ")
    assert lines[3].startswith("2. 1er adjoint (SMS +33 6 •• •• •• 02) : n° 1, ")
    assert lines[4] == "à défaut : 2e adjoint"
    assert lines[5].startswith("Grand Belfort (epci:200069052) : convention")


def test_who_knows_already_and_what_waits_for_a_person_is_said(source) -> None:
    mandate = contact(mobile=number(1))
    partner = told_by_convention()
    member(partner, person=mandate.person)
    quarter = told_by_convention("quartier", "centre", "Quartier du centre", ("90033",))
    resident(quarter, 5)
    president = "1. président (SMS +33 6 •• •• •• 01) : le sait déjà par Delle"
    resident_5 = "1. habitant relais (SMS +33 6 •• •• •• 05) : "
    planned = would()
    assert president in planned
    assert f"{resident_5}retenu, en attente d’un relais par une personne" in planned
    push(source)
    told = who("R1")
    assert president in told
    assert f"{resident_5}n° 1, retenue, en attente d’un relais" in told


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "donner une REFERENCE"),
        (("INCONNUE",), "aucune intervention"),
        (("--commune", "99999", "--categorie", ACCIDENT), "aucune commune actuelle"),
        (("--commune", "90033", "--categorie", "X99"), "aucune catégorie"),
        (("--commune", "90033", "--categorie", ACCIDENT, "--a", "demain"), "écrire le moment"),
        (("--commune", "90033", "--categorie", ACCIDENT, "--point", "ici"), "écrire le point"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write(source, args, said) -> None:
    with pytest.raises(CommandError, match=said):
        who(*args)


def test_a_day_is_in_the_communes_own_time(source) -> None:
    contact(mobile=number(1), active_until=date(2026, 12, 4))
    contact("adjoint", mobile=number(2))
    assert "1. maire" in would(ACCIDENT, "--a", "2026-12-04 23:59")[2]
    assert "1. 1er adjoint" in would(ACCIDENT, "--a", "2026-12-05 00:01")[2]


def test_the_same_event_before_and_after_an_enlargement_tells_other_people(source) -> None:
    contact(commune="90056", mobile=number(1))
    partner = told_by_convention(communes=("90033",))
    member(partner, mobile=2)
    joins = Zone.objects.create(organisation=partner, kind="commune", starts_on=date(2026, 12, 5))
    ZoneCommune.objects.create(zone=joins, commune="90056", is_covered=True)
    event = ("--commune", "90056", "--categorie", ACCIDENT)
    for moment, is_told in (("2026-12-04 23:59", False), ("2026-12-05 00:00", True)):
        lines = who(*event, "--a", moment)
        assert any(line.startswith("Grand Belfort") for line in lines) is is_told
        assert any(line.startswith("Joncherey") for line in lines)


def test_it_says_that_an_answer_is_wanted_and_within_what(asking) -> None:
    contact(mobile=number(1))
    lines = would(FIRE)
    assert "une réponse est attendue en 5 minutes, sinon d’autres sont prévenus" in lines
    assert not any("réponse" in line for line in would(ACCIDENT))
