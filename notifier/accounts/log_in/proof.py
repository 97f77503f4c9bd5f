"""How a session proved whose it is: by which means, and how long ago.

The proofs stand in the session, where allauth notes each password, code and passkey; a session that
proved nothing, such as one that a test opens, may not do what asks for a proof.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from notifier.accounts.models import User
from notifier.accounts.roles import Permission

# How long a proof permits exports, changes of roles and of keys without another one.
PROOF_LASTS = timedelta(minutes=10)
# The log-in of another service; the proof says whether it asked for two factors.
OIDC = "oidc"
_PROVING = ("password", "mfa", OIDC)
# Recovery codes only stand in for one of these.
DEVICES = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_proof_fresh(request: HttpRequest) -> bool:
    """Return whether the person at this session proved who they are within PROOF_LASTS."""
    last = max((proof["at"] for proof in _proofs(request)), default=0.0)
    return time.time() - last < PROOF_LASTS.total_seconds()


def has_second_factor(request: HttpRequest) -> bool:
    """Return whether this session was opened, or confirmed since, with two factors."""
    return any(proof["method"] == "mfa" or proof.get("second_factor") for proof in _proofs(request))


def has_provider_s_second_factor(request: HttpRequest, user: User) -> bool:
    """Return whether another service has just asked this person for two factors."""
    return any(proof.get("second_factor") for proof in get_authentication_records(request, user))


def needs_second_factor(user: User | AnonymousUser) -> bool:
    """Return whether the account may see addresses, or may everything."""
    # Every process passes here, for the receivers of `recording.py`; a scope is slow to load.
    from notifier.accounts.scope import scope_of

    scope = scope_of(user)
    return scope.is_platform or scope.has(Permission.SEE_ADDRESSES)


def has_device(user: User) -> bool:
    """Return whether the account has a second factor, used in this session or not."""
    return Authenticator.objects.filter(user=user, type__in=DEVICES).exists()


def note_proof(request: HttpRequest, user: User, method: str, **details: Any) -> None:
    """Note in the session that the person just proved who they are."""
    record_authentication(request, user, method, **details)


def _proofs(request: HttpRequest) -> list[dict[str, Any]]:
    if not isinstance(request.user, User):
        return []
    records = get_authentication_records(request, request.user)
    return [record for record in records if record.get("method") in _PROVING]
