"""Where all close to a border are told, who does not hold the point reads where it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from notifier.alerting.content.composer import MAX_SUBJECT_LENGTH
from notifier.alerting.content.gsm import GSM_BASIC, GSM_EXTENSION
from notifier.alerting.content.samples import SAMPLE
from notifier.alerting.decision.dry_run import dry_run
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.policy.current import composer
from notifier.intake.schema.vocabulary import Severity
from tests.alerting.house import (
    BORDER,
    DELLE,
    FIRE,
    JONCHEREY,
    MAYORS,
    bodies,
    breakable,
    contact,
    event,
    hand_over,
    messages,
    number,
    push,
    refusing,
)

# In Joncherey, some 30 m from Delle.
ACROSS = {"latitude": 47.5214, "longitude": 7.00768}
# A square around the border, most of it in Joncherey.
AREA = [[7.0, 47.51], [7.02, 47.51], [7.02, 47.53], [7.0, 47.53], [7.0, 47.51]]
AT_DELLE, AT_JONCHEREY = (f"en limite de commune, à {name}" for name in ("Delle", "Joncherey"))

AT_THE_EDGE = replace(SAMPLE, commune="Joncherey", holders=["Delle"])
LONGEST_COMMUNE = "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson"


def test_the_first_text_names_the_commune_of_the_point(border) -> None:
    push(border, category=FIRE, location=BORDER)
    texts = bodies(revision=1)
    assert "limite" not in texts[number(1)]
    assert f"Gendarmerie - Joncherey : {AT_DELLE}, " in texts[number(2)]


def test_the_mail_says_so_too(source) -> None:
    contact(commune="90033", email="delle@mairie.example")
    contact(commune="90056", email="joncherey@mairie.example")
    push(source, category=FIRE, location=BORDER)
    delle, joncherey = messages(**MAYORS)
    assert "est signalée dans votre commune :" in breakable(delle.body)
    assert "Commune : Delle\n" in breakable(delle.body)
    for text in (joncherey.body, joncherey.html):
        assert "est signalée en limite de votre commune, à Delle" in text
        assert "dans votre commune" not in text
        assert "Delle, en limite de la vôtre" in text
    assert AT_DELLE in joncherey.subject


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("on_scene", f"aggravée {AT_DELLE} : feu de foret très grave,"),
        ("closed", f"Joncherey, {AT_DELLE} : feu de foret de "),
        ("cancelled", f"annulation {AT_DELLE} :"),
    ],
)
def test_what_follows_says_so_too(border, status, said) -> None:
    push(border, category=FIRE, location=BORDER)
    hand_over()
    push(border, sequence=2, category=FIRE, location=BORDER, status=status, severity="extreme")
    texts = bodies(revision=2)
    assert said in texts[number(2)]
    assert "limite" not in texts[number(1)]


@pytest.mark.parametrize(
    "touching",
    [
        {**BORDER, "radius_m": 300},
        {"polygon": [AREA]},
        {**BORDER, "polygon": [AREA]},
    ],
)
def test_the_commune_that_an_area_touches_is_concerned_itself(border, touching) -> None:
    push(border, category=FIRE, location=touching)
    texts = bodies(revision=1)
    assert set(texts) == {number(1), number(2)}
    assert not any("limite" in text for text in texts.values())


def test_the_next_person_reads_the_same(border) -> None:
    contact("adjoint", commune="90056", mobile=number(4))
    push(border, category=FIRE, location=BORDER)
    hand_over(refusing(number(2)))
    assert AT_DELLE in bodies(revision=1)[number(4)]


def test_the_dry_run_shows_the_text_that_is_sent(border) -> None:
    answer = dry_run(border, event(category=FIRE, location=BORDER))
    push(border, category=FIRE, location=BORDER)
    assert AT_DELLE in answer["tellings"][1]["sms"]
    assert [t["sms"] for t in answer["tellings"]] == [m.body for m in messages()]


def test_a_rise_says_on_which_side_it_now_is(border) -> None:
    push(border, category=FIRE, location=BORDER)
    hand_over()
    push(border, sequence=2, category=FIRE, location=ACROSS, severity="extreme")
    texts = bodies(revision=2)
    assert AT_JONCHEREY in texts[number(1)]
    assert "limite" not in texts[number(2)]


@pytest.mark.parametrize("here", [ACROSS, JONCHEREY, {**BORDER, "radius_m": 300}])
def test_what_comes_into_the_commune_is_told_anew_and_once(border, here) -> None:
    push(border, category=FIRE, location=BORDER)
    hand_over()
    push(border, sequence=2, category=FIRE, location=here)
    anew = [m.body for m in messages(address=number(2))]
    assert len(anew) == 2
    assert "limite" not in anew[1]
    hand_over()
    for sequence, place in ((3, BORDER), (4, here)):
        push(border, sequence=sequence, category=FIRE, location=place)
    assert len(messages(address=number(2))) == 2


def test_what_withdraws_to_the_edge_is_said_by_the_next_text_alone(border) -> None:
    push(border, category=FIRE, location=ACROSS)
    hand_over()
    push(border, sequence=2, category=FIRE, location=BORDER)
    assert len(messages(address=number(2))) == 1
    push(border, sequence=3, category=FIRE, location=BORDER, severity="extreme")
    assert AT_DELLE in messages(address=number(2))[-1].body


def test_an_end_without_the_point_speaks_of_the_alert(border) -> None:
    push(border, category=FIRE, location=BORDER)
    hand_over()
    push(border, sequence=2, category=FIRE, location=DELLE, status="closed")
    texts = bodies(revision=2)
    assert f"{AT_DELLE} :" in texts[number(2)]


def test_facts_stored_before_read_as_not_at_the_edge(border) -> None:
    push(border, category=FIRE, location=BORDER)
    hand_over()
    for alert in Alert.objects.all():
        del alert.facts["holders"]
        alert.save()
    push(border, sequence=2, category=FIRE, location=BORDER)
    assert len(messages()) == 2
    push(border, sequence=3, category=FIRE, location=BORDER, status="closed")
    assert not any("limite" in text for text in bodies(revision=2).values())
    assert len(bodies(revision=2)) == 2


# --- the texts


@pytest.mark.parametrize(
    ("kind", "status", "segments", "sms"),
    [
        (
            Kind.FIRST,
            "engaged",
            2,
            (
                "Gendarmerie - Joncherey : en limite de commune, à Delle, accident de la route "
                "grave, rue de Déridé, à 3h16. Pour information, intervention en cours. "
                "Réf. CORG90-2026-004217. Tél. 03 53 01 00 90"
            ),
        ),
        (
            Kind.UPDATE,
            "on_scene",
            2,
            (
                "Gendarmerie - Joncherey, situation aggravée en limite de commune, à Delle "
                ": accident de la route grave, rue de Déridé, à 3h16. Pour information, équipe sur "
                "place. Réf. CORG90-2026-004217. Tél. 03 53 01 00 90"
            ),
        ),
        (
            Kind.END,
            "closed",
            2,
            (
                "Gendarmerie - Joncherey, en limite de commune, à Delle : accident de la route de "
                "3h16, rue de Déridé : intervention terminée. Réf. CORG90-2026-004217. "
                "Tél. 03 53 01 00 90"
            ),
        ),
        (
            Kind.CANCELLATION,
            "cancelled",
            2,
            (
                "Gendarmerie - Joncherey, annulation en limite de commune, à Delle : accident de "
                "la route, à 3h16. L'intervention est annulée, ne tenez pas compte de l'alerte. "
                "Réf. CORG90-2026-004217. Tél. 03 53 01 00 90"
            ),
        ),
    ],
)
def test_at_the_edge_the_sms_says_where_it_happens(
    kind: Kind, status: str, segments: int, sms: str
) -> None:
    texts = composer().compose(kind, replace(AT_THE_EDGE, status=status))
    assert texts.sms == sms
    assert (texts.size.encoding, texts.size.segments) == ("GSM-7", segments)


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        (Kind.FIRST, "engaged", "est signalée en limite de votre commune, au Puix : accident"),
        (Kind.UPDATE, "on_scene", "s’est aggravée en limite de votre commune, au Puix : accident"),
        (Kind.END, "closed", "terminée en limite de votre commune, au Puix : accident"),
        (
            Kind.CANCELLATION,
            "cancelled",
            "Annulation : accident de la route, en limite de votre commune, au Puix.",
        ),
        (
            Kind.CANCELLATION,
            "engaged",
            "Annulation : accident de la route, en limite de votre commune, au Puix.",
        ),
    ],
)
def test_at_the_edge_the_mail_says_where_it_happens(kind: Kind, status: str, said: str) -> None:
    texts = composer().compose(kind, replace(AT_THE_EDGE, status=status, holders=["Le Puix"]))
    assert said in breakable(texts.plain)
    assert said in breakable(texts.html)
    assert "dans votre commune" not in texts.plain + texts.html
    assert "Commune : Le Puix, en limite de la vôtre" in breakable(texts.plain)
    assert "Joncherey" in texts.subject


@pytest.mark.parametrize("kind", Kind)
def test_at_the_edge_of_the_longest_two_segments_and_a_subject_that_can_be_stored(
    kind: Kind,
) -> None:
    """Land that no source divides has several holders."""
    for holders in ([LONGEST_COMMUNE], [LONGEST_COMMUNE] * 5):
        facts = replace(
            AT_THE_EDGE,
            commune=LONGEST_COMMUNE,
            category_label="x" * 59,
            reference="R" * 60,
            severity=Severity.EXTREME,
            exercise=True,
            holders=holders,
        )
        texts = composer().compose(kind, facts)
        assert texts.size.segments <= 2
        assert facts.reference in texts.sms
        assert set(texts.sms) <= GSM_BASIC | GSM_EXTENSION
        assert len(texts.subject) <= MAX_SUBJECT_LENGTH


def test_land_that_no_source_divides_is_named_by_all_who_share_it() -> None:
    texts = composer().compose(Kind.FIRST, replace(AT_THE_EDGE, holders=["Delle", "Le Puix"]))
    assert "en limite de commune, à Delle ou au Puix, accident" in texts.sms
