"""Celery's tasks of this room."""

from celery import shared_task
from django.utils import timezone

from notifier.directory.on_call.planning import extend_rotations


@shared_task(name="directory.extend_rotations")
def extend_rotations_task() -> None:
    """Store the shifts on call of the next 53 weeks."""
    extend_rotations(timezone.now())
