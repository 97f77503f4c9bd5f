"""Signed sources: what the independent library signs is taken, anything else is refused."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from notifier.intake.access.signature import (
    SignatureRefusedError,
    check_signature,
    signed_headers,
    signed_payload,
)
from tests.intake.samples import body

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = json.dumps(body()).encode()


def _signed(secret: str = SECRET, *, at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    signature = Webhook(secret).sign("msg_1", at, BODY.decode())
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def test_a_signature_of_the_independent_library_is_taken() -> None:
    check_signature([SECRET], _signed(), BODY)


def test_the_independent_library_takes_what_we_sign() -> None:
    assert Webhook(SECRET).verify(BODY, signed_headers(SECRET, BODY)) == json.loads(BODY)


def test_method_path_query_and_body_are_signed_as_the_request_line_has_them() -> None:
    signed = signed_payload("POST", "/api/v1/interventions?dry_run=true", b"{}")
    assert signed == b"POST /api/v1/interventions?dry_run=true\n{}"


def test_the_signed_id_is_told() -> None:
    assert check_signature([SECRET], _signed(), BODY) == "msg_1"


def test_either_secret_opens_while_one_replaces_the_other() -> None:
    other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    assert check_signature([other, SECRET], _signed(), BODY)
    assert check_signature([other, SECRET], _signed(other), BODY)


def test_one_of_several_signatures_is_enough() -> None:
    headers = _signed()
    other = _signed("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")["webhook-signature"]
    headers["webhook-signature"] = f"v1a,abc {other} {headers['webhook-signature']}"
    check_signature([SECRET], headers, BODY)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    headers = _signed()
    del headers[name]
    with pytest.raises(SignatureRefusedError, match=f"en-tête absent : {name}"):
        check_signature([SECRET], headers, BODY)


def test_another_secret() -> None:
    headers = _signed("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
    with pytest.raises(SignatureRefusedError, match="signature fausse"):
        check_signature([SECRET], headers, BODY)


def test_a_body_changed_on_the_way() -> None:
    with pytest.raises(SignatureRefusedError, match="signature fausse"):
        check_signature([SECRET], _signed(), BODY.replace(b"90033", b"90010"))


def test_an_id_changed_on_the_way() -> None:
    with pytest.raises(SignatureRefusedError, match="signature fausse"):
        check_signature([SECRET], _signed() | {"webhook-id": "msg_2"}, BODY)


def test_a_time_changed_on_the_way() -> None:
    later = str(int(datetime.now(UTC).timestamp()) + 60)
    with pytest.raises(SignatureRefusedError, match="signature fausse"):
        check_signature([SECRET], _signed() | {"webhook-timestamp": later}, BODY)


@pytest.mark.parametrize("away", [timedelta(minutes=-6), timedelta(minutes=6)])
def test_a_signature_more_than_five_minutes_away(away: timedelta) -> None:
    with pytest.raises(SignatureRefusedError, match="plus de 5 minutes"):
        check_signature([SECRET], _signed(at=datetime.now(UTC) + away), BODY)


@pytest.mark.parametrize("away", [timedelta(minutes=-4), timedelta(minutes=4)])
def test_a_clock_four_minutes_wrong_is_forgiven(away: timedelta) -> None:
    check_signature([SECRET], _signed(at=datetime.now(UTC) + away), BODY)


@pytest.mark.parametrize("timestamp", ["hier", "-1", "1e9", "²", "9" * 400, "1795000000.5"])
def test_a_time_that_is_no_number_of_seconds(timestamp: str) -> None:
    with pytest.raises(SignatureRefusedError, match="secondes depuis 1970"):
        check_signature([SECRET], _signed() | {"webhook-timestamp": timestamp}, BODY)


@pytest.mark.parametrize("signature", ["v1", "v1,", "v1,é", "v1,***", "v2,AAAA", "AAAA", "v1,AAAA"])
def test_what_is_no_signature_at_all(signature: str) -> None:
    with pytest.raises(SignatureRefusedError, match="signature fausse"):
        check_signature([SECRET], _signed() | {"webhook-signature": signature}, BODY)
