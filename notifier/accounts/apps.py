"""The Django application `accounts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from notifier.delivery.models import Message


class AccountsConfig(AppConfig):
    """Accounts and roles."""

    name = "notifier.accounts"
    label = "accounts"
    verbose_name = "Comptes"

    def ready(self) -> None:
        """Connect what the journal of access is written from, and what a failed mail leaves."""
        from notifier.accounts.log_in import recording, sessions  # noqa: F401 - receivers connect
        from notifier.delivery.signals import delivery_failed

        delivery_failed.connect(_erase_private, dispatch_uid="accounts")


def _erase_private(message: Message, **_: object) -> None:
    from notifier.delivery.sending.record import erase_private

    erase_private([message])
