"""What a digest says: short enough for a phone, complete in the mail, by each commune's hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.alerting.content.digest import Digest
from notifier.alerting.content.gsm import sms_size
from notifier.alerting.content.samples import SAMPLE
from notifier.alerting.policy.categories import CategoriesError
from notifier.alerting.policy.current import categories, composer
from tests.alerting.conftest import FAMILIES, written
from tests.alerting.house import breakable

TEN = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
FACTS = replace(SAMPLE, occurred_at=TEN, composed_at=TEN + timedelta(minutes=30))


def sms(*alerts, exercise: bool = False) -> str:
    return composer().digest(Digest("Gendarmerie", exercise, alerts)).sms


def test_it_says_how_many_of_what_when_which_are_over_and_their_references() -> None:
    noise = replace(FACTS, category_label="tapage")
    said = sms(
        replace(noise, reference="A1", occurred_at=TEN + timedelta(minutes=17)),
        replace(noise, reference="A2", status="closed"),
        replace(FACTS, category_label="fuite d’eau", reference="A3", status="cancelled"),
    )
    assert said == (
        "Gendarmerie - Delle : récapitulatif de 3 interventions, de 22h00 à 22h17 : "
        "tapage (2, dont 1 terminée) ; fuite d'eau (1, annulée). Réf. A2, A3, A1. "
        "Tél. 03 53 01 00 90"
    )


def test_several_communes_and_a_neighbour_are_told_apart() -> None:
    said = sms(
        FACTS,
        replace(FACTS, commune="Joncherey"),
        replace(FACTS, next_to="Boron"),
    )
    assert "Delle, Joncherey et Boron (commune voisine) : récapitulatif" in said
    assert "Joncherey, accident de la route (1)" in said


def test_what_is_at_the_edge_is_said_to_be_where_it_is() -> None:
    edge = replace(FACTS, commune="Joncherey", holders=["Delle"])
    texts = composer().digest(Digest("Gendarmerie", False, [edge, edge]))
    assert "Gendarmerie - Delle (en limite de Joncherey) : récapitulatif" in texts.sms
    assert "Delle (en limite de Joncherey), rue de Déridé : accident" in breakable(texts.plain)


def test_over_midnight_the_days_are_said_in_the_commune_s_own_time() -> None:
    there = replace(FACTS, time_zone="Indian/Reunion")
    said = sms(there, replace(there, occurred_at=TEN - timedelta(hours=2)))
    assert "du 22/11 à 23h00 au 23/11 à 1h00" in said


def test_an_exercise_says_so_first() -> None:
    assert sms(FACTS, FACTS, exercise=True).startswith("EXERCICE - Gendarmerie")


@given(
    st.lists(
        st.tuples(
            st.text("aéïŒ’ -z", min_size=1, max_size=59),
            st.text("Zç", min_size=1, max_size=60),
            st.sampled_from(["Delle", "L’Haÿ-les-Roses", "Saint-Remy-en-Bouzemont-Saint-Genest"]),
        ),
        min_size=2,
        max_size=40,
    )
)
def test_whatever_is_gathered_fits_two_segments_of_the_sms_alphabet(alerts) -> None:
    said = sms(
        *(
            replace(FACTS, category_label=label, reference=reference, commune=commune)
            for label, reference, commune in alerts
        )
    )
    assert sms_size(said).encoding == "GSM-7"
    assert sms_size(said).segments <= 2
    assert f"récapitulatif de {len(alerts)} interventions" in said


def test_three_hundred_fit_the_sms_and_all_are_in_the_mail() -> None:
    alerts = [replace(FACTS, reference=f"CORG90-2026-{n:06d}") for n in range(300)]
    texts = composer().digest(Digest("Gendarmerie", False, alerts))
    assert "Réf. CORG90-2026-000000, " in texts.sms
    assert texts.size.segments == 2
    assert all(facts.reference in texts.plain and facts.reference in texts.html for facts in alerts)


@pytest.mark.parametrize(
    ("storm", "fault"),
    [
        ("texts = 0", "storm.texts vaut 0 ; écrire un nombre entier de 1 à 100"),
        ('minutes = "15"', "storm.minutes vaut '15' ; écrire un nombre entier de 1 à 120"),
        (
            "hours = 1",
            "storm.hours n’est pas une clé connue ; les clés sont texts, minutes, reopening",
        ),
    ],
)
def test_a_wrong_threshold_is_refused_at_start_with_its_line(
    operator: Callable[[str], None], storm: str, fault: str
) -> None:
    operator(f"[storm]\n{storm}\n" + written(FAMILIES))
    with pytest.raises(CategoriesError, match=f":2 : {fault}"):
        categories()
