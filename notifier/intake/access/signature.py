"""Signed requests: the Standard Webhooks specification, for sources that require it.

The header `webhook-signature` holds `v1,` + base64(HMAC-SHA256(secret, "id.timestamp.payload")),
several separated by spaces while a secret is being changed. The payload is what `signed_payload`
makes of a request, so that what was signed for one address, a dry run's say, proves nothing at
another.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import uuid4

# The specification leaves the tolerance open; its libraries allow five minutes.
TOLERANCE_S = 300


class SignatureRefusedError(Exception):
    """The signature is missing, wrong or too old. The message is French, for dispatch."""


def signed_payload(method: str, target: str, body: bytes) -> bytes:
    """What is signed of a request: `POST /api/v1/interventions?dry_run=true`, a newline, the body.

    `target` is path and query, as the request line has them.
    """
    return f"{method} {target}\n".encode() + body


def check_signature(secrets: Sequence[str], headers: Mapping[str, str], payload: bytes) -> str:
    """The message's id, once one of the secrets has signed the payload within five minutes.

    Raises SignatureRefusedError otherwise.
    """
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    absent = [name for name in names if not headers.get(name)]
    if absent:
        raise SignatureRefusedError(f"signature exigée : en-tête absent : {', '.join(absent)}")
    message_id, timestamp, signatures = (headers[name] for name in names)
    _refuse_old(timestamp)
    given = _decoded(signatures)
    for secret in secrets:
        expected = _signature(secret, message_id, timestamp, payload)
        if any(hmac.compare_digest(expected, one) for one in given):
            return message_id
    raise SignatureRefusedError(
        "signature fausse : vérifiez le secret, et ce qui est signé : méthode, adresse et corps"
    )


def signed_headers(secret: str, payload: bytes) -> dict[str, str]:
    """The headers that sign this payload now, under an id of its own.

    Raises ValueError when `secret` is none that a source could have been given.
    """
    message_id, timestamp = f"msg_{uuid4()}", str(int(datetime.now(UTC).timestamp()))
    signature = base64.b64encode(_signature(secret, message_id, timestamp, payload)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def _signature(secret: str, message_id: str, timestamp: str, payload: bytes) -> bytes:
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


def _decoded(signatures: str) -> list[bytes]:
    decoded = []
    for signature in signatures.split():
        version, _, value = signature.partition(",")
        try:
            if version == "v1":
                decoded.append(base64.b64decode(value, validate=True))
        except ValueError:
            continue  # not a signature at all: the others may be
    return decoded
