"""Doors for Celery."""

from uuid import UUID

from celery import shared_task, signals

from notifier.alerting.decide import decide
from notifier.alerting.in_force import categories, composer
from notifier.alerting.sweep import sweep
from notifier.delivery.models import Channel
from notifier.delivery.transports.base import transport_for
from notifier.territory.resolve import Location, resolve


@signals.worker_init.connect
def warm_up(**_: object) -> None:
    """Read and import now what the first event would otherwise wait for."""
    categories()
    composer()
    resolve(Location(insee="90010", latitude=47.638, longitude=6.863))
    for channel in Channel:
        transport_for(channel)


@shared_task(name="alerting.decide")
def decide_task(intervention_id: str) -> None:
    decide(UUID(intervention_id))


@shared_task(name="alerting.sweep")
def sweep_task() -> None:
    sweep()
