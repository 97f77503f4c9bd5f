"""Celery's tasks of this room."""

from celery import shared_task

from notifier.delivery.models import Lane
from notifier.delivery.sending.sender import deliver
from notifier.delivery.sweep import sweep, upkeep


@shared_task(name="delivery.deliver")
def deliver_task(*lanes: str) -> None:
    """Deliver what is due in these lanes."""
    for lane in lanes:
        deliver(Lane(lane))


@shared_task(name="delivery.sweep")
def sweep_task(lane: str) -> None:
    """Find in the database what no job announced in this lane."""
    sweep(Lane(lane))


@shared_task(name="delivery.upkeep")
def upkeep_task() -> None:
    """Do what may wait for a provider's answers."""
    upkeep()
