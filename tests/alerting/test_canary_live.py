"""End-to-end tests with the real processes: there and back; lost, and said without a broker."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.harness.live import Live

pytestmark = pytest.mark.one_database("processes, broker and mail server are the subject")

OFFICER = "exploitation@service.example"


@pytest.fixture
def phone(live: Live) -> str:
    """The test number of a service that watches itself.

    One was begun just now, without a text, so that the clock begins none meanwhile. It goes on
    watching after the test, of which no other hears: the next is due in a day.
    """
    number = live.service.new_number()
    live.service.shell(
        "from django.utils import timezone; from notifier.alerting.models import CanaryRun; "
        "CanaryRun.objects.create(sent_at=timezone.now()); print('begun')"
    )
    live.service.start_anew(CANARY_PHONE=number, CANARY_MINUTES="1440", ALARM_EMAIL=OFFICER)
    return number


def ready(live: Live) -> dict[str, Any]:
    url = f"{live.service.url}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own
            said = answer.read()
    except urllib.error.HTTPError as error:
        said = error.read()
    found: dict[str, Any] = json.loads(said)
    return found


def test_there_and_back_and_an_outage_told_although_the_broker_is_stopped(
    live: Live, phone: str
) -> None:
    service = live.service
    done = service.run("canary")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "est revenu en" in done.stdout
    live.expect_sms(to=phone, containing="EXERCICE. Essai automatique")
    assert ready(live)["canary"] == "ok"

    # The phone has the text, and its receipt never comes.
    live.simulator.fault("no_callback", to=phone)
    assert service.run("canary", "--no-wait").returncode == 0
    live.expect_sms(to=phone, containing="EXERCICE")
    service.stop_broker()
    service.shell(
        "from datetime import timedelta; from notifier.alerting.models import CanaryRun; "
        "run = CanaryRun.objects.latest('id'); run.sent_at -= timedelta(minutes=6); run.save(); "
        "print('moved')"
    )
    mail = live.expect_mail(to=OFFICER, containing="n’arrivent plus", timeout=40)
    assert "n’est pas revenu en 5" in mail["plain"].replace("\N{NO-BREAK SPACE}", " ")
    said = ready(live)
    assert (said["ready"], said["beat"]) == (False, "ok")
    assert "is not back after" in said["canary"]
    checked = service.run("canary", "--check")
    assert checked.returncode == 1
    assert "n’est pas revenu" in checked.stdout

    live.simulator.clear_faults()
    service.start_broker()
    done = service.run("canary")
    assert done.returncode == 0, done.stdout + done.stderr
    live.expect_sms(to=phone, containing="EXERCICE")
    live.expect_mail(to=OFFICER, containing="arrivent de nouveau", timeout=40)
    assert ready(live)["canary"] == "ok"
