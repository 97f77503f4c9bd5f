"""The provider's receipts by HTTP: forged, replayed, early, unknown; each has its answer."""

import io
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from twilio.request_validator import RequestValidator

from notifier.delivery.models import Channel, Lane, Message, MessageState
from notifier.delivery.providers.twilio.provider import callback_url
from notifier.journal.models import Entry, Step
from tests.api.in_process import InProcessServer

pytestmark = pytest.mark.django_db

Make = Callable[..., Message]
SID = "SM" + "1" * 32


@pytest.fixture
def message() -> Message:
    """An SMS that the provider has accepted."""
    now = timezone.now()
    return Message.objects.create(
        channel=Channel.SMS,
        address="+33639980720",
        incident_id=1,
        recipient="person:1",
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


class Post(Protocol):
    """Posts a receipt of a message by its number, as Twilio does."""

    def __call__(
        self,
        number: int,
        *,
        token: str = "",
        signed: dict[str, str] | None = None,
        signed_for: int | None = None,
        headers: dict[str, str] | None = None,
        **form: str,
    ) -> HttpResponse: ...


FORM = "application/x-www-form-urlencoded"


@pytest.fixture(params=["server", "django"])
def post(request: pytest.FixtureRequest) -> Post:
    """Through the web process' own server, and through Django alone."""

    def through_server(path: str, body: bytes, headers: dict[str, str]) -> HttpResponse:
        server = InProcessServer()
        answer = server.request("POST", path, body, {"Content-Type": FORM} | headers)
        assert server.left_to_django == []
        return answer

    def through_django(path: str, body: bytes, headers: dict[str, str]) -> HttpResponse:
        client = Client(raise_request_exception=False)
        return client.generic("POST", path, body, content_type=FORM, headers=headers)

    through = through_server if request.param == "server" else through_django

    def post(
        number: int,
        *,
        token: str = "",
        signed: dict[str, str] | None = None,
        signed_for: int | None = None,
        headers: dict[str, str] | None = None,
        **form: str,
    ) -> HttpResponse:
        form = {"MessageSid": SID, "AccountSid": settings.ENVIRONMENT.TWILIO_ACCOUNT_SID} | form
        validator = RequestValidator(
            token or settings.ENVIRONMENT.TWILIO_AUTH_TOKEN.get_secret_value()
        )
        signature = validator.compute_signature(
            callback_url(signed_for or number), form if signed is None else signed
        )
        return through(
            f"/api/v1/callbacks/twilio/{number}",
            urlencode(form).encode(),
            {"X-Twilio-Signature": signature} | (headers or {}),
        )

    return post


def _state(message: Message) -> str:
    message.refresh_from_db()
    return message.state


def _lines() -> int:
    return Entry.objects.filter(step=Step.RECEIPT).count()


def test_a_genuine_receipt(post: Post, message: Message) -> None:
    assert post(message.pk, MessageStatus="delivered").status_code == 204
    assert _state(message) == MessageState.DELIVERED
    assert _lines() == 1


def test_the_signature_covers_the_public_address_whatever_host_the_proxy_names(
    post: Post, message: Message
) -> None:
    assert callback_url(message.pk).startswith("http://127.0.0.1:1/")
    answer = post(message.pk, headers={"Host": "localhost:8000"}, MessageStatus="delivered")
    assert answer.status_code == 204
    assert _state(message) == MessageState.DELIVERED


def test_forwarded_headers_change_nothing(post: Post, message: Message) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "ailleurs.example"}
    answer = post(message.pk, headers=forwarded, MessageStatus="delivered")
    assert answer.status_code == 204
    assert _state(message) == MessageState.DELIVERED


def test_parameters_that_twilio_may_add_are_no_matter(post: Post, message: Message) -> None:
    extra = {"RawDlrDoneDate": "2611220316", "ChannelToAddress": "+336XXXXXXXX", "Nouveau": "é"}
    assert post(message.pk, MessageStatus="delivered", **extra).status_code == 204
    assert _state(message) == MessageState.DELIVERED


def test_a_forged_receipt_changes_nothing(post: Post, message: Message) -> None:
    forged = [
        post(message.pk, token="guessed", MessageStatus="delivered"),
        post(message.pk, signed={"MessageStatus": "sent"}, MessageStatus="delivered"),
        post(message.pk, signed={}, MessageStatus="delivered"),
        Client().post(f"/api/v1/callbacks/twilio/{message.pk}", {"MessageStatus": "undelivered"}),
    ]
    assert [answer.status_code for answer in forged] == [403] * 4
    assert _state(message) == MessageState.ACCEPTED
    assert _lines() == 0


def test_a_receipt_of_one_message_is_not_taken_for_another(post: Post, message: Message) -> None:
    answer = post(message.pk, signed_for=message.pk + 1, MessageStatus="delivered")
    assert answer.status_code == 403
    assert _state(message) == MessageState.ACCEPTED


def test_a_genuine_receipt_of_a_message_that_we_do_not_know(post: Post) -> None:
    assert post(987_654_321, MessageStatus="delivered").status_code == 404
    assert _lines() == 0


def test_a_number_that_no_database_holds(post: Post) -> None:
    assert post(10**30, MessageStatus="delivered").status_code == 404


@pytest.mark.parametrize("status", ["", "flown", "DELIVERED", "receiving"])
def test_a_status_that_is_none(post: Post, message: Message, status: str) -> None:
    assert post(message.pk, MessageStatus=status).status_code == 400
    assert _state(message) == MessageState.ACCEPTED
    assert _lines() == 0


def test_a_receipt_of_another_account(post: Post, message: Message) -> None:
    answer = post(message.pk, AccountSid="AC" + "f" * 32, MessageStatus="delivered")
    assert answer.status_code == 403
    assert _state(message) == MessageState.ACCEPTED


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_receipt_is_posted(message: Message, method: str) -> None:
    answer = Client().generic(method, f"/api/v1/callbacks/twilio/{message.pk}")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_replayed_it_stays_as_it_is_and_is_written_once(post: Post, message: Message) -> None:
    for _ in range(3):
        assert post(message.pk, MessageStatus="delivered").status_code == 204
    assert _state(message) == MessageState.DELIVERED
    assert _lines() == 1


@pytest.mark.parametrize("late", ["queued", "sent", "undelivered", "failed"])
def test_a_late_status_does_not_walk_backwards(post: Post, message: Message, late: str) -> None:
    post(message.pk, MessageStatus="delivered")
    assert post(message.pk, MessageStatus=late).status_code == 204
    assert _state(message) == MessageState.DELIVERED
    assert _lines() == 1


def test_an_early_receipt_stands(post: Post, message: Message) -> None:
    Message.objects.update(state=MessageState.SENDING, provider_id="", accepted_at=None)
    assert post(message.pk, MessageStatus="delivered").status_code == 204
    assert _state(message) == MessageState.DELIVERED
    assert message.provider_id == SID
    assert _lines() == 1


@pytest.mark.parametrize(
    "other", [{"MessageSid": "SM" + "2" * 32}, {"MessageSid": ""}, {"To": "+33639980721"}]
)
@pytest.mark.parametrize("status", ["sent", "delivered", "undelivered"])
def test_a_receipt_of_another_text_changes_nothing(
    post: Post,
    message: Message,
    caplog: pytest.LogCaptureFixture,
    other: dict[str, str],
    status: str,
) -> None:
    """A first try that the provider had after all has its own number, under the same address."""
    assert post(message.pk, MessageStatus=status, **other).status_code == 409
    assert _state(message) == MessageState.ACCEPTED
    assert (message.provider_id, _lines()) == (SID, 0)
    assert f"'message': {message.pk}" in caplog.text
    assert "+3363998" not in caplog.text


def test_a_receipt_to_another_phone_changes_nothing_though_it_be_early(
    post: Post, message: Message
) -> None:
    Message.objects.update(state=MessageState.SENDING, provider_id="", accepted_at=None)
    assert post(message.pk, MessageStatus="delivered", To="+33639980721").status_code == 409
    assert _state(message) == MessageState.SENDING


def test_a_receipt_to_the_right_phone(post: Post, message: Message) -> None:
    assert post(message.pk, MessageStatus="delivered", To=message.address).status_code == 204
    assert _state(message) == MessageState.DELIVERED


def test_a_failure_keeps_its_code_and_says_it_in_french(post: Post, message: Message) -> None:
    post(message.pk, MessageStatus="undelivered", ErrorCode="30003")
    assert _state(message) == MessageState.UNDELIVERED
    assert message.error_code == "30003"
    line = Entry.objects.get(step=Step.RECEIPT)
    assert line.data["code"] == "30003"
    assert "980720" not in line.text


def test_a_sender_that_a_french_network_refuses_is_ours_to_mend(
    post: Post, message: Message, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        post(message.pk, MessageStatus="undelivered", ErrorCode="30042")
    assert "AF2M" in Entry.objects.get(step=Step.RECEIPT).text
    errors = [r for r in caplog.records if r.levelname == "ERROR"]
    assert len([r for r in errors if "our account or sender is refused" in r.getMessage()]) == 1


def test_undelivered_then_delivered_he_has_it(post: Post, message: Message) -> None:
    assert post(message.pk, MessageStatus="undelivered", ErrorCode="30008").status_code == 204
    assert post(message.pk, MessageStatus="delivered").status_code == 204
    assert (_state(message), message.error_code) == (MessageState.DELIVERED, "")
    assert _lines() == 2


def test_read_is_a_state_of_its_own(post: Post, message: Message) -> None:
    """By RCS; it may come before the receipt that says that the phone has it."""
    for status in ("read", "delivered", "read"):
        assert post(message.pk, MessageStatus=status).status_code == 204
        assert _state(message) == MessageState.READ
    assert _lines() == 1


def test_a_text_of_which_a_part_came_has_not_come(post: Post, message: Message) -> None:
    assert post(message.pk, MessageStatus="partially_delivered").status_code == 204
    assert _state(message) == MessageState.UNDELIVERED


@pytest.mark.parametrize("code", ["x" * 500, "\x00", "é"])
def test_a_strange_error_code_does_not_lose_the_receipt(
    post: Post, message: Message, code: str
) -> None:
    assert post(message.pk, MessageStatus="undelivered", ErrorCode=code).status_code == 204
    assert _state(message) == MessageState.UNDELIVERED


def test_a_strange_number_of_the_provider_does_not_lose_the_receipt(
    post: Post, message: Message
) -> None:
    Message.objects.update(state=MessageState.SENDING, provider_id="")
    answer = post(message.pk, MessageSid="S\x00" + "M" * 500, MessageStatus="delivered")
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
