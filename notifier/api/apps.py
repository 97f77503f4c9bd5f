"""The Django application of the HTTP API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The HTTP API has no models and no checks of its own."""

    name = "notifier.api"
    label = "api"
    verbose_name = "API"
