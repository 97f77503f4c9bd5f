"""The provider's receipts by HTTP: forged, replayed, early, unknown; each has its answer."""

import io
from collections.abc import Callable

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from twilio.request_validator import RequestValidator

from notifier.delivery.models import Channel, Lane, Message, MessageState
from notifier.delivery.providers.twilio.provider import callback_url
from notifier.journal.models import Entry, Step

pytestmark = pytest.mark.django_db

Make = Callable[..., Message]
SID = "SM" + "1" * 32


@pytest.fixture
def message() -> Message:
    """An SMS that the provider has accepted."""
    now = timezone.now()
    return Message.objects.create(
        topic="1",
        revision=1,
        channel=Channel.SMS,
        address="+33639980720",
        thread="1/CORG90-1",
        recipient="contact:1",
        title="maire",
        lane=Lane.URGENT,
        body="Delle : accident.",
        state=MessageState.ACCEPTED,
        provider_id=SID,
        created_at=now,
        accepted_at=now,
        expires_at=now,
        due_at=now,
        is_followed_up=True,
    )


def _post(
    number: int,
    *,
    token: str = "",
    signed: dict[str, str] | None = None,
    signed_for: int | None = None,
    headers: dict[str, str] | None = None,
    **form: str,
) -> HttpResponse:
    """As Twilio posts it: signed for the public address."""
    form = {"MessageSid": SID, "AccountSid": settings.ENVIRONMENT.TWILIO_ACCOUNT_SID} | form
    validator = RequestValidator(token or settings.ENVIRONMENT.TWILIO_AUTH_TOKEN.get_secret_value())
    signature = validator.compute_signature(
        callback_url(signed_for or number), form if signed is None else signed
    )
    return Client(raise_request_exception=False).post(
        f"/api/v1/callbacks/twilio/{number}",
        form,
        headers={"X-Twilio-Signature": signature} | (headers or {}),
    )


def _state(message: Message) -> str:
    message.refresh_from_db()
    return message.state


def _lines() -> int:
    return Entry.objects.filter(step=Step.RECEIPT).count()


def test_a_genuine_receipt(message: Message) -> None:
    assert _post(message.pk, MessageStatus="delivered").status_code == 204
    assert _state(message) == MessageState.DELIVERED
    assert _lines() == 1


def test_the_signature_covers_the_public_address_whatever_host_the_proxy_names(
    message: Message, settings: object
) -> None:
    answer = _post(message.pk, MessageStatus="delivered")
    assert answer.status_code == 204
    assert answer.wsgi_request.get_host() == "testserver"
    assert callback_url(message.pk).startswith("http://127.0.0.1:1/")


def test_forwarded_headers_change_nothing(message: Message) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "ailleurs.example"}
    answer = _post(message.pk, headers=forwarded, MessageStatus="delivered")
    assert answer.status_code == 204
    assert _state(message) == MessageState.DELIVERED


def test_parameters_that_twilio_may_add_are_no_matter(message: Message) -> None:
    extra = {"RawDlrDoneDate": "2611220316", "ChannelToAddress": "+336XXXXXXXX", "Nouveau": "é"}
    assert _post(message.pk, MessageStatus="delivered", **extra).status_code == 204
    assert _state(message) == MessageState.DELIVERED


def test_a_forged_receipt_changes_nothing(message: Message) -> None:
    forged = [
        _post(message.pk, token="guessed", MessageStatus="delivered"),
        _post(message.pk, signed={"MessageStatus": "sent"}, MessageStatus="delivered"),
        _post(message.pk, signed={}, MessageStatus="delivered"),
        Client().post(f"/api/v1/callbacks/twilio/{message.pk}", {"MessageStatus": "undelivered"}),
    ]
    assert [answer.status_code for answer in forged] == [403] * 4
    assert _state(message) == MessageState.ACCEPTED
    assert _lines() == 0


def test_a_receipt_of_one_message_is_not_taken_for_another(message: Message) -> None:
    answer = _post(message.pk, signed_for=message.pk + 1, MessageStatus="delivered")
    assert answer.status_code == 403
    assert _state(message) == MessageState.ACCEPTED


def test_a_genuine_receipt_of_a_message_that_we_do_not_know() -> None:
    assert _post(987_654_321, MessageStatus="delivered").status_code == 404
    assert _lines() == 0


def test_a_number_that_no_database_holds() -> None:
    assert _post(10**30, MessageStatus="delivered").status_code == 404


@pytest.mark.parametrize("status", ["", "flown", "DELIVERED", "receiving"])
def test_a_status_that_is_none(message: Message, status: str) -> None:
    assert _post(message.pk, MessageStatus=status).status_code == 400
    assert _state(message) == MessageState.ACCEPTED
    assert _lines() == 0


def test_a_receipt_of_another_account(message: Message) -> None:
    answer = _post(message.pk, AccountSid="AC" + "f" * 32, MessageStatus="delivered")
    assert answer.status_code == 403
    assert _state(message) == MessageState.ACCEPTED


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_receipt_is_posted(message: Message, method: str) -> None:
    answer = Client().generic(method, f"/api/v1/callbacks/twilio/{message.pk}")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_replayed_it_stays_as_it_is_and_is_written_once(message: Message) -> None:
    for _ in range(3):
        assert _post(message.pk, MessageStatus="delivered").status_code == 204
    assert _state(message) == MessageState.DELIVERED
    assert _lines() == 1


@pytest.mark.parametrize("late", ["queued", "sent", "undelivered", "failed"])
def test_a_late_status_does_not_walk_backwards(message: Message, late: str) -> None:
    _post(message.pk, MessageStatus="delivered")
    assert _post(message.pk, MessageStatus=late).status_code == 204
    assert _state(message) == MessageState.DELIVERED
    assert _lines() == 1


def test_an_early_receipt_stands(message: Message) -> None:
    Message.objects.update(state=MessageState.SENDING, provider_id="", accepted_at=None)
    assert _post(message.pk, MessageStatus="delivered").status_code == 204
    assert _state(message) == MessageState.DELIVERED
    assert message.provider_id == SID
    assert _lines() == 1


@pytest.mark.parametrize(
    "other", [{"MessageSid": "SM" + "2" * 32}, {"MessageSid": ""}, {"To": "+33639980721"}]
)
@pytest.mark.parametrize("status", ["sent", "delivered", "undelivered"])
def test_a_receipt_of_another_text_changes_nothing(
    message: Message, caplog: pytest.LogCaptureFixture, other: dict[str, str], status: str
) -> None:
    """A first try that the provider had after all has its own number, under the same address."""
    assert _post(message.pk, MessageStatus=status, **other).status_code == 409
    assert _state(message) == MessageState.ACCEPTED
    assert (message.provider_id, _lines()) == (SID, 0)
    assert f"'message': {message.pk}" in caplog.text
    assert "+3363998" not in caplog.text


def test_a_receipt_to_another_phone_changes_nothing_though_it_be_early(message: Message) -> None:
    Message.objects.update(state=MessageState.SENDING, provider_id="", accepted_at=None)
    assert _post(message.pk, MessageStatus="delivered", To="+33639980721").status_code == 409
    assert _state(message) == MessageState.SENDING


def test_a_receipt_to_the_right_phone(message: Message) -> None:
    assert _post(message.pk, MessageStatus="delivered", To=message.address).status_code == 204
    assert _state(message) == MessageState.DELIVERED


def test_a_failure_keeps_its_code_and_says_it_in_french(message: Message) -> None:
    _post(message.pk, MessageStatus="undelivered", ErrorCode="30003")
    assert _state(message) == MessageState.UNDELIVERED
    assert message.error_code == "30003"
    line = Entry.objects.get(step=Step.RECEIPT)
    assert line.data["code"] == "30003"
    assert "980720" not in line.text


def test_a_sender_that_a_french_network_refuses_is_ours_to_mend(
    message: Message, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        _post(message.pk, MessageStatus="undelivered", ErrorCode="30042")
    assert "AF2M" in Entry.objects.get(step=Step.RECEIPT).text
    errors = [r for r in caplog.records if r.levelname == "ERROR"]
    assert len([r for r in errors if "our account or sender is refused" in r.getMessage()]) == 1


def test_undelivered_then_delivered_he_has_it(message: Message) -> None:
    assert _post(message.pk, MessageStatus="undelivered", ErrorCode="30008").status_code == 204
    assert _post(message.pk, MessageStatus="delivered").status_code == 204
    assert (_state(message), message.error_code) == (MessageState.DELIVERED, "")
    assert _lines() == 2


def test_read_is_a_state_of_its_own(message: Message) -> None:
    """By RCS; it may come before the receipt that says that the phone has it."""
    for status in ("read", "delivered", "read"):
        assert _post(message.pk, MessageStatus=status).status_code == 204
        assert _state(message) == MessageState.READ
    assert _lines() == 1


def test_a_text_of_which_a_part_came_has_not_come(message: Message) -> None:
    assert _post(message.pk, MessageStatus="partially_delivered").status_code == 204
    assert _state(message) == MessageState.UNDELIVERED


@pytest.mark.parametrize("code", ["x" * 500, "\x00", "é"])
def test_a_strange_error_code_does_not_lose_the_receipt(message: Message, code: str) -> None:
    assert _post(message.pk, MessageStatus="undelivered", ErrorCode=code).status_code == 204
    assert _state(message) == MessageState.UNDELIVERED


def test_a_strange_number_of_the_provider_does_not_lose_the_receipt(message: Message) -> None:
    Message.objects.update(state=MessageState.SENDING, provider_id="")
    answer = _post(message.pk, MessageSid="S\x00" + "M" * 500, MessageStatus="delivered")
    assert answer.status_code == 204
    assert _state(message) == MessageState.DELIVERED


def test_a_file_that_a_stranger_sends_is_never_read(message: Message) -> None:
    """It would be written to the disk before the signature could be looked at."""
    line = UnreadBody()
    answer = Client().generic(
        "POST",
        f"/api/v1/callbacks/twilio/{message.pk}",
        content_type="multipart/form-data; boundary=B",
        CONTENT_LENGTH=str(10**9),
        **{"wsgi.input": line},
    )
    assert answer.status_code == 413
    assert not line.was_read
    assert _state(message) == MessageState.ACCEPTED


class UnreadBody(io.BytesIO):
    """A request's body that remembers whether anybody asked for it."""

    was_read = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.was_read = True
        return super().read(size)
