"""The Django application `console`."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Commands and administration; stores nothing of its own."""

    name = "notifier.console"
    label = "console"
    verbose_name = "Console"
