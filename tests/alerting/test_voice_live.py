"""Calls and texts that come in, with the real processes: endpoint, worker, simulator."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.harness.live import Live
from tests.harness.service import Service

FIRE = "C04.01.01"


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def mayor(service: Service, commune: str, *, landline: str = "", mobile: bool = True) -> str:
    """A mayor with a mobile, a landline, or both; the mobile's number."""
    number = service.new_number()
    service.add_contacts(f"{commune};maire;1;Essai;Camille;0{number.removeprefix('+33')};")
    if landline:
        code = (
            "from notifier.directory.models import Mandate;"
            f"own = Mandate.objects.get(organisation__code='{commune}').person.addresses;"
            f"own.create(kind='fixe', value='{landline}', position=9);"
        )
        code += "" if mobile else "own.filter(kind='mobile').delete();"
        assert service.shell(code + "print(own.count())") == str(1 + mobile)
    return number


def states(service: Service, report_id: str) -> list[tuple[str, str]]:
    (alert,) = service.status(report_id)["alerts"]
    return [(m["channel"], m["state"]) for m in alert["messages"]]


def push_fire(service: Service, commune: str) -> str:
    pushed = service.push(category=FIRE, location={"insee": commune})
    report_id: str = pushed.body["id"]
    return report_id


def test_a_dead_number_then_a_landline_and_key_1(live: Live) -> None:
    service, landline = live.service, "+33384000101"
    number = mayor(service, "90008", landline=landline)
    live.simulator.fault("failed", to=number, error_code=30005)
    report = push_fire(service, "90008")
    live.expect_sms(to=number)
    live.expect_call(to=landline, containing="Appuyez sur 1")
    heard = live.simulator.press(landline, "1")
    assert "noté" in heard["heard"][-1]
    until(lambda: states(service, report)[-1] == ("voice", "delivered"))
    assert any("bien noté" in line["text"] for line in service.status(report)["timeline"])


@pytest.mark.parametrize("fault", ["call_machine", "call_no_key", "call_busy", "call_no_answer"])
def test_who_does_not_confirm_is_followed_by_the_next(live: Live, fault: str) -> None:
    service = live.service
    commune = {"call_machine": "90009", "call_no_key": "90011", "call_busy": "90012"}.get(
        fault, "90015"
    )
    landline = f"+333840002{commune[-2:]}"
    mayor(service, commune, landline=landline, mobile=False)
    deputy = service.new_number()
    live.simulator.fault(fault, to=landline)
    report = push_fire(service, commune)
    live.expect_call(to=landline)
    service.add_contacts(f"{commune};adjoint;1;Essai;Alix;0{deputy.removeprefix('+33')};")
    live.expect_sms(to=deputy, timeout=25)
    until(lambda: ("voice", "undelivered") in states(service, report))


@pytest.mark.parametrize("fault", ["callback_early", "callback_twice", "callback_out_of_order"])
def test_callbacks_in_any_order_end_with_the_key(live: Live, fault: str) -> None:
    service = live.service
    commune = {"callback_early": "90016", "callback_twice": "90017"}.get(fault, "90018")
    landline = f"+333840003{commune[-2:]}"
    mayor(service, commune, landline=landline, mobile=False)
    live.simulator.fault(fault, to=landline)
    live.simulator.fault("call_key", to=landline)
    report = push_fire(service, commune)
    live.expect_call(to=landline)
    until(lambda: ("voice", "delivered") in states(service, report))


def test_a_forged_key_confirms_nothing(live: Live) -> None:
    service, landline = live.service, "+33384000401"
    mayor(service, "90019", landline=landline, mobile=False)
    live.simulator.fault("callback_forged", to=landline)
    live.simulator.fault("call_key", to=landline)
    report = push_fire(service, "90019")
    live.expect_call(to=landline)
    live.simulator.wait_for_calls_to_end(landline)
    keys = [once for once in live.simulator.callbacks() if once["status"] == "key 1"]
    assert [once["code"] for once in keys] == [403]
    assert states(service, report) == [("voice", "accepted")]


def test_a_text_answers_and_its_answer_arrives(live: Live) -> None:
    service = live.service
    number = mayor(service, "90020")
    report = push_fire(service, "90020")
    live.expect_sms(to=number)
    written = live.simulator.text(number, "OK", to="+33353010090")
    assert (written["code"], len(written["replies"])) == (200, 1)
    live.expect_sms(to=number, containing="C'est noté")
    until(lambda: any("bien noté" in e["text"] for e in service.status(report)["timeline"]))
    again = live.simulator.text(number, "OK", sid=written["sid"])
    assert again["replies"] == written["replies"]
    assert live.simulator.text(number, "2", forged=True)["code"] == 403
    assert live.simulator.text("+33639989998", "OK")["code"] == 204
