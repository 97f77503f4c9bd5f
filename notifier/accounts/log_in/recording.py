"""Write each log-in, failure, lock-out and change of a factor to the journal (signal receivers)."""

from __future__ import annotations

from typing import Any

import structlog
from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
    authenticator_used,
)
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from notifier.accounts.access_log import record_access
from notifier.accounts.log_in.client import client_address
from notifier.accounts.log_in.proof import note_proof
from notifier.accounts.models import User

log = structlog.get_logger(__name__)

_FACTORS: dict[str, str] = {
    Authenticator.Type.TOTP: "application de codes",
    Authenticator.Type.WEBAUTHN: "clé d’accès",
    Authenticator.Type.RECOVERY_CODES: "codes de secours",
}


@receiver(user_logged_in)
def record_log_in(user: User, request: HttpRequest, **_: Any) -> None:
    """Write to the journal that the account logged in."""
    log.info("session opened", account=user.pk, address=client_address(request))
    record_access(user, "session ouverte")


@receiver(user_logged_out)
def record_log_out(user: User | None, **_: Any) -> None:
    """Write to the journal that the account's session was closed."""
    if user is not None:
        record_access(user, "session fermée")


@receiver(user_login_failed)
def record_refusal(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    """Log a failed attempt; write it to the journal only for an account that exists.

    The name is not repeated: people type passwords into that field. And the journal, which nobody
    can erase, is not for strangers to fill: locking limits the attempts on one account.
    """
    user = User.objects.filter(username=credentials.get("username") or "").first()
    address = client_address(request) if request else ""
    log.warning("session refused", account=user.pk if user else None, address=address)
    if user:
        # Whoever is logged in already only has to confirm it.
        is_open = request is not None and request.user.is_authenticated
        record_access(
            user,
            "mot de passe refusé à une confirmation" if is_open else "ouverture de session refusée",
        )


@receiver(user_locked_out)
def record_lockout(request: HttpRequest, username: str, **_: Any) -> None:
    """Log that an address may no longer try this account for a while."""
    user = User.objects.filter(username=username or "").first()
    log.warning(
        "log-in locked: too many failures",
        account=user.pk if user else None,
        address=client_address(request),
    )
    if user:
        record_access(user, "ouverture de session bloquée après trop d’échecs")


@receiver(authentication_failed)
def record_wrong_code(user: User, request: HttpRequest, **_: Any) -> None:
    """Write a wrong code of the second factor, at the log-in or at a confirmation."""
    log.warning("second factor refused", account=user.pk, address=client_address(request))
    record_access(user, "second facteur refusé")


@receiver(authenticator_used)
def record_factor_used(user: User, authenticator: Authenticator, **_: Any) -> None:
    """Write which second factor was accepted."""
    record_access(user, f"second facteur accepté ({_FACTORS[authenticator.type]})")


@receiver(authenticator_added)
def record_factor_added(
    user: User, request: HttpRequest, authenticator: Authenticator, **_: Any
) -> None:
    """Write that a second factor was added; whoever added it has just used it."""
    record_access(user, f"second facteur ajouté ({_FACTORS[authenticator.type]})")
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        note_proof(request, user, "mfa", type=authenticator.type, id=authenticator.pk)


@receiver(authenticator_removed)
def record_factor_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    """Write that a second factor was removed."""
    record_access(user, f"second facteur retiré ({_FACTORS[authenticator.type]})")


@receiver(authenticator_reset)
def record_codes_renewed(user: User, **_: Any) -> None:
    """Write that the recovery codes were made anew, the former ones void."""
    record_access(user, "codes de secours renouvelés")


@receiver([password_changed, password_set])
def record_new_password(user: User, **_: Any) -> None:
    """Write that the person changed the password."""
    record_access(user, "mot de passe changé")


@receiver(password_reset)
def record_reset_password(user: User, **_: Any) -> None:
    """Write that the password was set anew by the link of a mail."""
    record_access(user, "mot de passe réinitialisé par courriel")
