"""Log-in by an OpenID Connect provider, such as ProConnect, of people who have an account here.

What the provider says opens an account that was invited; it makes none, and gives no right. The
account is found by the person's number there; the first time, by an address that the provider
vouches for, which links the two.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
import requests
import structlog
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from notifier.accounts.access_log import record_access
from notifier.accounts.models import User

log = structlog.get_logger(__name__)

TIMEOUT_S = 10
_KEPT_S = 3600
SECOND_FACTOR = "oidc_second_factor"


@dataclass(frozen=True)
class Provider:
    """The provider's addresses, as it publishes them."""

    issuer: str
    authorization: str
    token: str
    userinfo: str
    keys: str
    end_session: str


def provider() -> Provider:
    """Return the provider that is configured. Raises requests.RequestException, KeyError."""
    return _discover(settings.ENVIRONMENT.OIDC_ISSUER, int(time.time() // _KEPT_S))


@lru_cache(maxsize=2)
def _discover(issuer: str, _hour: int) -> Provider:
    answer = requests.get(
        f"{issuer}/.well-known/openid-configuration",
        timeout=TIMEOUT_S,
        verify=_authorities(),
    )
    answer.raise_for_status()
    said: dict[str, str] = answer.json()
    return Provider(
        said["issuer"],
        said["authorization_endpoint"],
        said["token_endpoint"],
        said["userinfo_endpoint"],
        said["jwks_uri"],
        said.get("end_session_endpoint", ""),
    )


def _authorities() -> str | bool:
    ca_file = settings.ENVIRONMENT.CA_FILE
    return str(ca_file) if ca_file else True


def oidc_setting(name: str, *default: Any) -> Any:
    """Return what mozilla-django-oidc asks for: from the environment and the provider's page."""
    environment = settings.ENVIRONMENT
    known: dict[str, Any] = {
        "OIDC_RP_CLIENT_ID": environment.OIDC_CLIENT_ID,
        "OIDC_RP_CLIENT_SECRET": environment.OIDC_CLIENT_SECRET.get_secret_value(),
        "OIDC_RP_SIGN_ALGO": environment.OIDC_ALGORITHM,
        "OIDC_RP_IDP_SIGN_KEY": None,
        "OIDC_RP_SCOPES": "openid email",
        "OIDC_USE_PKCE": True,
        "OIDC_STORE_ID_TOKEN": True,
        "OIDC_TIMEOUT": TIMEOUT_S,
        "OIDC_VERIFY_SSL": _authorities(),
        "OIDC_AUTHENTICATION_CALLBACK_URL": "oidc_callback",
        "LOGIN_REDIRECT_URL_FAILURE": "/connexion",
    }
    if name in known:
        return known[name]
    addresses = {
        "OIDC_OP_AUTHORIZATION_ENDPOINT": "authorization",
        "OIDC_OP_TOKEN_ENDPOINT": "token",
        "OIDC_OP_USER_ENDPOINT": "userinfo",
        "OIDC_OP_JWKS_ENDPOINT": "keys",
    }
    if name in addresses:
        return getattr(provider(), addresses[name])
    return getattr(settings, name, *default)


# What a wrong answer raises somewhere below.
_REFUSALS = (
    jwt.PyJWTError, requests.RequestException, SuspiciousOperation, KeyError, TypeError, ValueError,
)  # fmt: skip


class OidcBackend(OIDCAuthenticationBackend):  # type: ignore[misc] # the library is not annotated
    """Find the account that the provider speaks of."""

    get_settings = staticmethod(oidc_setting)

    def __init__(self) -> None:
        """Ask nobody yet: Django makes each backend anew for each log-in and each request."""
        self.UserModel = User

    def authenticate(self, request: HttpRequest | None, **kwargs: Any) -> User | None:
        """Return the account; None where the answer is not one of a log-in that began here."""
        if request is None or "nonce" not in kwargs:
            return None
        super().__init__()
        try:
            found = super().authenticate(request, **kwargs)
        except _REFUSALS as error:
            log.warning("log-in by the provider refused", reason=type(error).__name__)
            return None
        return found if isinstance(found, User) else None

    def get_user(self, user_id: int) -> User | None:
        """Return the account of an open session, while it is active."""
        found = ModelBackend().get_user(user_id)
        return found if isinstance(found, User) else None

    def verify_token(self, token: str, **kwargs: Any) -> dict[str, Any]:
        """Check the signature, then from whom it comes, for whom, and that it has not expired."""
        said: dict[str, Any] = super().verify_token(token, **kwargs)
        audience = said.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if said.get("iss") != provider().issuer or self.OIDC_RP_CLIENT_ID not in audiences:
            raise SuspiciousOperation("a token for somebody else")
        return said

    def retrieve_matching_jwk(self, token: str) -> jwt.PyJWK:
        """Return the one key that the token names, or the only one that can have signed it."""
        header = jwt.get_unverified_header(token)
        answer = requests.get(provider().keys, timeout=TIMEOUT_S, verify=_authorities())
        answer.raise_for_status()
        fitting = [
            key
            for key in answer.json()["keys"]
            if key.get("kid") == header.get("kid", key.get("kid"))
            and key.get("alg", header["alg"]) == header["alg"]
            and key.get("use", "sig") == "sig"
        ]
        if len(fitting) != 1:
            raise SuspiciousOperation("no key of the provider's signed this")
        return jwt.PyJWK(fitting[0], header["alg"])

    def get_or_create_user(
        self, access_token: str, id_token: str, payload: dict[str, Any]
    ) -> User | None:
        """Return the account of the person; none is ever made."""
        claims = self.get_userinfo(access_token, id_token, payload)
        if not payload.get("sub") or claims.get("sub") != payload["sub"]:
            raise SuspiciousOperation("userinfo about somebody else")
        user = _account(payload["sub"], claims)
        if user is not None:
            wanted = settings.ENVIRONMENT.OIDC_SECOND_FACTOR_ACR.split(",")
            proved = str(payload.get("acr") or "")
            self.request.session[SECOND_FACTOR] = bool(proved) and proved in map(str.strip, wanted)
        return user


def _account(subject: str, claims: dict[str, Any]) -> User | None:
    """Return the account with this number there; else link the one with the address."""
    active = User.objects.filter(is_active=True)
    linked = active.filter(oidc_subject=subject).first()
    if linked is not None:
        return linked
    vouched = claims.get("email_verified", settings.ENVIRONMENT.OIDC_EMAIL_IS_VERIFIED) in (
        True,
        "true",
    )
    email = str(claims.get("email") or "")
    if not email or not vouched:
        return None
    found = active.filter(email__iexact=email, oidc_subject="").first()
    if found is None:
        return None
    if not User.objects.filter(pk=found.pk, oidc_subject="").update(oidc_subject=subject):
        return None
    record_access(found, "compte lié au fournisseur d’identité")
    return found
