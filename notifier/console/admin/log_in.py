"""Opening a session: who may, what a password has to be, and a trace of every attempt."""

from ipaddress import ip_address
from typing import Any

import structlog
from axes.signals import user_locked_out
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest

from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

# The journal's thread of everything that concerns accounts; no source's begins with a slash.
ACCOUNTS = "/comptes"


class SuperuserLogin(AuthenticationForm):
    """Opens a session for superusers only: nobody else has anything to see here."""

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
    """Whether the account is a superuser's in use; no other right opens anything."""
    return isinstance(user, User) and user.is_active and user.is_superuser


def client_address(request: HttpRequest) -> str:
    """The address that attempts are counted by.

    `X-Forwarded-For` is believed of a proxy on this machine alone, and of it only the last address,
    which the proxy has seen itself: what stands before it is the client's own word.
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
def opened(user: User, request: HttpRequest, **_: Any) -> None:
    """Write into the journal that the account opened a session."""
    log.info("session opened", account=user.pk, address=client_address(request))
    _write(user, "session ouverte")


@receiver(user_login_failed)
def refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """Log an attempt that failed; into the journal only that on an account that exists.

    The name is not repeated: people type passwords into that field. And the journal, which nobody
    can erase, is not for strangers to fill: locking bounds what can be tried on one account.
    """
    user = User.objects.filter(username=credentials.get("username") or "").first()
    address = client_address(request) if request else ""
    log.warning("session refused", account=user.pk if user else None, address=address)
    if user:
        _write(user, "ouverture de session refusée")


@receiver(user_locked_out)
def locked(request: HttpRequest, username: str, **_: Any) -> None:
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
    write_entries(
        [new_entry(ACCOUNTS, Step.ACCESS, f"Compte n° {user.pk} : {what}.", account=user.pk)]
    )
