"""What the server answers before Django: with the same headers, in batches, and nothing else."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.db import OperationalError
from django.http import QueryDict
from django.test import Client
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from notifier.api import receipts
from notifier.api.receipts import Callback, ReceiptEndpoint
from notifier.delivery.providers.base import Receipt
from notifier.delivery.providers.twilio.provider import callback_url
from notifier.delivery.providers.twilio.webhook import is_genuine
from notifier.delivery.receipts.apply import ReceiptResult
from tests.api.in_process import InProcessServer

Batch = list[tuple[int, Receipt]]

FORM = "application/x-www-form-urlencoded"
PATH = "/api/v1/callbacks/twilio/1"
SID = "SM" + "1" * 32


def _signed(message_id: int) -> tuple[dict[str, str], str]:
    """A genuine form and its signature."""
    account = settings.ENVIRONMENT.TWILIO_ACCOUNT_SID
    form = {"MessageSid": SID, "AccountSid": account, "MessageStatus": "delivered"}
    validator = RequestValidator(settings.ENVIRONMENT.TWILIO_AUTH_TOKEN.get_secret_value())
    return form, validator.compute_signature(callback_url(message_id), form)


def _head(**more: str) -> dict[str, str]:
    _, signature = _signed(1)
    return {"content-type": FORM, "x-twilio-signature": signature} | {
        name.replace("_", "-"): value for name, value in more.items()
    }


def test_a_form_is_genuine_signed_for_our_address_with_or_without_its_port() -> None:
    form, signature = _signed(1)
    key = settings.ENVIRONMENT.TWILIO_AUTH_TOKEN.get_secret_value()
    address = urlsplit(callback_url(1))
    host = address.hostname or ""
    assert is_genuine(form, signature, 1)
    for netloc, is_ours in (((host if address.port else f"{host}:80"), True), (f"{host}:9", False)):
        url = address._replace(netloc=netloc).geturl()
        assert is_genuine(form, RequestValidator(key).compute_signature(url, form), 1) is is_ours
    for other in ("", "é", "\udce9", signature[:-1], signature.lower(), f"{signature}="):
        assert not is_genuine(form, other, 1)
    assert not is_genuine(form, signature, 2)
    assert not is_genuine(form | {"MessageStatus": "sent"}, signature, 1)
    strange = form | {"AccountSid": "AC" + "9" * 32}
    signed = RequestValidator(key).compute_signature(callback_url(1), strange)
    assert not is_genuine(strange, signed, 1)


BODY = urlencode({"MessageSid": SID, "MessageStatus": "delivered"}).encode()


@pytest.mark.django_db
@pytest.mark.parametrize("is_genuine", [True, False])
@pytest.mark.parametrize("is_production", [True, False])
def test_an_answer_before_django_has_the_headers_of_one_of_django(
    settings: Settings, is_genuine: bool, is_production: bool
) -> None:
    if is_production:
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        settings.SECURE_SSL_REDIRECT = True
        settings.SECURE_HSTS_SECONDS = 365 * 86400
    form, signature = _signed(1)
    content = urlencode(form).encode()
    headers = {"X-Twilio-Signature": signature if is_genuine else "x", "X-Forwarded-Proto": "https"}
    server = InProcessServer()
    before = server.request("POST", PATH, content, {"Content-Type": FORM} | headers)
    after = Client().generic("POST", PATH, content, content_type=FORM, headers=headers)
    assert server.left_to_django == []
    assert before.status_code == after.status_code == (404 if is_genuine else 403)
    assert before.content == after.content
    del after.headers["Content-Length"]  # which granian counts itself
    assert dict(before.headers) == dict(after.headers)
    assert ("Strict-Transport-Security" in before.headers) is is_production


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "code"),
    [
        ("GET", PATH, b"", {}, 405),
        ("HEAD", PATH, b"", {}, 405),
        ("PUT", PATH, BODY, {}, 405),
        ("POST", PATH, b"", {}, 403),
        ("POST", PATH, b"a" * (4 * 1024 + 1), {}, 403),
        ("POST", PATH, b"a" * (64 * 1024 + 1), {}, 413),
        ("POST", PATH, b"&".join([b"a"] * 1_001), {}, 400),
        ("POST", PATH, b"&".join([b"a=1"] * 2_000), {}, 400),
        ("POST", PATH, BODY, {"content-type": "application/json"}, 403),
        ("POST", PATH, BODY, {"content-type": f"{FORM}; charset=latin-1"}, 400),
        ("POST", PATH, BODY, {"content-type": "multipart/form-data; boundary=x"}, 403),
        ("POST", PATH, BODY, {"host": "evil.example"}, 400),
        ("POST", PATH, BODY, {"host": ""}, 400),
        ("POST", f"{PATH}/", BODY, {}, 404),
        ("POST", f"{PATH}x", BODY, {}, 404),
        ("POST", f"{PATH}\n", BODY, {}, 404),
        ("POST", "/api/v1/callbacks/twilio/-1", BODY, {}, 404),
        ("POST", "/api/v1/callbacks/twilio/١", BODY, {}, 404),
        ("POST", f"/api/v1/callbacks/twilio/{'9' * 5_000}", BODY, {}, 404),
    ],
)
def test_what_is_not_as_the_provider_sends_it_is_left_to_django(
    method: str, path: str, body: bytes, headers: dict[str, str], code: int
) -> None:
    server = InProcessServer()
    answer = server.request(method, path, body, {"content-type": FORM} | headers)
    assert answer.status_code == code
    assert server.left_to_django == [path.encode().decode("latin-1")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, 301), ({"x-forwarded-proto": "http"}, 301), ({"x-forwarded-proto": "http,https"}, 301)],
)
def test_a_receipt_in_plain_http_is_sent_to_https(
    settings: Settings, headers: dict[str, str], code: int
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    server = InProcessServer()
    answer = server.request("POST", PATH, BODY, {"content-type": FORM} | headers)
    assert answer.status_code == code
    assert server.left_to_django == [PATH]


class Applied:
    """Stands for the room that applies receipts: notes its batches, and fails where it shall."""

    def __init__(self, fails: dict[int, Exception] | None = None) -> None:
        self.batches: list[list[int]] = []
        self._fails = fails or {}

    def __call__(self, batch: Batch) -> list[ReceiptResult]:
        self.batches.append([message_id for message_id, _ in batch])
        for message_id, _ in batch:
            if error := self._fails.get(message_id):
                raise error
        return [ReceiptResult.APPLIED] * len(batch)


def _answers(
    monkeypatch: pytest.MonkeyPatch, applied: Applied, *message_ids: int
) -> dict[int, int]:
    """The status that each of these has, all of them at once."""
    monkeypatch.setattr(receipts, "apply_receipts", applied)
    monkeypatch.setattr(receipts, "MIN_INTERVAL_S", 0)

    async def ask() -> list[int]:
        with ThreadPoolExecutor(4) as threads:
            door = ReceiptEndpoint(threads, [])
            asked = [door.answer(_callback(message_id)) for message_id in message_ids]
            return [status for status, _, _ in await asyncio.gather(*asked)]

    return dict(zip(message_ids, asyncio.run(ask()), strict=True))


def _callback(message_id: int) -> Callback:
    form, signature = _signed(message_id)
    return Callback(message_id, QueryDict(urlencode(form)), signature)


def test_those_that_come_at_once_are_applied_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    applied = Applied()
    assert set(_answers(monkeypatch, applied, 1, 2, 3, 4).values()) == {204}
    assert applied.batches == [[1, 2, 3, 4]]


def test_a_batch_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "MAX_BATCH_SIZE", 3)
    applied = Applied()
    assert set(_answers(monkeypatch, applied, *range(1, 9)).values()) == {204}
    assert applied.batches == [[1, 2, 3], [4, 5, 6], [7, 8]]


def test_one_that_fails_fails_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    applied = Applied({2: OperationalError("locked"), 3: ValueError("broken")})
    assert _answers(monkeypatch, applied, 1, 2, 3, 4) == {1: 204, 2: 503, 3: 500, 4: 204}
    assert applied.batches[0] == [1, 2, 3, 4]
    assert sorted(applied.batches[1:]) == [[1], [2], [3], [4]]
    assert "failed together, tried one by one" in caplog.text


def test_one_that_comes_alone_and_fails_is_not_tried_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    applied = Applied({1: OperationalError("unreachable")})
    assert _answers(monkeypatch, applied, 1) == {1: 503}
    assert applied.batches == [[1]]


def test_after_a_failure_the_next_are_applied(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(receipts, "MAX_BATCH_SIZE", 1)
    caplog.set_level(logging.CRITICAL)
    applied = Applied({1: ValueError("broken")})
    assert _answers(monkeypatch, applied, 1, 2) == {1: 500, 2: 204}
