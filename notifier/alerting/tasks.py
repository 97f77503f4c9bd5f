"""Doors for Celery."""

from uuid import UUID

from celery import shared_task

from notifier.alerting.decide import decide
from notifier.alerting.sweep import sweep


@shared_task(name="alerting.decide")
def decide_task(intervention_id: str) -> None:
    decide(UUID(intervention_id))


@shared_task(name="alerting.sweep")
def sweep_task() -> None:
    sweep()
