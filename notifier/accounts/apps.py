"""The Django application `accounts`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Accounts and roles."""

    name = "notifier.accounts"
    label = "accounts"
    verbose_name = "Comptes"
