"""What people answer, or do not, with the real processes: endpoint, worker, page, simulator."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any
from urllib.error import HTTPError

import pytest
import requests

from notifier.ops.api_client import DispatchClient
from notifier.ops.demo.phones import Page, Phones
from tests.harness.live import Live
from tests.harness.service import Service

FIRE = "C04.01.01"
OUR_NUMBER = "+33353010090"
SECONDS = 10


def contact(live: Live, commune: str, function: str, name: str = "Camille") -> str:
    """The mobile number of somebody new in a commune."""
    number = live.service.new_number()
    live.service.add_contacts(f"{commune};{function};1;Essai;{name};{number};")
    return number


def push_fire(service: Service, commune: str) -> str:
    pushed = service.push(category=FIRE, location={"insee": commune})
    assert pushed.code == 202, pushed
    return str(pushed.body["id"])


def alert_of(live: Live, report_id: str) -> dict[str, Any]:
    (alert,) = live.service.status(report_id)["alerts"]
    return dict(alert)


def kinds(live: Live, report_id: str) -> list[str]:
    return [answer["kind"] for answer in alert_of(live, report_id)["answers"]]


def move(service: Service, report_id: str, **times: str) -> None:
    """Set times of a report's alert, each so many seconds from now."""
    fields = ", ".join(
        f"{name}=timezone.now() + timedelta(seconds={after})" for name, after in times.items()
    )
    changed = service.shell(
        "from datetime import timedelta; from django.utils import timezone;"
        "from notifier.alerting.models import Alert;"
        f"print(Alert.objects.filter(report='{report_id}').update({fields}))"
    )
    assert changed == "1"


def page_of(live: Live, number: str) -> Page:
    live.expect_sms(to=number, containing="/r/")
    return Phones(live.simulator).open_link(number)


def test_everybody_is_silent_and_the_duty_is_told_by_mail_and_called(live: Live) -> None:
    service, duty, phone = live.service, "permanence.silence@groupement90.example", "+33353010091"
    options = ("--duty-email", duty, "--duty-phone", "03 53 01 00 91", "--departement", "90")
    printed = service.run("source", "add", "CORG silence", *options).stdout
    dispatch = DispatchClient(service.url, printed.strip().splitlines()[-1])
    mayor = contact(live, "90027", "maire")
    live.simulator.fault("call_no_key", to=mayor)
    pushed = dispatch.push(
        {
            "reference": service.new_reference(),
            "sequence": 1,
            "status": "engaged",
            "category": FIRE,
            "severity": "severe",
            "location": {"insee": "90027"},
            "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
    )
    live.expect_sms(to=mayor)
    move(service, str(pushed.id), answer_due_at="0")
    live.expect_call(to=mayor)
    live.expect_mail(to=duty, containing="aucune des personnes prévenues n’a répondu")
    live.expect_call(to=phone)
    live.simulator.press(phone)
    (alert,) = dispatch.status(str(pushed.id)).body["alerts"]
    assert (alert["answers"], alert["answered_at"], alert["answer_due_at"]) == ([], None, None)
    assert service.run("source", "revoke", "CORG silence").returncode == 0


def test_fifty_scanners_answer_nothing_and_the_mayor_does(live: Live) -> None:
    mayor = contact(live, "90028", "maire")
    report = push_fire(live.service, "90028")
    page = page_of(live, mayor)

    def scan(number: int) -> int:
        path = ("", "/pas-ma-commune", "/transmettre", "/preferences")[number // 2 % 4]
        method = ("GET", "HEAD")[number % 2]
        return requests.request(method, page.url + path, timeout=SECONDS).status_code

    with ThreadPoolExecutor(10) as scanners:
        assert list(scanners.map(scan, range(50))) == [200] * 50
    alert = alert_of(live, report)
    assert alert["answers"] == []
    assert alert["answer_due_at"]
    Phones(live.simulator).press(page, "noted")
    assert kinds(live, report) == ["noted"]


def test_forged_foreign_replayed_and_expired_answers_change_nothing(live: Live) -> None:
    service, phones = live.service, Phones(live.simulator)
    mayor, other = contact(live, "90029", "maire"), contact(live, "90030", "maire")
    report, others_report = push_fire(service, "90029"), push_fire(service, "90030")
    page, others_page = page_of(live, mayor), page_of(live, other)
    forged = page.url[:-1] + ("a" if page.url[-1] != "a" else "b")
    assert requests.get(forged, timeout=SECONDS).status_code == 404
    phones.press(replace(page, stamp=others_page.stamp), "taken")
    assert live.simulator.text(mayor, "OK", to=OUR_NUMBER, forged=True)["code"] == 403
    assert live.simulator.text("+33639989997", "OK", to=OUR_NUMBER)["code"] == 204
    assert kinds(live, report) == kinds(live, others_report) == []

    for _ in range(2):
        phones.press(others_page, "noted")
    written = live.simulator.text(mayor, "OK", to=OUR_NUMBER)
    again = live.simulator.text(mayor, "OK", to=OUR_NUMBER, sid=written["sid"])
    assert again["replies"] == written["replies"]
    for _ in {written["sid"], again["sid"]}:
        live.expect_sms(to=mayor, containing="C'est noté")
    assert kinds(live, report) == kinds(live, others_report) == ["noted"]

    move(service, report, expires_at="-3 * 3600")
    with pytest.raises(HTTPError, match="404"):
        phones.press(page, "taken")
    live.simulator.text(mayor, "2", to=OUR_NUMBER)
    live.expect_sms(to=mayor, containing="Plus aucune alerte n'attend de réponse")
    assert kinds(live, report) == ["noted"]


def test_two_take_it_at_once_and_one_is_the_first(live: Live) -> None:
    numbers = [contact(live, "90031", "maire"), contact(live, "90031", "astreinte", "Alix")]
    report = push_fire(live.service, "90031")
    pages = [page_of(live, number) for number in numbers]
    start = Barrier(4)

    def take(page: Page) -> None:
        start.wait(SECONDS)
        Phones(live.simulator).press(page, "taken")

    with ThreadPoolExecutor(4) as people:
        list(people.map(take, pages * 2))
    alert = alert_of(live, report)
    assert [answer["kind"] for answer in alert["answers"]] == ["taken", "taken"]
    second = 1 if alert["taken_by"] == "maire" else 0
    live.expect_sms(to=numbers[second], containing="s'en occupe")
