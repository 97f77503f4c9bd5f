"""The Django application that wakes workers and knows which of them run."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Stores the heartbeats of the processes."""

    name = "notifier.jobs"
    label = "jobs"
    verbose_name = "Processus"
