"""The Django application `accounts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from notifier.delivery.models import Message
    from notifier.directory.models import Organisation


class AccountsConfig(AppConfig):
    """Accounts and roles."""

    name = "notifier.accounts"
    label = "accounts"
    verbose_name = "Comptes"

    def ready(self) -> None:
        """Connect what the journal of access is written from, and what a failed mail leaves."""
        from notifier.accounts.log_in import recording, sessions  # noqa: F401 - receivers connect
        from notifier.alerting.administrators import asking_administrators
        from notifier.delivery.signals import delivery_failed

        asking_administrators.connect(_mailboxes_of, dispatch_uid="accounts")
        delivery_failed.connect(_erase_private, dispatch_uid="accounts")


def _erase_private(message: Message, **_: object) -> None:
    from notifier.delivery.sending.record import erase_private

    erase_private([message])


def _mailboxes_of(
    departement: str = "", organisation: Organisation | None = None, **_: object
) -> list[str]:
    from django.utils import timezone

    from notifier.accounts.scope import (
        administrators_of,
        administrators_of_organisation,
        administrators_of_platform,
    )

    today = timezone.localdate()
    if organisation is not None:
        found = administrators_of_organisation(organisation, today)
    elif departement:
        found = administrators_of(departement, today)
    else:
        found = administrators_of_platform()
    return list(found.exclude(email="").values_list("email", flat=True))
