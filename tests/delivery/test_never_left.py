"""What certainly never left is tried again; only what may have left is a question to ask."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from notifier.delivery.models import Lane, Message, MessageState, Result
from notifier.delivery.providers import registry
from notifier.delivery.providers.base import Outcome
from notifier.delivery.providers.twilio.provider import TwilioProvider
from notifier.delivery.sending.blocked import blocked_channels, oldest_unsent_s
from notifier.delivery.sending.sender import deliver
from notifier.journal.models import Entry
from notifier.ops.local.stack import free_port
from notifier.simulator.client import Simulator
from tests.delivery.conftest import ACCOUNT, TOKEN
from tests.delivery.samples import run_round, told
from tests.harness.https import server

pytestmark = pytest.mark.django_db

Post = Callable[..., Message]


def send(url: str, message: Message) -> Outcome:
    return TwilioProvider(ACCOUNT, TOKEN, {"from_": "Gendarmerie"}, url).send(message)


def assert_never_left(outcome: Outcome) -> None:
    assert (outcome.result, outcome.is_common) == (Result.RETRY, True), outcome


def test_a_certificate_that_nobody_vouches_for(post: Post, certificate: Path) -> None:
    with server(tls=certificate) as (url, asked):
        assert_never_left(send(url, post()))
    assert asked == []


def test_the_operators_own_authority_is_believed(
    post: Post, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings.ENVIRONMENT.model_copy(update={"CA_FILE": certificate})
    monkeypatch.setattr(settings, "ENVIRONMENT", own)
    sid = "SM" + "a" * 32
    with server(body=f'{{"sid": "{sid}"}}'.encode(), tls=certificate) as (url, asked):
        outcome = send(url, post())
    assert (outcome.result, outcome.provider_id) == (Result.ACCEPTED, sid)
    assert len(asked) == 1


def test_a_certificate_of_another_name(
    post: Post, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings.ENVIRONMENT.model_copy(update={"CA_FILE": certificate})
    monkeypatch.setattr(settings, "ENVIRONMENT", own)
    with server(tls=certificate) as (url, asked):
        assert_never_left(send(url.replace("127.0.0.1", "localhost"), post()))
    assert asked == []


def test_a_port_that_speaks_no_tls(post: Post) -> None:
    with server() as (url, asked):
        assert_never_left(send(url.replace("http:", "https:"), post()))
    assert asked == []


def test_a_line_cut_in_the_handshake(post: Post) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            line, _ = listening.accept()
            line.recv(1)
            line.close()

        threading.Thread(target=hang_up, daemon=True).start()
        assert_never_left(send(f"https://127.0.0.1:{listening.getsockname()[1]}", post()))


def test_a_refused_port_and_a_name_that_is_none(post: Post) -> None:
    message = post()
    assert_never_left(send(f"http://127.0.0.1:{free_port()}", message))
    assert_never_left(send("https://n-existe-pas.invalid", message))


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses(post: Post, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    with server(status) as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        assert_never_left(send("https://api.twilio.example", post()))
    assert asked == ["api.twilio.example:443"]


@pytest.mark.parametrize(
    "proxy",
    ["http://127.0.0.1:{dead}", "https://127.0.0.1:{dead}", "http://", "socks5://127.0.0.1"],
)
def test_a_proxy_that_is_dead_or_none(
    post: Post, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.format(dead=free_port()))
    assert_never_left(send("https://api.twilio.example", post()))


def test_a_log_in_page_of_the_network(post: Post) -> None:
    with server(302, b"<html>", Location="http://portail.example/") as (url, _):
        assert_never_left(send(url, post()))


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"sid": null}', b'{"sid": ""}', b"[]", b"null", b"<html>Bonjour</html>"]
)
def test_an_answer_without_a_number_is_unknown(post: Post, body: bytes) -> None:
    with server(201, body) as (url, _):
        outcome = send(url, post())
    assert (outcome.result, outcome.provider_id) == (Result.UNKNOWN, "")


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        (400, 21211, Result.PERMANENT),
        (400, 30999, Result.RETRY),
        (401, 20003, Result.RETRY),
        (429, 20429, Result.RETRY),
        (500, 20500, Result.UNKNOWN),
    ],
)
def test_a_refusal_is_read_in_either_form(
    post: Post, status: int, code: int, result: Result
) -> None:
    """Twilio's own, and RFC 9457's, of which the library makes an error of another kind."""
    own = {"code": code, "message": "no", "status": status}
    general = {"type": "about:blank", "title": "no", "status": status, "code": code}
    for body in (own, general):
        with server(status, json.dumps(body).encode()) as (url, _):
            outcome = send(url, post())
        assert (outcome.result, outcome.code) == (result, str(code))


def test_a_line_cut_after_the_request_is_a_question(post: Post) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            line, _ = listening.accept()
            line.recv(65536)
            line.close()

        threading.Thread(target=hang_up, daemon=True).start()
        outcome = send(f"http://127.0.0.1:{listening.getsockname()[1]}", post())
    assert outcome.result is Result.UNKNOWN


def test_nothing_is_asked_of_a_provider_that_never_had_it(
    provider: Simulator,
    post: Post,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    time_passes: Callable[[Message, timedelta], None],
) -> None:
    """It leaves as soon as the certificate is mended, without the wait that a question needs."""
    mended = settings.ENVIRONMENT
    with server(tls=certificate) as (url, asked):
        broken = mended.model_copy(update={"TWILIO_API_URL": url})
        monkeypatch.setattr(settings, "ENVIRONMENT", broken)
        registry.provider_named.cache_clear()
        message = post()
        deliver(Lane.URGENT)
        run_round()
        message.refresh_from_db()
        assert message.state == MessageState.PENDING
        assert asked == []
    monkeypatch.setattr(settings, "ENVIRONMENT", mended)
    registry.provider_named.cache_clear()
    time_passes(message, timedelta(seconds=2))
    deliver(Lane.URGENT)
    assert told(provider) == [message.address]


@pytest.mark.parametrize("fault", ["down", "answer_500", "lookup_500"])
def test_a_provider_that_does_not_answer_for_a_minute_is_an_error_line_and_a_mark(
    provider: Simulator,
    post: Post,
    time_passes: Callable[[Message, timedelta], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    """Whichever way it is silent, and whatever state the message waits in."""
    monkeypatch.setattr("notifier.delivery.sending.blocked._warned_at", {})
    provider.fault(fault)
    if fault == "lookup_500":
        provider.fault("answer_500")
    messages = [post(), post()]
    deliver(Lane.URGENT)
    assert [m for m in errors(caplog) if "nothing leaves" in m] == []
    assert blocked_channels() == {}
    for message in messages:
        time_passes(message, timedelta(seconds=70))
    run_round()
    run_round()
    (line,) = [m for m in errors(caplog) if "nothing leaves" in m]
    assert "sms" in line and messages[0].address not in line
    assert blocked_channels()["sms"] > 60
    assert oldest_unsent_s() > 60
    provider.clear_faults()
    for message in messages:
        time_passes(message, timedelta(minutes=5))
    run_round()
    run_round()
    assert (blocked_channels(), oldest_unsent_s()) == ({}, 0.0)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line.getMessage() for line in caplog.records if line.levelname == "ERROR"]


def test_a_mail_server_that_does_not_answer_for_a_minute(
    provider: Simulator,
    mail: Post,
    time_passes: Callable[[Message, timedelta], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("notifier.delivery.sending.blocked._warned_at", {})
    provider.fault("smtp_down")
    message = mail()
    deliver(Lane.URGENT)
    time_passes(message, timedelta(seconds=70))
    deliver(Lane.URGENT)
    (line,) = errors(caplog)
    assert "nothing leaves" in line and "email" in line
    assert list(blocked_channels()) == ["email"]


@pytest.mark.parametrize("code", [21408, 21611, 30042, 30999, 63038])
def test_one_number_that_is_refused_blocks_nobody_else(
    provider: Simulator,
    post: Post,
    time_passes: Callable[[Message, timedelta], None],
    code: int,
) -> None:
    provider.fault("reject", error_code=code)
    message = post()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert (message.state, message.error_code) == (MessageState.PENDING, str(code))
    for _ in range(2):
        time_passes(message, timedelta(seconds=70))
        deliver(Lane.URGENT)
    time_passes(message, timedelta(seconds=70))
    assert blocked_channels() == {}
    assert oldest_unsent_s() > 60


@pytest.mark.parametrize(
    "code", [20003, 20404, 21212, 21266, 21656, 21659, 21660, 21661, 30042, 63038]
)
def test_our_own_fault_is_an_error_line(
    provider: Simulator, post: Post, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    provider.fault("reject", error_code=code)
    message = post()
    deliver(Lane.URGENT)
    message.refresh_from_db()
    assert (message.state, message.error_code) == (MessageState.PENDING, str(code))
    assert [str(code) in line and "our account" in line for line in errors(caplog)] == [True]
    assert f"erreur {code}" not in Entry.objects.latest("id").text
