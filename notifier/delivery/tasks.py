"""Doors for Celery."""

from celery import shared_task

from notifier.delivery.deliver import deliver
from notifier.delivery.models import Lane
from notifier.delivery.sweep import sweep


@shared_task(name="delivery.deliver")
def deliver_task(lane: str) -> None:
    deliver(Lane(lane))


@shared_task(name="delivery.sweep")
def sweep_task(lane: str) -> None:
    sweep(Lane(lane))
