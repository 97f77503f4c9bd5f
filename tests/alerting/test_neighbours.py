"""Some reports also concern the communes next door: told in other words, never twice."""

from __future__ import annotations

import pytest

from notifier.alerting.decision.dry_run import dry_run
from notifier.alerting.models import Alert
from notifier.territory.grammar import with_a, with_de
from notifier.territory.resolve import commune_by_code
from tests.alerting.house import (
    ACCIDENT,
    DELLE,
    DUTY,
    FIRE,
    GIROMAGNY,
    JONCHEREY,
    MAYORS,
    MISSING,
    bodies,
    contact,
    event,
    hand_over,
    journal,
    mayors,
    messages,
    number,
    push,
    refusing,
    sms,
    told,
)

# All that adjoin Delle in France; it also borders Switzerland.
NEXT_TO_DELLE = ("90043", "90045", "90046", "90056", "90063", "90096")


def name_of(code: str) -> str:
    """As the commune is called."""
    found = commune_by_code(code)
    assert found is not None
    return found.name


@pytest.fixture
def village(source):
    """A mayor in Delle and in each commune next to it, and one in Giromagny, far away."""
    mayors("90033", *NEXT_TO_DELLE)
    contact(commune="90052", mobile=number(9))
    return source


def test_the_adjoining_communes_are_told_in_other_words(village) -> None:
    push(village, category=MISSING)
    texts = bodies(revision=1)
    assert set(texts) == {number(n) for n in range(1, 8)}
    assert "voisine" not in texts[number(1)]
    for n in range(2, 8):
        assert (
            "sur la commune voisine de Delle, recherche d'une personne disparue" in texts[number(n)]
        )
    assert "Gendarmerie - Joncherey : sur" in texts[number(5)]
    assert {alert.kind for alert in Alert.objects.exclude(organisation="90033")} == {"neighbour"}


def test_a_category_without_the_key_tells_the_commune_alone(village) -> None:
    push(village, category=ACCIDENT)
    assert told() == [sms(1)]


def test_communes_of_another_departement_are_not_told(source) -> None:
    """Essert adjoins communes of Haute-Saône, for which the source may not speak."""
    contact(commune="90039", mobile=number(1))
    contact(commune="90010", mobile=number(2))
    contact(commune="70117", mobile=number(3))
    push(source, category=MISSING, location={"insee": "90039"})
    assert told(**MAYORS) == [sms(1), sms(2)]


def test_the_same_address_is_not_told_twice(border) -> None:
    contact("police_municipale", mobile=number(3))
    contact("police_municipale", commune="90056", mobile=number(3))
    contact("police_municipale", commune="90046", mobile=number(3))
    push(border, category=MISSING)
    assert sorted(told(**MAYORS)) == [sms(1), sms(2), sms(3)]
    (police,) = messages(address=number(3))
    assert "voisine" not in police.body
    # Its village has nobody else, and nobody needs to be told so: the police knows.
    assert not [line for line in journal(step="unreached") if "Florimont" in line.text]
    assert [line for line in journal() if "Florimont" in line.text and "déjà" in line.text]


def test_update_and_end_go_to_the_neighbours_in_their_words(border) -> None:
    push(border, category=MISSING, severity="moderate")
    hand_over()
    push(border, sequence=2, category=MISSING, severity="extreme")
    hand_over()
    texts = bodies(revision=2)
    assert set(texts) == {number(1), number(2)}
    assert (
        "aggravée sur la commune voisine de Delle : recherche d'une personne disparue très grave"
        in texts[number(2)]
    )
    assert "voisine" not in texts[number(1)]
    push(border, sequence=3, category=MISSING, severity="extreme", status="closed")
    texts = bodies(revision=3)
    assert set(texts) == {number(1), number(2)}
    assert (
        "Joncherey, sur la commune voisine de Delle : recherche d'une personne disparue de "
        in texts[number(2)]
    )
    assert not Alert.objects.filter(is_open=True).exists()


def test_a_cancellation_goes_to_the_neighbours(border) -> None:
    push(border, category=MISSING)
    hand_over()
    push(border, sequence=2, category=MISSING, status="cancelled")
    assert set(bodies(revision=2)) == {number(1), number(2)}
    texts = bodies(revision=2)
    assert "annulation sur la commune voisine de Delle :" in texts[number(2)]
    assert "annulation :" in texts[number(1)]


def test_an_end_whose_place_is_in_doubt_still_reaches_the_neighbours(border) -> None:
    push(border, category=MISSING)
    hand_over()
    doubtful = {"insee": "90033", "name": "Giromagny"}
    push(border, sequence=2, category=MISSING, status="closed", location=doubtful)
    assert set(bodies(revision=2)) == {number(1), number(2)}
    assert "terminée" in bodies(revision=2)[number(2)]


def test_no_news_is_no_news_for_neighbours_either(border) -> None:
    push(border, category=MISSING)
    hand_over()
    push(border, sequence=2, category=MISSING, status="on_scene")
    assert len(messages(**MAYORS)) == 2
    assert Alert.objects.filter(is_open=True, organisation="90056").exists()


def test_what_moves_next_door_is_told_anew_on_both_sides(border) -> None:
    contact("adjoint", commune="90056", mobile=number(4))
    push(border, category=MISSING)
    hand_over()
    push(border, sequence=2, category=MISSING, location=JONCHEREY)
    texts = bodies(revision=2)
    assert set(texts) == {number(1), number(2)}
    assert "sur la commune voisine de Joncherey" in texts[number(1)]
    assert "voisine" not in texts[number(2)]


def test_what_moves_far_away_is_cancelled_next_door(village) -> None:
    push(village, category=MISSING)
    hand_over()
    push(village, sequence=2, category=MISSING, location=GIROMAGNY)
    texts = bodies(revision=2)
    assert set(texts) == {number(n) for n in range(1, 8)}
    assert all(
        "Finalement à Giromagny : votre commune n'est plus concernée" in text
        for text in texts.values()
    )
    (giromagny,) = messages(address=number(9))
    assert "voisine" not in giromagny.body


def test_the_neighbours_next_person_reads_of_the_neighbour(border) -> None:
    contact("adjoint", commune="90056", mobile=number(4))
    push(border, category=MISSING)
    hand_over(refusing(number(2)))
    (deputy,) = messages(address=number(4))
    assert "sur la commune voisine de Delle" in deputy.body


def test_the_next_person_is_not_told_what_another_commune_told_them(border) -> None:
    contact("adjoint", commune="90056", mobile=number(1))
    contact("adjoint", commune="90056", mobile=number(4), rank=2)
    push(border, category=MISSING)
    hand_over(refusing(number(2)))
    assert len(messages(address=number(1))) == 1
    assert len(messages(address=number(4))) == 1


def test_a_drill_next_door_that_becomes_real_is_told_next_door(border) -> None:
    push(border, category=MISSING, exercise=True)
    hand_over()
    push(border, sequence=2, category=MISSING)
    texts = bodies(revision=2)
    assert "EXERCICE" not in texts[number(2)]
    assert "sur la commune voisine de Delle" in texts[number(2)]


def test_the_dry_run_names_the_neighbours(border) -> None:
    answer = dry_run(border, event(category=MISSING))
    joncherey = next(t for t in answer["tellings"] if t["commune"]["code"] == "90056")
    assert (joncherey["kind"], joncherey["rule"]) == ("neighbour", "neighbour")
    assert joncherey["neighbour_of"] == {"code": "90033", "name": "Delle"}
    assert "commune voisine de Delle" in joncherey["sms"]
    assert len(joncherey["messages"]) == 1


def test_a_fire_at_the_border_is_no_neighbours_matter(border) -> None:
    push(border, category=FIRE, location=DELLE)
    assert told() == [sms(1)]


def test_the_neighbours_without_contacts_are_listed_to_the_duty_in_one_mail(border) -> None:
    push(border, category=MISSING)
    (mail,) = messages(recipient="duty")
    assert mail.address == DUTY
    assert mail.subject.startswith(f"{len(NEXT_TO_DELLE) - 1} communes à joindre autrement")
    for code in set(NEXT_TO_DELLE) - {"90056"}:
        assert f"- {name_of(code)}, voisine de Delle\n".replace("'", "’") in mail.body
    assert "Joncherey" not in mail.body
    assert len(journal(step="unreached")) == len(NEXT_TO_DELLE) - 1


def test_a_commune_and_its_neighbours_without_contacts_are_one_mail(source) -> None:
    push(source, category=MISSING)
    (mail,) = messages()
    assert f"{len(NEXT_TO_DELLE) + 1} communes" in mail.subject
    assert "- Delle\n" in mail.body


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Delle", "de Delle"),
        ("Essert", "d’Essert"),
        ("Étueffont", "d’Étueffont"),
        ("Le Puix", "du Puix"),
        ("Les Abymes", "des Abymes"),
        ("La Rochelle", "de La Rochelle"),
        ("L’Haÿ-les-Roses", "de L’Haÿ-les-Roses"),
        ("Héricourt", "de Héricourt"),
        ("Yvetot", "d’Yvetot"),
        ("Yutz", "de Yutz"),
        ("Œuilly", "d’Œuilly"),
    ],
)
def test_a_commune_after_de_as_french_has_it(name, said) -> None:
    assert with_de(name) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Delle", "à Delle"),
        ("Essert", "à Essert"),
        ("Le Puix", "au Puix"),
        ("Les Abymes", "aux Abymes"),
        ("La Rochelle", "à La Rochelle"),
        ("Lesparre-Médoc", "à Lesparre-Médoc"),
    ],
)
def test_a_commune_after_a_as_french_has_it(name, said) -> None:
    assert with_a(name) == said
