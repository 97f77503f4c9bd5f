"""Foreign messages at the same moment, against the real service."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from notifier.ops.api_client import ApiResponse
from tests.harness.live import Live
from tests.intake import messages as m


def mayor(live: Live, commune: str) -> tuple[str, dict[str, Any]]:
    """The mobile of a mayor of this test's own commune, and the commune as RC-EDA says it."""
    mobile = live.service.new_number()
    live.service.add_contacts(f"{commune};maire;1;Essai;Camille;{mobile};")
    return mobile, {"city": {"inseeCode": commune}}


def at_once(live: Live, *documents: dict[str, Any]) -> list[ApiResponse]:
    start = Barrier(len(documents))

    def push(document: dict[str, Any]) -> ApiResponse:
        start.wait()
        return live.service.dispatch.send("/api/v1/edxl", m.written(document), xml=False)

    with ThreadPoolExecutor(len(documents)) as threads:
        return list(threads.map(push, documents))


def test_the_same_distribution_at_once_is_one_report(live: Live) -> None:
    mobile, place = mayor(live, "90011")
    for _ in range(3):
        reference = live.service.new_reference()
        document = m.envelope(m.case(reference, location=place))
        answers = at_once(live, document, document)
        assert sorted(answer.code for answer in answers) == [200, 202]
        assert len({answer.id for answer in answers}) == 1
        live.expect_sms(to=mobile, containing=reference)


def test_the_last_two_resources_leave_at_once_and_it_is_over(live: Live) -> None:
    mobile, place = mayor(live, "90012")
    number = live.service.new_reference()
    at_once(live, m.envelope(m.case(number, location=place), sent=-9))
    live.expect_sms(to=mobile, containing="en cours")
    at_once(live, m.envelope(m.resources(number, A="ARRIVEE", B="ARRIVEE"), sent=-8))
    answers = at_once(
        live,
        m.envelope(m.resources(number, A="RETOUR"), sent=-7),
        m.envelope(m.resources(number, B="RETOUR"), sent=-7),
    )
    # One changes nothing yet (200), whichever it is; with the other all have left.
    assert sorted(answer.code for answer in answers) == [200, 202]
    last = next(answer for answer in answers if answer.code == 202)
    assert live.service.status(last.id)["status"] == "closed"
    live.expect_sms(to=mobile, containing="terminée")


def test_resources_and_their_case_at_once_are_one_state(live: Live) -> None:
    mobile, place = mayor(live, "90013")
    number = live.service.new_reference()
    answers = at_once(
        live,
        m.envelope(m.case(number, location=place), sent=-9),
        m.envelope(m.resources(number, A="ARRIVEE"), sent=-8),
    )
    assert [answer.code for answer in answers] == [202, 202]
    last = [answer for answer in answers if answer.body["id"]][-1]
    assert live.service.status(last.id)["status"] == "on_scene"
    live.expect_sms(to=mobile, containing=number)


def test_a_cap_alert_reaches_the_mayors_of_all_the_communes_it_names(live: Live) -> None:
    mobiles = {code: mayor(live, code)[0] for code in ("90015", "90016")}
    reference = live.service.new_reference()
    area = "".join(
        f"<geocode><valueName>INSEE</valueName><value>{code}</value></geocode>" for code in mobiles
    )
    body = m.cap(reference, info=m.info("fr", area))
    assert live.service.dispatch.send("/api/v1/cap", body, xml=True).code == 202
    for mobile in mobiles.values():
        live.expect_sms(to=mobile, containing=reference)


def test_a_cancellation_reaches_the_mayors_of_all_the_alerts_that_it_names(live: Live) -> None:
    mobiles = {code: mayor(live, code)[0] for code in ("90017", "90018")}
    sent = m.moment(240)
    references = []
    for code, mobile in mobiles.items():
        reference = live.service.new_reference()
        area = f"<geocode><valueName>INSEE</valueName><value>{code}</value></geocode>"
        body = m.cap(reference, sent=sent, info=m.info("fr", area))
        assert live.service.dispatch.send("/api/v1/cap", body, xml=True).code == 202
        live.expect_sms(to=mobile, containing=reference)
        references.append(f"cod@prefecture.example,{reference},{sent}")
    # By now the sender's clock, which was four minutes ahead, is right.
    cancel = m.cap(live.service.new_reference(), "Cancel", references=" ".join(references), info="")
    answer = live.service.dispatch.send("/api/v1/cap", cancel, xml=True)
    assert (answer.code, len(answer.body["others"])) == (202, 1)
    for mobile in mobiles.values():
        live.expect_sms(to=mobile, containing="ne tenez pas compte")
