"""Whatever a link changes of how its owner is told, a telephone rings when it is urgent.

Where none is left by it, the duty is alarmed by the alert itself.
"""

from __future__ import annotations

import pytest

from notifier.alerting.models import Notification, NotificationState
from notifier.directory.models import Mandate
from tests.alerting.house import DUTY, FIRE, contact, mail, number, push, sms, told
from tests.console.test_own_preferences import do, now, own, page

__all__ = ["do", "now", "page"]
pytestmark = pytest.mark.django_db
MAIL = "maire@delle.example"


@pytest.mark.parametrize("channels", ["", "email", "sms"])
def test_no_choice_of_channels_or_hours_keeps_an_urgent_text_from_the_telephone(
    page, do, asking, channels: str
) -> None:
    do("canaux", channels=channels)
    do("calme", quiet_from="0:00", quiet_until="23:59")
    push(asking, "R2", category=FIRE)
    assert sms(1) in told("R2")
    assert not Notification.objects.filter(state=NotificationState.DEFERRED).exists()


@pytest.mark.parametrize("what", ["stop", "retirer"])
def test_without_its_number_the_next_telephone_rings(page, do, asking, what: str) -> None:
    do(what, adresse=str(own(number(1)).pk))
    push(asking, "R2", category=FIRE)
    assert sms(2) in told("R2")
    assert mail(DUTY) not in told("R2")


@pytest.mark.parametrize("what", ["stop", "retirer"])
def test_without_any_telephone_the_duty_is_alarmed(page, do, asking, what: str) -> None:
    Mandate.objects.filter(function="adjoint").delete()
    contact("adjoint", email="adjoint@delle.example")
    do(what, adresse=str(own(number(1)).pk))
    do("canaux", channels="sms")
    push(asking, "R2", category=FIRE)
    assert mail(DUTY) in told("R2")


def test_nor_with_nothing_at_all(page, do, asking) -> None:
    Mandate.objects.filter(function="adjoint").delete()
    for one in (number(1), MAIL):
        do("stop", adresse=str(own(one).pk))
    push(asking, "R2", category=FIRE)
    assert told("R2") == [mail(DUTY)]
