"""What allauth leaves to the service: whose address, which links, which words, how it is sealed."""

from __future__ import annotations

from typing import Any

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from notifier.accounts.log_in.client import client_address
from notifier.accounts.log_in.links import public_url
from notifier.accounts.log_in.proof import (
    DEVICES,
    has_provider_s_second_factor,
    is_proof_fresh,
    needs_second_factor,
)
from notifier.accounts.models import User
from notifier.intake.sealing import seal, unseal

_WRONG = "Identifiant ou mot de passe inexact. Vérifiez-les, ou demandez un nouveau mot de passe."
_WAYS = {
    "reauthenticate": "par le mot de passe",
    "mfa_reauthenticate": "par un code de l’application, ou de secours",
    "mfa_reauthenticate:webauthn": "par la clé d’accès",
}
_SLOWER = "Trop d’essais : attendez un quart d’heure, puis recommencez."


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an invitation or a command, found by name or e-mail."""

    error_messages: dict[str, Any] = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _WRONG,
        "email_password_mismatch": _WRONG,
        "incorrect_password": "Mot de passe inexact.",
        "incorrect_code": "Code inexact, déjà utilisé ou périmé.",
        "too_many_login_attempts": _SLOWER,
        "rate_limited": _SLOWER,
        "invalid_password_reset": "Ce lien a déjà servi ou n’est plus valable.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's form
        """Refuse: an account needs an invitation."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Check a password under the account's own name, however it was named.

        So failures are counted for the account, by axes, and not for each of its names.
        """
        typed = credentials.get("username") or credentials.get("email") or ""
        user = authenticate(request, username=_name_of(typed), password=credentials.get("password"))
        return user if isinstance(user, User) else None

    def get_login_stages(self) -> list[str]:
        """Ask for our second factor unless the provider has asked for two."""
        ours = {"allauth.mfa.stages.AuthenticateStage": f"{__name__}.SecondFactorStage"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Return the ways to confirm who is there, the provider's among them."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        methods = [one | {"description": _WAYS[one["id"]]} for one in methods]
        environment = settings.ENVIRONMENT
        if isinstance(user, User) and user.oidc_subject and environment.OIDC_ISSUER:
            url = reverse("oidc_init")
            methods.append(
                {"id": "oidc", "description": f"par {environment.OIDC_NAME}", "url": url}
            )
        return methods

    def logout(self, request: HttpRequest) -> None:
        """Close the session, and offer to close the provider's: a shared post keeps that open."""
        id_token = request.session.get("oidc_id_token")
        super().logout(request)
        if id_token:
            request.session["oidc_logout"] = id_token

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def is_safe_url(self, url: str | None) -> bool:
        """Allow a path of this service, and no other place."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link of a mail. `key`: as allauth joins account and token."""
        uid, _, token = key.partition("-")
        link = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})
        return public_url(link)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - allauth's form
        return reverse("console:account")

    def is_reauthentication_required(self, *, app: str, **_: Any) -> bool:  # noqa: ARG002 - allauth's form
        """Ask again what was proved too long ago, the log-in itself included."""
        return not is_proof_fresh(self.request)


class SecondFactorStage(AuthenticateStage):
    """Asks for our second factor, unless the provider of identities asked for two."""

    def _should_handle(self, request: HttpRequest) -> bool:
        user = self.login.user
        if isinstance(user, User) and has_provider_s_second_factor(request, user):
            return False
        return bool(super()._should_handle(request))


class MfaAdapter(DefaultMFAAdapter):
    """Secrets are sealed; the last device of whoever must have one stays."""

    error_messages: dict[str, Any] = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "Code inexact, déjà utilisé ou périmé.",
        "cannot_delete_authenticator": "C’est votre seul second facteur, et votre rôle en demande "
        "un : ajoutez-en d’abord un autre.",
        "cannot_generate_recovery_codes": "Les codes de secours remplacent un second facteur : "
        "ajoutez-en d’abord un.",
    }

    def get_totp_issuer(self) -> str:
        return "Alerte Maires"

    def build_totp_svg(self, url: str) -> str:
        """Return a QR code to be placed in the page, without a style of its own."""
        code = segno.make(url, error="m", micro=False)
        drawn: str = code.svg_inline(scale=5, border=4, svgclass="qr", lineclass=None, light="#fff")
        return drawn

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Refuse for the only device of whoever must have one; recovery codes are no device."""
        if authenticator.type not in DEVICES or not needs_second_factor(authenticator.user):
            return True
        others = Authenticator.objects.filter(user=authenticator.user, type__in=DEVICES)
        return others.exclude(pk=authenticator.pk).exists()


def _name_of(typed: str) -> str:
    """Return the name of the account that is meant by name or e-mail; else what was typed."""
    typed = typed.strip()
    names = User.objects.values_list("username", flat=True)
    ways = [{"username": typed}, {"username__iexact": typed}]
    ways += [{"email__iexact": typed}] if "@" in typed else []
    return next((name for way in ways for name in names.filter(**way)[:1]), typed)
