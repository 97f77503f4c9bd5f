from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "notifier.api"
    label = "api"
    verbose_name = "API"
