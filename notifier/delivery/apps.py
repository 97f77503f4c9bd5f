from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "notifier.delivery"
    label = "delivery"
    verbose_name = "Acheminement"
