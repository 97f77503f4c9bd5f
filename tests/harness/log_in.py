"""Sessions of people, opened as by a password and a second factor, or in a real log-in."""

from __future__ import annotations

import base64
import hmac
import re
import struct
import time
from typing import Any

from django.test import Client, TestCase


def prove_forced_log_ins() -> None:
    """Let `force_login` open a session that just proved itself with two factors."""
    from allauth.usersessions.models import UserSession

    log_in = Client._login  # type: ignore[attr-defined] # what both ways of logging in end in

    def log_in_with_proof(client: Client, user: Any, backend: str | None = None) -> None:
        log_in(client, user, backend)
        key = client.session.session_key
        UserSession.objects.create(user=user, ip="127.0.0.1", session_key=key)
        prove(client)

    Client._login = log_in_with_proof  # type: ignore[attr-defined]


def prove(client: Client, *methods: str, age_s: float = 0.0) -> None:
    """Let the session look as if its person gave these proofs so long ago; none: both factors."""
    session = client.session
    session["account_authentication_methods"] = [
        {"method": method, "at": time.time() - age_s} for method in methods or ("password", "mfa")
    ]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()


def totp_code(secret: str, *, steps: int = 0) -> str:
    """Return the code that an application shows now, or so many steps of 30 s later (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time() // 30) + steps)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def set_up_totp(client: Client) -> str:
    """Add an application of codes, as a person does who has just logged in; return its secret."""
    page = client.get("/compte/second-facteur/application").content.decode()
    (secret,) = re.findall(r"<code>([A-Z2-7]{32})</code>", page)
    typed = {"code": totp_code(secret)}
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = client.post("/compte/second-facteur/application", typed)
    # What waits for a commit comes before the answer outside of a test's transaction.
    answer.wsgi_request.session.save()
    assert answer.headers["Location"] == "/compte/second-facteur/secours", answer.content
    return str(secret)
