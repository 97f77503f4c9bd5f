"""The authenticator application of the simulated telephone: six digits per account (RFC 6238)."""

from __future__ import annotations

import base64
import hmac
import time

PERIOD_S = 30
_DIGITS = 6


def current_code(secret: str, at: float | None = None) -> str:
    """Return the code of a base32 secret at a Unix time, now where none is given.

    Raises binascii.Error for what is no base32.
    """
    counter = int(time.time() if at is None else at) // PERIOD_S
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, counter.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def seconds_left(at: float | None = None) -> int:
    """Return for how many seconds the code still holds."""
    return PERIOD_S - int(time.time() if at is None else at) % PERIOD_S
