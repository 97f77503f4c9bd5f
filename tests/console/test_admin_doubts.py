"""Places in the administration: how the communes lie to the point, areas, neighbours."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from notifier.alerting.decision.pipeline import decide
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Report, Source
from notifier.intake.receive import receive
from notifier.intake.schema.report import NewReport
from tests.harness.people import add_contact

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what a page says is no matter of SQL"),
]

INTERVENTIONS = "/admin/intake/report/"


@pytest.fixture
def source() -> Source:
    add_contact("90033", mobile="+33639980001")
    add_contact("90056", mobile="+33639980002")
    return add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False).source


def push(source: Source, category: str, reference: str = "R1", **location: Any) -> Report:
    """An event at that place, received and decided."""
    body = {
        "reference": reference, "sequence": 1, "status": "engaged", "category": category,
        "severity": "severe", "occurred_at": timezone.now().isoformat(), "location": location,
    }  # fmt: skip
    reception = receive(source, NewReport.model_validate(body))
    decide(reception.report_id)
    return Report.objects.get(pk=reception.report_id)


def test_how_the_communes_lie_to_the_point_is_shown(admin_client: Client, source: Source) -> None:
    fire = push(source, "C04.05.00", latitude=47.520453, longitude=7.007077, precision="exact")
    page = admin_client.get(f"{INTERVENTIONS}{fire.pk}/change/").content.decode()
    assert "Delle (90033) [la position y est]" in page
    assert "Joncherey (90056) [à 84 m]" in page
    assert "en limite de commune" in page


def test_an_area_is_shown_by_its_corners_and_shares(admin_client: Client, source: Source) -> None:
    ring = [[7.0, 47.51], [7.02, 47.51], [7.02, 47.53], [7.0, 47.53], [7.0, 47.51]]
    fire = push(source, "C04.05.00", polygon=[ring])
    page = admin_client.get(f"{INTERVENTIONS}{fire.pk}/change/").content.decode()
    assert "zone : 5 sommets" in page
    assert "% de la zone" in page


def test_an_alert_to_a_neighbour_says_of_which(admin_client: Client, source: Source) -> None:
    push(source, "C10.01.05", insee="90033")
    page = admin_client.get("/admin/alerting/alert/").content.decode()
    assert "Joncherey (90056), voisine de Delle" in page


def test_a_report_is_found_by_the_number_that_dispatch_knows(
    admin_client: Client, source: Source
) -> None:
    """It is kept with slashes: with its dots it would be a link on a telephone."""
    found = push(source, "C01.01.00", "fr/health/samu900/X1", insee="90033")
    push(source, "C01.01.00", "fr/health/samu900/X2", insee="90033")
    answer = admin_client.get(INTERVENTIONS, {"q": "fr.health.samu900.X1"})
    assert list(answer.context["cl"].queryset) == [found]
