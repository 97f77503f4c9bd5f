"""Signed requests: the Standard Webhooks specification, for sources that require it.

The header `webhook-signature` holds `v1,` + base64(HMAC-SHA256(secret, "id.timestamp.payload")),
several separated by spaces during a rotation. `signed_payload` makes the payload of a request, so
that a signature for one address, such as a dry run's, is invalid for another.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from secrets import token_bytes
from uuid import uuid4

# The specification leaves the tolerance open; its libraries allow five minutes.
TOLERANCE_S = 300


class SignatureRefusedError(Exception):
    """The signature is missing, wrong or too old. The message is French, for dispatch."""


def new_signing_secret() -> str:
    """Return a new secret, in the form that the specification gives it."""
    return "whsec_" + base64.b64encode(token_bytes(32)).decode()


def signed_payload(method: str, target: str, body: bytes) -> bytes:
    """Return what is signed: `POST /api/v1/interventions?dry_run=true`, a newline, the body.

    `target` is path and query, as in the request line.
    """
    return f"{method} {target}\n".encode() + body


def check_signature(secrets: Sequence[str], headers: Mapping[str, str], payload: bytes) -> str:
    """Return the message's id if one of the secrets signed the payload within five minutes.

    Raises SignatureRefusedError otherwise.
    """
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    absent = [name for name in names if not headers.get(name)]
    if absent:
        raise SignatureRefusedError(f"signature exigée : en-tête absent : {', '.join(absent)}")
    message_id, timestamp, signatures = (headers[name] for name in names)
    _refuse_old(timestamp)
    given = _decode_signatures(signatures)
    for secret in secrets:
        expected = _sign(secret, message_id, timestamp, payload)
        if any(hmac.compare_digest(expected, one) for one in given):
            return message_id
    raise SignatureRefusedError(
        "signature fausse : vérifiez le secret, et ce qui est signé : méthode, adresse et corps"
    )


def signed_headers(secret: str, payload: bytes) -> dict[str, str]:
    """Return the headers that sign this payload now, under a new id.

    Raises ValueError when `secret` is not a signing secret.
    """
    return signed_with([secret], f"msg_{uuid4()}", payload)


def signed_with(secrets: Sequence[str], message_id: str, payload: bytes) -> dict[str, str]:
    """Return the headers that sign this payload now, by each of the secrets.

    Raises ValueError where one is not a signing secret.
    """
    timestamp = str(int(datetime.now(UTC).timestamp()))
    signed = [_sign(secret, message_id, timestamp, payload) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signed),
    }


def _sign(secret: str, message_id: str, timestamp: str, payload: bytes) -> bytes:
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    return hmac.new(key, f"{message_id}.{timestamp}.".encode() + payload, hashlib.sha256).digest()


def _refuse_old(timestamp: str) -> None:
    now = datetime.now(UTC).timestamp()
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 13):
        raise SignatureRefusedError("webhook-timestamp : des secondes depuis 1970 sont attendues")
    if abs(now - int(timestamp)) > TOLERANCE_S:
        raise SignatureRefusedError(
            "webhook-timestamp : plus de 5 minutes d’écart ; vérifiez l’horloge"
        )


def _decode_signatures(signatures: str) -> list[bytes]:
    decoded = []
    for signature in signatures.split():
        version, _, value = signature.partition(",")
        try:
            if version == "v1":
                decoded.append(base64.b64decode(value, validate=True))
        except ValueError:
            continue  # not a signature at all: the others may be
    return decoded
