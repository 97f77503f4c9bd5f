"""A passkey, as a browser and its device make and use one (W3C Web Authentication, level 2)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor

# User present, user verified; a new key is attested.
_PROVED, _ATTESTED = 0x05, 0x40


def encoded(content: bytes) -> str:
    """Write bytes as the answers carry them."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Passkey:
    """One key of one account on a device that always finds its owner's finger."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._id = secrets.token_bytes(16)
        self._user = b""

    def register(self, options: dict[str, Any]) -> str:
        """Answer the options of a registration."""
        asked = options["publicKey"]
        self._user = _decoded(asked["user"]["id"])
        point = self._key.public_key().public_numbers()
        x, y = (one.to_bytes(32, "big") for one in (point.x, point.y))
        # RFC 9053: a point of P-256, for ES256.
        public = cbor.encode({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        held = bytes(16) + len(self._id).to_bytes(2, "big") + self._id + public
        data = _authenticator_data(asked["rp"]["id"], _PROVED | _ATTESTED) + held
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = _client_data("webauthn.create", asked["challenge"])
        return self._answer(client_data, attestationObject=encoded(attestation))

    def prove(self, options: dict[str, Any]) -> str:
        """Answer the options of a log-in."""
        asked = options["publicKey"]
        data = _authenticator_data(asked["rpId"], _PROVED)
        client_data = _client_data("webauthn.get", asked["challenge"])
        signed = data + hashlib.sha256(client_data).digest()
        signature = self._key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._answer(
            client_data,
            authenticatorData=encoded(data),
            signature=encoded(signature),
            userHandle=encoded(self._user),
        )

    def _answer(self, client_data: bytes, **parts: str) -> str:
        own = encoded(self._id)
        response = {"clientDataJSON": encoded(client_data), **parts}
        whole = {"id": own, "rawId": own, "type": "public-key", "response": response}
        return json.dumps({**whole, "clientExtensionResults": {"credProps": {"rk": True}}})


def _authenticator_data(relying_party: str, flags: int) -> bytes:
    return hashlib.sha256(relying_party.encode()).digest() + bytes([flags]) + bytes(4)


def _client_data(kind: str, challenge: str) -> bytes:
    data = {"type": kind, "challenge": challenge, "origin": "http://testserver"}
    return json.dumps(data).encode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
