"""Log-in to the administration: who may, and a record of every attempt."""

from ipaddress import ip_address
from typing import Any

import structlog
from axes.signals import user_locked_out
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest

from notifier.accounts.models import User
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)


class SuperuserLogin(AuthenticationForm):
    """Log in superusers only: nobody else has anything to see here."""

    def confirm_login_allowed(self, user: User) -> None:
        """Raise ValidationError, in French, for an account that may not enter."""
        super().confirm_login_allowed(user)
        if not is_superuser(user):
            raise ValidationError(
                "Ce compte n’est pas celui d’un superutilisateur : demandez-en un à l’exploitant "
                "du service (« notifier createsuperuser »).",
                code="not_superuser",
            )


def is_superuser(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether the account is an active superuser; no other right grants anything."""
    return isinstance(user, User) and user.is_active and user.is_superuser


def client_address(request: HttpRequest) -> str:
    """Return the address by which attempts are counted.

    `X-Forwarded-For` is trusted from a proxy on this machine alone, and of it only the last
    address, which the proxy has seen itself: the client wrote what stands before it.
    """
    seen: str = request.META.get("REMOTE_ADDR", "")
    if not _is_loopback(seen):
        return seen
    return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or seen


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


@receiver(user_logged_in)
def record_log_in(user: User, request: HttpRequest, **_: Any) -> None:
    """Write to the journal that the account logged in."""
    log.info("session opened", account=user.pk, address=client_address(request))
    _write(user, "session ouverte")


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
        _write(user, "ouverture de session refusée")


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
        _write(user, "ouverture de session bloquée après trop d’échecs")


def _write(user: User, what: str) -> None:
    write_entries([new_entry(None, Step.ACCESS, f"Compte n° {user.pk} : {what}.", account=user.pk)])
