from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "notifier.intake"
    label = "intake"
    verbose_name = "Réception"
