"""Status callbacks, and every fault that they can suffer from."""

from __future__ import annotations

import socket
import socketserver
import threading

import pytest
from twilio.rest import Client

from notifier.simulator.client import Simulator

from .conftest import ACCOUNT_SID, AUTH_TOKEN
from .receiver import Receiver
from .test_twilio_api import TO, send


def walk(twilio: Client, simulator: Simulator, receiver: Receiver) -> str:
    """Send one text and wait for the end of its callbacks; the status that Twilio then shows."""
    made = send(twilio, status_callback=receiver.url)
    simulator.wait(sms=1, settled=True)
    status: str = made.fetch().status
    return status


def test_sent_then_delivered_signed_as_twilio_signs(
    twilio: Client, simulator: Simulator, receiver: Receiver
) -> None:
    made = send(twilio, "Feu à Delle", status_callback=receiver.url)
    simulator.wait(sms=1, settled=True)

    assert receiver.statuses == ["sent", "delivered"]
    for posted in receiver.posted:
        assert posted.url == receiver.url
        assert posted.is_genuine(AUTH_TOKEN)
        assert not posted.is_genuine("another token")
        assert posted.form == {
            "AccountSid": ACCOUNT_SID,
            "ApiVersion": "2010-04-01",
            "From": "ALERTE",
            "MessageSid": made.sid,
            "MessageStatus": posted.status,
            "SmsSid": made.sid,
            "SmsStatus": posted.status,
            "To": TO,
        }
    tries = [(once["status"], once["attempt"], once["code"]) for once in simulator.callbacks()]
    assert tries == [("sent", 1, 204), ("delivered", 1, 204)]


@pytest.mark.parametrize(
    ("kind", "asked", "code", "statuses"),
    [
        ("undelivered", None, 30003, ["sent", "undelivered"]),
        ("undelivered", 30005, 30005, ["sent", "undelivered"]),
        ("failed", None, 30005, ["failed"]),
    ],
)
def test_a_text_that_does_not_arrive(
    twilio: Client,
    simulator: Simulator,
    receiver: Receiver,
    kind: str,
    asked: int | None,
    code: int,
    statuses: list[str],
) -> None:
    simulator.fault(kind, error_code=asked)
    assert walk(twilio, simulator, receiver) == kind
    assert receiver.statuses == statuses
    assert receiver.posted[-1].form["ErrorCode"] == str(code)
    assert receiver.posted[-1].is_genuine(AUTH_TOKEN)
    assert twilio.messages.list(to=TO)[0].error_code == code


def test_no_callback_but_delivered_all_the_same(
    twilio: Client, simulator: Simulator, receiver: Receiver
) -> None:
    simulator.fault("no_callback")
    assert walk(twilio, simulator, receiver) == "delivered"
    assert receiver.posted == []


def test_callback_early_is_answered_before_the_request_is(
    twilio: Client, simulator: Simulator, receiver: Receiver
) -> None:
    simulator.fault("callback_early")
    made = send(twilio, status_callback=receiver.url)
    assert receiver.statuses == ["sent", "delivered"]
    assert made.status == "queued"


def test_callback_twice(twilio: Client, simulator: Simulator, receiver: Receiver) -> None:
    simulator.fault("callback_twice")
    assert walk(twilio, simulator, receiver) == "delivered"
    assert receiver.statuses == ["sent", "sent", "delivered", "delivered"]


def test_callback_out_of_order(twilio: Client, simulator: Simulator, receiver: Receiver) -> None:
    simulator.fault("callback_out_of_order")
    assert walk(twilio, simulator, receiver) == "delivered"
    assert receiver.statuses == ["delivered", "sent"]
    assert all(posted.is_genuine(AUTH_TOKEN) for posted in receiver.posted)


def test_callback_forged_is_the_only_one_and_untrue(
    twilio: Client, simulator: Simulator, receiver: Receiver
) -> None:
    simulator.fault("callback_forged")
    assert walk(twilio, simulator, receiver) == "sent"
    [forged] = receiver.posted
    assert forged.status == "delivered"
    assert not forged.is_genuine(AUTH_TOKEN)
    assert [once["forged"] for once in simulator.callbacks()] == [True]


def test_callback_delay_leaves_the_status_on_time(
    twilio: Client, simulator: Simulator, receiver: Receiver
) -> None:
    simulator.fault("callback_delay", seconds=60)
    made = send(twilio, status_callback=receiver.url)
    assert any(made.fetch().status == "delivered" for _ in range(10_000))
    assert receiver.posted == []

    simulator.reset()
    simulator.fault("callback_delay", seconds=0.2)
    walk(twilio, simulator, receiver)
    assert receiver.statuses == ["sent", "delivered"]
    assert made.sid not in {posted.form["MessageSid"] for posted in receiver.posted}


def test_faults_of_receipts_add_up(
    twilio: Client, simulator: Simulator, receiver: Receiver
) -> None:
    simulator.fault("undelivered")
    simulator.fault("callback_twice")
    simulator.fault("callback_early")
    send(twilio, status_callback=receiver.url)
    assert receiver.statuses == ["sent", "sent", "undelivered", "undelivered"]


def test_a_5xx_is_tried_again_with_the_same_token(
    twilio: Client, simulator: Simulator, receiver: Receiver
) -> None:
    receiver.answers = [503, 500]
    walk(twilio, simulator, receiver)
    assert receiver.statuses == ["sent", "sent", "sent", "delivered"]
    tokens = [posted.headers["I-Twilio-Idempotency-Token"] for posted in receiver.posted]
    assert tokens[0] == tokens[1] == tokens[2] != tokens[3]
    tries = [(once["attempt"], once["code"]) for once in simulator.callbacks()]
    assert tries == [(1, 503), (2, 500), (3, 204), (1, 204)]


def test_a_4xx_is_not_tried_again(twilio: Client, simulator: Simulator, receiver: Receiver) -> None:
    receiver.answers = [403, 404]
    walk(twilio, simulator, receiver)
    assert receiver.statuses == ["sent", "delivered"]


def test_a_server_that_is_away_is_tried_a_bounded_number_of_times(
    twilio: Client, simulator: Simulator
) -> None:
    simulator.fault("failed")
    with socket.socket() as deaf:
        # Bound but not listening: whoever connects is refused.
        deaf.bind(("127.0.0.1", 0))
        send(twilio, status_callback=f"http://127.0.0.1:{deaf.getsockname()[1]}/")
        simulator.wait(settled=True)
    tries = simulator.callbacks()
    assert [once["attempt"] for once in tries] == [1, 2, 3, 4]
    assert all(once["code"] is None and once["error"] for once in tries)


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        (b"HTTP/1.0 204 No Content\r\n\r\n", [204]),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [200]),
        (b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nno", [403]),
        (b"220 this is a mail server\r\n\r\n", [None, None, None, None]),
        (b"", [None, None, None, None]),
    ],
)
def test_any_server_may_answer(
    twilio: Client, simulator: Simulator, answer: bytes, codes: list[int | None]
) -> None:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(answer)

    simulator.fault("failed")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        send(twilio, status_callback=f"http://127.0.0.1:{server.server_address[1]}/")
        simulator.wait(sms=1, settled=True)
        server.shutdown()
        thread.join()
    assert [once["code"] for once in simulator.callbacks()] == codes


@pytest.mark.parametrize(
    "url", ["https://alertes.example/receipts/1", "http://127.0.0.1.example/", "ftp://127.0.0.1/"]
)
def test_nothing_is_posted_outside_this_machine(
    twilio: Client, simulator: Simulator, url: str
) -> None:
    simulator.fault("failed")
    send(twilio, status_callback=url)
    simulator.wait(sms=1, settled=True)
    [once] = simulator.callbacks()
    assert once["code"] is None
    assert once["error"] is not None
    assert "this machine only" in once["error"]


def test_a_reset_forgets_callbacks_that_were_due(
    twilio: Client, simulator: Simulator, receiver: Receiver
) -> None:
    simulator.fault("callback_delay", seconds=0.1)
    send(twilio, status_callback=receiver.url)
    simulator.reset()
    simulator.fault("callback_delay", seconds=0.4)
    after = send(twilio, status_callback=receiver.url)
    simulator.wait(settled=True)
    assert {posted.form["MessageSid"] for posted in receiver.posted} == {after.sid}
