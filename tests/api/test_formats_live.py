"""Foreign messages at the same moment, against the real service."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from notifier.console.dispatch import Answer
from tests.harness.live import Live
from tests.intake import messages as m

PLACE = {"city": {"inseeCode": "90007"}}


def at_once(live: Live, *documents: dict[str, Any]) -> list[Answer]:
    start = Barrier(len(documents))

    def push(document: dict[str, Any]) -> Answer:
        start.wait()
        return live.service.dispatch.send("/api/v1/edxl", m.written(document), xml=False)

    with ThreadPoolExecutor(len(documents)) as threads:
        return list(threads.map(push, documents))


def test_the_same_distribution_at_once_is_one_intervention(live: Live) -> None:
    for _ in range(3):
        document = m.envelope(m.case(live.service.new_reference(), location=PLACE))
        answers = at_once(live, document, document)
        assert sorted(answer.code for answer in answers) == [200, 202]
        assert len({answer.id for answer in answers}) == 1


def test_the_last_two_resources_leave_at_once_and_it_is_over(live: Live) -> None:
    number = live.service.new_reference()
    at_once(live, m.envelope(m.case(number, location=PLACE), sent=-9))
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


def test_resources_and_their_case_at_once_are_one_state(live: Live) -> None:
    number = live.service.new_reference()
    answers = at_once(
        live,
        m.envelope(m.case(number, location=PLACE), sent=-9),
        m.envelope(m.resources(number, A="ARRIVEE"), sent=-8),
    )
    assert [answer.code for answer in answers] == [202, 202]
    last = [answer for answer in answers if answer.body["id"]][-1]
    assert live.service.status(last.id)["status"] == "on_scene"
