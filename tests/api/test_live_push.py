"""Pushes to the real service: stored before answered, whatever the broker does; told once."""

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import urlsplit

import pytest

from notifier.ops.api_client import ApiResponse
from tests.harness.live import Live
from tests.intake.samples import body

PATH = "/api/v1/interventions"


def _told_once(live: Live, mobile: str) -> None:
    """One SMS to this number, and by `live`'s own end no second one."""
    live.expect_sms(to=mobile, timeout=40)


def test_two_at_once_are_one_report(live: Live) -> None:
    service = live.service
    mobile = service.new_number()
    service.add_contacts(f"90004;maire;1;Essai;Andrée;{mobile};")
    for _ in range(5):
        content = body(reference=service.new_reference(), location={"insee": "90004"})
        start = Barrier(2)

        def push(content: dict[str, object] = content, start: Barrier = start) -> ApiResponse:
            start.wait()
            return service.dispatch.push(content)

        with ThreadPoolExecutor(2) as threads:
            answers = [future.result() for future in [threads.submit(push) for _ in range(2)]]
        assert sorted(answer.code for answer in answers) == [200, 202]
        assert len({answer.id for answer in answers}) == 1
        live.expect_sms(to=mobile, containing=content["reference"])
        received = [
            line for line in service.status(answers[0].id)["timeline"] if line["step"] == "received"
        ]
        assert len(received) == 1


@pytest.mark.one_database("the broker is the subject")
def test_a_frozen_broker_holds_up_no_answer_and_loses_nothing(live: Live) -> None:
    service = live.service
    mobile = service.new_number()
    service.add_contacts(f"90005;maire;1;Essai;Ange;{mobile};")
    service.freeze_broker()
    try:
        # Still frozen when these return: nothing else could answer them.
        answers = [service.push(location={"insee": "90005"}) for _ in range(20)]
        status = service.status(answers[0].id)
    finally:
        service.start_broker()
    assert [answer.code for answer in answers] == [202] * 20
    assert status["state"] == "received"
    for _ in answers:
        live.expect_sms(to=mobile, timeout=60)


@pytest.mark.one_database("the broker is the subject")
def test_a_broker_that_refuses_changes_no_answer(live: Live) -> None:
    service = live.service
    mobile = service.new_number()
    service.add_contacts(f"90006;maire;1;Essai;Ariel;{mobile};")
    service.stop_broker()
    try:
        content = body(reference=service.new_reference(), location={"insee": "90006"})
        first, again = service.dispatch.push(content), service.dispatch.push(content)
        contradiction = service.dispatch.push(content | {"severity": "minor"})
    finally:
        service.start_broker()
    assert (first.code, again.code, contradiction.code) == (202, 200, 409)
    _told_once(live, mobile)


def test_what_the_broker_forgot_is_found_again(live: Live) -> None:
    """FLUSHALL between the push and the worker: the sweep finds the report."""
    service = live.service
    mobile = service.new_number()
    service.add_contacts(f"90007;maire;1;Essai;Ariane;{mobile};")
    service.stop_worker()
    try:
        answer = service.push(location={"insee": "90007"})
        assert answer.code == 202
        with service.broker() as broker:
            broker.flushall()
    finally:
        service.start_worker()
    _told_once(live, mobile)
    assert service.wait_for_state(answer.id, "decided")["alerts"]


@pytest.mark.one_database(reason="the web server is the subject")
def test_ten_megabytes_are_refused_before_they_are_sent(live: Live) -> None:
    """The answer is there although only the head was sent: the body was not waited for."""
    service = live.service
    where = urlsplit(service.url)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {where.netloc}\r\n"
        f"Authorization: Bearer {service.key}\r\nContent-Type: application/json\r\n"
        "Content-Length: 10000000\r\n\r\n"
    )
    with socket.create_connection((where.hostname, where.port), timeout=30) as line:
        line.sendall(head.encode())
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == 413
        assert "64 kio" in json.loads(answer.read())["error"]


@pytest.mark.one_database(reason="the web server is the subject")
def test_ten_megabytes_that_are_sent_all_the_same_are_refused(live: Live) -> None:
    service = live.service
    where = urlsplit(service.url)
    with socket.create_connection((where.hostname, where.port), timeout=30) as line:
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: {where.netloc}\r\n"
            f"Authorization: Bearer {service.key}\r\nContent-Length: 10000000\r\n\r\n"
        )
        line.sendall(head.encode())
        try:
            for _ in range(100):
                line.sendall(b" " * 100_000)
        except (BrokenPipeError, ConnectionResetError):
            return  # refused so early that the line was cut: as good an answer as 413
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == 413
    assert service.push(category="C10.01.00").code == 202


@pytest.mark.one_database(reason="the web server is the subject")
def test_a_body_without_a_length_is_refused(live: Live) -> None:
    """Chunked: nobody knows how long it gets."""
    service = live.service
    where = urlsplit(service.url)
    assert where.hostname is not None
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    try:
        connection.putrequest("POST", PATH)
        connection.putheader("Authorization", f"Bearer {service.key}")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 411
        assert "Content-Length" in json.loads(answer.read())["error"]
    finally:
        connection.close()


@pytest.mark.one_database(reason="the web server is the subject")
def test_strangers_who_hang_in_mid_body_hold_up_nobody(live: Live) -> None:
    """More of them than threads: without a key, nothing of a body is waited for.

    A source's own half-sent requests are the reverse proxy's to hold back, which buffers them.
    """
    service = live.service
    where = urlsplit(service.url)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {where.netloc}\r\n"
        "Authorization: Bearer am_stranger\r\nContent-Length: 1000\r\n\r\n{"
    )
    lines = [socket.create_connection((where.hostname, where.port)) for _ in range(40)]
    try:
        for line in lines:
            line.sendall(head.encode())
        assert service.push(category="C10.01.00").code == 202
    finally:
        for line in lines:
            line.close()


def test_health_and_figures_of_the_real_service(live: Live) -> None:
    service = live.service
    where = urlsplit(service.url)
    assert where.hostname is not None
    for path in ("/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", "/api/v1/docs"):
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
        connection.request("GET", path)
        assert connection.getresponse().status == 200, path
        connection.close()


@pytest.mark.one_database(reason="the web server is the subject")
def test_a_frozen_broker_is_named_by_readyz(live: Live) -> None:
    service = live.service
    where = urlsplit(service.url)
    assert where.hostname is not None
    service.freeze_broker()
    try:
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()
    finally:
        service.start_broker()
    assert answer.status == 503
    assert said["broker"].startswith("unreachable")
    assert said["database"] == "ok"
