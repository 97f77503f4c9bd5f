"""The Django application `journal`."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    """Stores the journal and the counters."""

    name = "notifier.journal"
    label = "journal"
    verbose_name = "Journal"
