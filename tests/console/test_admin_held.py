"""The administration on what is held, why and until when."""

import pytest
from django.test import Client

from notifier.alerting.models import Alert, Notification, NotificationState
from notifier.intake.models import Source
from tests.alerting.house import deferrals
from tests.console.test_admin_log import list_of, push, source

__all__ = ["source"]
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what a page says is no matter of SQL"),
]

MAIL = "maire@delle.example"
THEFT = "C03.00.00"


@pytest.fixture
def held(source: Source) -> Notification:
    """The sixth theft of a quarter of an hour."""
    for n in range(6):
        push(source, f"R{n}", category=THEFT)
    return deferrals().get()


def test_the_list_says_why_and_until_when_and_masks_the_address(
    admin_client: Client, held: Notification
) -> None:
    page = admin_client.get(list_of(Notification)).content.decode()
    for said in ("afflux d’alertes", "retenue", "m••••@delle.example", "R5"):
        assert said in page
    assert MAIL not in page


def test_it_is_found_from_its_alert_and_cannot_be_changed(
    admin_client: Client, held: Notification
) -> None:
    alert = admin_client.get(f"{list_of(Alert)}{held.alert_id}/change/").content.decode()
    link = f"{list_of(Notification)}?alert__id__exact={held.alert_id}"
    assert link in alert
    assert "R5" in admin_client.get(link).content.decode()
    own = f"{list_of(Notification)}{held.pk}/change/"
    assert admin_client.get(own).status_code == 200
    assert admin_client.post(own, {"state": NotificationState.QUEUED}).status_code == 403
    assert admin_client.post(f"{list_of(Notification)}{held.pk}/delete/").status_code == 403


def test_readiness_and_figures_count_what_is_held(client: Client, held: Notification) -> None:
    assert client.get("/readyz").json()["sms_caps_reached"] == 0
    figures = client.get("/metrics").content.decode()
    assert 'notifier_texts_held{reason="storm"} 1.0' in figures
    assert "notifier_sms_caps_reached 0.0" in figures
