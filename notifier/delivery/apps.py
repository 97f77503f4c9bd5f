"""The Django application `delivery`."""

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """Stores messages, their attempts and pauses."""

    name = "notifier.delivery"
    label = "delivery"
    verbose_name = "Acheminement"
