"""The Django application `jobs`."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Stores the heartbeats of the processes."""

    name = "notifier.jobs"
    label = "jobs"
    verbose_name = "Processus"
