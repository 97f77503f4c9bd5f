from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "notifier.journal"
    label = "journal"
    verbose_name = "Journal"
