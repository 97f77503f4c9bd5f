"""The Django application `directory`."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    """Contacts of the communes."""

    name = "notifier.directory"
    label = "directory"
    verbose_name = "Annuaire"
