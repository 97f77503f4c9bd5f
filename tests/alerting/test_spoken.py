"""What is said on a telephone: hours, numbers and references as one says them, in French."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from notifier.alerting.content.facts import Facts
from notifier.alerting.content.samples import SAMPLE, SITE_SAMPLE
from notifier.alerting.content.spoken import (
    spoken_day,
    spoken_hour,
    spoken_phone,
    spoken_reference,
)
from notifier.alerting.kinds import Kind
from notifier.alerting.policy.current import composer

PARIS = ZoneInfo("Europe/Paris")
KEYS = "Appuyez sur 1 si c’est bien noté, sur 2 si vous vous en occupez."
NOTED = "Appuyez sur 1 si c’est bien noté."
REFERENCE = "Référence : CORG 90, 2026, 0 0 4 2 1 7."
PHONE = "Pour toute question, appelez le 03, 53, 01, 00, 90."


@pytest.mark.parametrize(
    ("hour", "minute", "said"),
    [
        (3, 16, "3 heures 16"),
        (1, 0, "1 heure"),
        (0, 5, "minuit 5"),
        (12, 0, "midi"),
        (21, 30, "21 heures 30"),
    ],
)
def test_an_hour(hour: int, minute: int, said: str) -> None:
    assert spoken_hour(datetime(2026, 11, 22, hour, minute, tzinfo=PARIS)) == said


def test_the_hour_that_comes_twice_says_which_it_is() -> None:
    first, second = (
        datetime(2026, 10, 25, hour, 25, tzinfo=UTC).astimezone(PARIS) for hour in (0, 1)
    )
    assert spoken_hour(first) == "2 heures 25, heure d’été"
    assert spoken_hour(second) == "2 heures 25, heure d’hiver"


def test_a_day() -> None:
    assert spoken_day(datetime(2026, 3, 1, tzinfo=PARIS)) == "1er mars"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("CORG90-2026-004217", "CORG 90, 2026, 0 0 4 2 1 7"),
        ("R1", "R 1"),
        ("26/112233_A", "26, 1 1 2 2 3 3, A"),
        ("07", "0 7"),
    ],
)
def test_a_reference(reference: str, said: str) -> None:
    assert spoken_reference(reference) == said


def test_a_telephone() -> None:
    assert spoken_phone("03 53 01 00 90") == "03, 53, 01, 00, 90"
    assert spoken_phone("+41 32 555 01 02") == "plus 41, 32, 555, 01, 02"
    assert spoken_phone("") == ""


NEXT_DAY = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        (
            Kind.FIRST,
            SAMPLE,
            (
                "Delle. Accident de la route grave, rue de Déridé, "
                f"à 3 heures 16. Intervention en cours. {REFERENCE} {PHONE} {KEYS}"
            ),
        ),
        (
            Kind.FIRST,
            replace(SAMPLE, exercise=True, place=None, duty_phone="", composed_at=NEXT_DAY),
            (
                "Ceci est un exercice. Delle. Accident de la route grave, "
                f"le 22 novembre à 3 heures 16. Intervention en cours. {REFERENCE} {KEYS}"
            ),
        ),
        (
            Kind.FIRST,
            replace(SAMPLE, unreached="le maire n’a pu être joint", holders=["Joncherey"]),
            (
                "Delle. Le maire n’a pu être joint. En limite de commune, "
                "à Joncherey. Accident de la route grave, rue de Déridé, à 3 heures 16. "
                f"Intervention en cours. {REFERENCE} {PHONE} {KEYS}"
            ),
        ),
        (
            Kind.NEIGHBOUR,
            replace(SAMPLE, next_to="Essert", place=None),
            (
                "Delle. Sur la commune voisine d’Essert. Accident de la "
                f"route grave, à 3 heures 16. Intervention en cours. {REFERENCE} {PHONE} {KEYS}"
            ),
        ),
        (
            Kind.UPDATE,
            SAMPLE,
            (
                "Delle. Situation aggravée. Accident de la route grave, rue "
                f"de Déridé, à 3 heures 16. Intervention en cours. {REFERENCE} {PHONE} {KEYS}"
            ),
        ),
        (
            Kind.END,
            replace(SAMPLE, status="closed", ended_at=datetime(2026, 11, 22, 3, 40, tzinfo=UTC)),
            (
                "Delle. Accident de la route de 3 heures 16, rue de Déridé. "
                f"Intervention terminée à 4 heures 40. {REFERENCE} {PHONE} {NOTED}"
            ),
        ),
        (
            Kind.CANCELLATION,
            replace(SAMPLE, status="cancelled"),
            (
                "Delle. Annulation. Accident de la route, à 3 heures 16. "
                "L’intervention est annulée, ne tenez pas compte de l’alerte. "
                f"{REFERENCE} {PHONE} {NOTED}"
            ),
        ),
        (
            Kind.CANCELLATION,
            replace(SITE_SAMPLE, place=None),
            (
                "Delle, Résidence des Tilleuls. Annulation. Accident de la "
                "route, à 3 heures 16. Votre site n’est pas ou plus concerné, ne tenez pas compte "
                f"de l’alerte. {REFERENCE} {PHONE} {NOTED}"
            ),
        ),
    ],
)
def test_what_is_said(kind: Kind, facts: Facts, said: str) -> None:
    """Each begins with who speaks, and to whom."""
    spoken = composer().compose(kind, facts).speak()
    assert spoken.replace("Gendarmerie, message pour ", "", 1) == said
    assert spoken != said
