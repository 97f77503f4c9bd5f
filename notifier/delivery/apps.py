"""The Django application `delivery`, connected to the heartbeat of its process."""

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """Stores messages, their attempts and pauses."""

    name = "notifier.delivery"
    label = "delivery"
    verbose_name = "Acheminement"

    def ready(self) -> None:
        """Read how the providers of SMS are doing with each heartbeat of a worker."""
        from notifier.jobs.heartbeat import beating

        beating.connect(_read_health, dispatch_uid="delivery")


def _read_health(role: str, **_: object) -> None:
    from notifier.delivery import routing

    if role == "worker" and routing.is_shared():
        routing.refresh()
