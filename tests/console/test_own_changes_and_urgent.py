"""Whatever a link changes of how its owner is told, a telephone rings when it is urgent.

Where none is left by it, the administrators hear of it, and the duty is alarmed by each alert.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.accounts.roles import Role
from notifier.alerting.coverage_report import report_coverage
from notifier.alerting.models import Notification, NotificationState
from notifier.delivery.models import Message
from notifier.directory.models import Mandate
from tests.alerting.house import DUTY, FIRE, breakable, contact, mail, number, push, sms, told
from tests.console.test_own_preferences import do, now, own, page
from tests.harness.accounts import add_account

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
def test_without_any_telephone_the_duty_is_alarmed_and_administrators_hear_of_it_before(
    page, do, asking, now, what: str
) -> None:
    Mandate.objects.filter(function="adjoint").delete()
    contact("adjoint", email="adjoint@delle.example")
    anne = add_account(Role.GROUPEMENT, "90")
    report_coverage()
    do(what, adresse=str(own(number(1)).pk))
    now.shift(timedelta(hours=1))
    report_coverage()
    (mailed,) = Message.objects.filter(address=anne.email)
    assert "Delle (90033) : par courriel seulement" in breakable(mailed.body)
    do("canaux", channels="sms")
    push(asking, "R2", category=FIRE)
    assert mail(DUTY) in told("R2")


def test_nor_with_nothing_at_all(page, do, asking) -> None:
    Mandate.objects.filter(function="adjoint").delete()
    for one in (number(1), MAIL):
        do("stop", adresse=str(own(one).pk))
    push(asking, "R2", category=FIRE)
    assert told("R2") == [mail(DUTY)]
