"""The Django application `ops`."""

from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Commands: up, demo, doctor, and the processes; stores nothing."""

    name = "notifier.ops"
    label = "ops"
    verbose_name = "Exploitation"
