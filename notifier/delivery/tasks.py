"""Celery's tasks of this room."""

from celery import shared_task

from notifier.delivery.models import Lane
from notifier.delivery.sending.sender import deliver
from notifier.delivery.sweep import sweep, upkeep


@shared_task(name="delivery.deliver")
def deliver_task(*lanes: str) -> None:
    for lane in lanes:
        deliver(Lane(lane))


@shared_task(name="delivery.sweep")
def sweep_task(lane: str) -> None:
    sweep(Lane(lane))


@shared_task(name="delivery.upkeep")
def upkeep_task() -> None:
    upkeep()
